import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { serve, text, trust, until } from '../../testing/serving.ts'

test('a client that is sent away gets its answers, also to what it asks before it knows', async () => {
  let isAway = false
  await using server = await serve(
    async ({ path }) => {
      if (path === '/slow') await delay(300)
      return text(200, path)
    },
    { goAway: () => isAway },
  )
  const session = connect(server.url, trust)
  const said: number[] = []
  session.on('goaway', (code, last) => said.push(code, last ?? -1))
  let isClosed = false
  session.on('close', () => {
    isClosed = true
  })
  const get = (path: string) =>
    new Promise<number>((resolve, reject) => {
      const stream = session.request({ ':path': path })
      stream.on('error', reject)
      stream.on('response', headers => resolve(headers[':status'] ?? 0))
      stream.resume()
    })
  assert.equal(await get('/a'), 200)
  isAway = true
  const slow = get('/slow')
  const together = get('/b')
  assert.deepEqual(await Promise.all([slow, together]), [200, 200])
  await until(() => said.length >= 2)
  assert.deepEqual(said.slice(0, 2), [0, 2 ** 31 - 1])
  await until(() => isClosed)
})
