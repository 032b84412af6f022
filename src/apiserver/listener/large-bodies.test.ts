/** Bodies of any size to what runs in the cluster: passed on piece by piece, at the pace of whoever reads them. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { Writable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { until, versions } from '#client/testing/serving.ts'
import { systemRandom } from '#host/random.ts'
import { PODS, PROXY, startPod } from './testing.ts'

const LIMIT = 3 * 1024 * 1024

type Pod = Awaited<ReturnType<typeof startPod>>

/** A request whose body is still to be written. */
const open: Readonly<Record<string, (at: Pod) => { body: Writable; end(): void }>> = {
  'HTTP/2': ({ door, tls }) => {
    const session = connect(door.url, tls)
    const body = session.request({ ':method': 'POST', ':path': PROXY }, { endStream: false })
    for (const each of [session, body]) each.on('error', () => {})
    return { body, end: () => session.destroy() }
  },
  'HTTP/1.1': ({ door, tls }) => {
    const body = httpsRequest({ port: door.port, method: 'POST', path: PROXY, ...tls })
    body.on('error', () => {})
    return { body, end: () => body.destroy() }
  },
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('a body of any size arrives as it was sent, with its length where that was said', async () => {
  await using at = await startPod(async (request, response) => {
    const hash = createHash('sha256')
    for await (const chunk of request) hash.update(chunk)
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
    response.end(JSON.stringify({ hash: hash.digest('hex'), length, encoding }))
  })
  const body = systemRandom.bytes(4 * LIMIT + 1)
  for (const [version, ask] of Object.entries(versions))
    for (const isSaid of [true, false]) {
      const headers: Record<string, string> = isSaid
        ? { 'content-length': String(body.length) }
        : {}
      const asked = { method: 'PUT', path: `${PROXY}/x`, headers, body, tls: at.tls }
      const { status, body: answer } = await ask(at.door, asked)
      assert.equal(status, 200, version)
      const { hash, length, encoding } = JSON.parse(answer.toString())
      assert.equal(hash, digest(body), version)
      if (isSaid) assert.equal(length, String(body.length))
      else if (version === 'HTTP/2') assert.equal(encoding, 'chunked')
    }
})

test('whoever sends faster than the pod reads is held up, and whoever leaves is heard of', async () => {
  let received = 0
  let isReading = false
  let wasAborted = false
  await using at = await startPod(request => {
    request.on('close', () => {
      wasAborted = !request.complete
    })
    request.on('error', () => {})
    void until(() => isReading).then(() =>
      request.on('data', (chunk: Buffer) => {
        received += chunk.length
      }),
    )
  })
  for (const [version, start] of Object.entries(open)) {
    received = 0
    isReading = false
    wasAborted = false
    const { body, end } = start(at)
    const total = 64 * 1024 * 1024
    const piece = Buffer.alloc(1024 * 1024, 'x')
    let taken = 0
    for (let sent = 0; sent < total; sent += piece.length)
      body.write(piece, error => {
        if (!error) taken += piece.length
      })
    await delay(500)
    assert.ok(taken < total / 2, `${version}: ${taken} bytes went to a pod that reads nothing`)
    isReading = true
    await until(() => received === total)
    end()
    await until(() => wasAborted)
  }
})

test('a pod may answer before it has heard all, and who may not ask is refused before anything is read', async () => {
  let asked = 0
  await using at = await startPod((request, response) => {
    asked++
    response.writeHead(422).write('enough')
    // One that closes with bytes unread resets the connection, and may lose its answer with it.
    request.resume().on('end', () => response.end())
  })
  // Node's client keeps 10 MB of a session in memory, and then answers for the server.
  const body = Buffer.alloc(2 * LIMIT, 'x')
  const { status } = await (versions['HTTP/2'] ?? assert.fail())(at.door, {
    method: 'POST',
    path: PROXY,
    body,
    tls: at.tls,
  })
  assert.equal(status, 422)
  assert.equal(asked, 1)
  const stranger = await (versions['HTTP/2'] ?? assert.fail())(at.door, {
    method: 'POST',
    path: PROXY,
    body,
  })
  assert.equal(stranger.status, 403)
  assert.equal(asked, 1)
})

test('what is decoded here has its limit still, whether its length is said or not', async () => {
  await using at = await startPod((_request, response) => void response.end())
  const body = Buffer.alloc(LIMIT + 1, 'x')
  for (const path of ['/api/v1/namespaces/default/configmaps', `${PODS}/web/status`])
    for (const ask of Object.values(versions)) {
      const method = path.endsWith('status') ? 'PUT' : 'POST'
      const { status } = await ask(at.door, { method, path, body, tls: at.tls })
      assert.equal(status, 413)
    }
})
