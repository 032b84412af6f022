/** Clients that ask before they send a body: `Expect: 100-continue`. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { request } from 'node:https'
import { test } from 'node:test'
import { serve, text, trust } from '../testing/serving.ts'

const BODY = '{"a":1}'
const echo = () =>
  serve(
    async ({ body }) => text(200, body instanceof Uint8Array ? Buffer.from(body).toString() : ''),
    {
      limits: { bodyBytes: 1000 },
    },
  )

interface Asked {
  readonly told: boolean
  readonly status: number
  readonly body: string
  readonly connection?: string | undefined
}

/** Sends the body only once it is told to. */
async function askHttp1(port: number, announcedBytes: number): Promise<Asked> {
  const headers = { expect: '100-continue', 'content-length': announcedBytes }
  const asking = request({ port, host: '127.0.0.1', method: 'POST', path: '/', headers, ...trust })
  let told = false
  asking.on('continue', () => {
    told = true
    asking.end(BODY)
  })
  asking.flushHeaders()
  const [response] = await once(asking, 'response')
  const parts: Buffer[] = await response.toArray()
  const { statusCode: status, headers: answered } = response
  asking.on('error', () => {}).destroy()
  return { told, status, body: String(Buffer.concat(parts)), connection: answered.connection }
}

async function askHttp2(port: number, announcedBytes: number): Promise<Asked> {
  const client = connect(`https://127.0.0.1:${port}`, trust)
  try {
    const stream = client.request(
      { ':method': 'POST', ':path': '/', expect: '100-continue', 'content-length': announcedBytes },
      { endStream: false },
    )
    let told = false
    stream.on('continue', () => {
      told = true
      stream.end(BODY)
    })
    const [head] = await once(stream, 'response')
    const parts: Buffer[] = await stream.toArray()
    return { told, status: head[':status'], body: String(Buffer.concat(parts)) }
  } finally {
    client.destroy()
  }
}

for (const [version, ask] of Object.entries({ 'HTTP/1.1': askHttp1, 'HTTP/2': askHttp2 })) {
  test(`${version}: who asks is told to go on, and is answered afterwards`, async () => {
    await using server = await echo()
    const { told, status, body } = await ask(server.port, BODY.length)
    assert.deepEqual({ told, status, body }, { told: true, status: 200, body: BODY })
  })

  test(`${version}: what would be refused anyway is not sent first`, async () => {
    await using server = await echo()
    const { told, status } = await ask(server.port, 5000)
    assert.deepEqual({ told, status }, { told: false, status: 413 })
  })
}

test('HTTP/1.1: a connection whose next request may begin with a body that was refused is closed', async () => {
  await using server = await echo()
  assert.equal((await askHttp1(server.port, 5000)).connection, 'close')
})
