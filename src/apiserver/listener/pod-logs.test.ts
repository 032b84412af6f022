/** Logs over web sockets, through real connections: a client, the API server's door, and a kubelet's. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { StatusError } from '#api/machinery/status.ts'
import { silentLog } from '#base/log.ts'
import { issueLeaf } from '#base/pki/certificate.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import {
  authority,
  certified,
  serve,
  serving,
  text,
  trust,
  until,
  validity,
} from '#client/testing/serving.ts'
import type { ApiResponse, EventSource } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { admin, startTestServer } from '../testing.ts'
import { createListener } from './listener.ts'

const PODS = '/api/v1/namespaces/default/pods'
const PIECE = Buffer.alloc(64 * 1024, 'x')
/** What sockets, HTTP/2 and both servers hold of a log that nobody reads: far below what an unbounded one would have. */
const MAXIMUM_HELD_BYTES = 32 * 1024 * 1024

/** A kubelet with one log, whose bytes are counted. */
async function startKubelet(log: (write: (bytes: Uint8Array) => void | Promise<void>) => unknown) {
  const state = { opened: 0, cancelled: 0, written: 0, paths: [] as string[] }
  const stream: EventSource<Uint8Array> = {
    subscribe(sink) {
      let isOver = false
      state.opened++
      const write = (bytes: Uint8Array) => {
        if (isOver) throw new Error('nobody reads any more')
        state.written += bytes.length
        return sink.next(bytes)
      }
      void (async () => {
        try {
          await log(write)
        } catch {}
        if (!isOver) sink.end()
      })()
      return () => {
        isOver = true
        state.cancelled++
      }
    },
  }
  const served = await serve(async ({ path }): Promise<ApiResponse> => {
    state.paths.push(path)
    if (path.startsWith('/containerLogs/default/waiting/'))
      return text(400, 'it is waiting to start')
    return {
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: { kind: 'stream', stream },
    }
  })
  const { cert, key } = certified('kube-apiserver', 'client')
  const transport = createHttpTransport(
    {
      server: `https://127.0.0.1:${served.port}`,
      certificateAuthority: authority.certificate,
      clientCertificate: cert,
      clientKey: key,
      tlsServerName: 'localhost',
      namespace: '',
    },
    { clock: systemClock },
  )
  return { state, served, transport }
}

async function startServer(log: Parameters<typeof startKubelet>[0]) {
  const kubelet = await startKubelet(log)
  const nodes = { nodeConnection: async () => kubelet.transport }
  const { server, ask } = await startTestServer({
    nodes,
    clientAuthorities: [authority.certificate],
    clock: systemClock,
  })
  await ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await ask('POST', '/api/v1/nodes', { metadata: { name: 'n' } })
  for (const [name, nodeName] of [
    ['web', 'n'],
    ['waiting', 'n'],
    ['pending', ''],
  ]) {
    const spec = { containers: [{ name: 'c', image: 'i' }], ...(nodeName && { nodeName }) }
    const made = await ask('POST', PODS, { metadata: { name }, spec })
    assert.equal(made.status, 201, made.text)
  }
  const tls = () => ({ ...serving, clientCa: authority.certificate })
  const listener = createListener({ server, clock: systemClock, log: silentLog, tls })
  const { port } = await listener.listen({ address: '127.0.0.1', port: 0 })
  const subject = { commonName: 'jane', organizations: ['system:masters'] }
  const issued = issueLeaf({ subject, usages: ['client'], validity }, authority, systemRandom)
  const tlsOptions = { ...trust, cert: issued.certificate, key: issued.key }
  return {
    server,
    ask,
    kubelet: kubelet.state,
    open: (pod: string, protocols: string[], tls: object = tlsOptions) =>
      new WebSocket(`wss://127.0.0.1:${port}${PODS}/${pod}/log?follow=true`, protocols, tls),
    async [Symbol.asyncDispose]() {
      await listener.stop()
      await kubelet.transport.close()
      await kubelet.served.stop()
      await server.stop()
    },
  }
}

/** The status that was answered instead of 101. */
async function refusal(socket: WebSocket): Promise<[number, string]> {
  const [, answer] = await once(socket, 'unexpected-response')
  let body = ''
  answer.on('data', (chunk: Buffer) => {
    body += chunk
  })
  await once(answer, 'end')
  return [answer.statusCode, body]
}

test('a log is told byte by byte, to its end', async () => {
  // Pieces that neither begin nor end with a line, nor with a character.
  const log = Buffer.from('container is alive\n\nünd noch eine Zeile\n'.repeat(10_000))
  await using at = await startServer(async write => {
    for (let from = 0; from < log.length; from += 4999) await write(log.subarray(from, from + 4999))
  })
  for (const protocol of ['binary.k8s.io', 'base64.binary.k8s.io']) {
    const socket = at.open('web', [protocol])
    const pieces: Buffer[] = []
    socket.on('message', (data, isBinary) => {
      assert.equal(isBinary, protocol === 'binary.k8s.io')
      pieces.push(isBinary ? (data as Buffer) : Buffer.from(String(data), 'base64'))
    })
    assert.equal((await once(socket, 'close'))[0], 1000)
    assert.equal(pieces[0]?.length, 0)
    assert.ok(Buffer.concat(pieces).equals(log))
  }
  assert.equal(at.kubelet.paths[0], '/containerLogs/default/web/c?follow=true')
})

test('what is refused is an answer like any other, and nothing stays open', async () => {
  await using at = await startServer(() => new Promise(() => {}))
  assert.equal((await refusal(at.open('web', ['binary.k8s.io'], trust)))[0], 403)
  assert.deepEqual((await refusal(at.open('none', ['binary.k8s.io'])))[0], 404)
  const [status, body] = await refusal(at.open('waiting', ['binary.k8s.io']))
  assert.equal(status, 400)
  assert.match(body, /"message":"it is waiting to start"/)
  assert.deepEqual(await refusal(at.open('pending', ['binary.k8s.io'])), [204, ''])
  assert.equal(at.kubelet.opened, 0)
  assert.equal((await refusal(at.open('web', ['v5.channel.k8s.io'])))[0], 403)
  assert.equal(at.kubelet.opened, 1)
  await until(() => at.kubelet.cancelled === 1)
})

test('a log waits for its reader, and ends when that one goes', async () => {
  await using at = await startServer(async write => {
    for (;;) {
      await write(PIECE)
      await new Promise(resolve => setImmediate(resolve))
    }
  })
  const socket = at.open('web', ['binary.k8s.io'])
  let read = 0
  socket.on('message', data => {
    read += (data as Buffer).length
  })
  await once(socket, 'message')
  socket.pause()
  let before = -1
  while (before !== at.kubelet.written) {
    before = at.kubelet.written
    assert.ok(before - read < MAXIMUM_HELD_BYTES, `${before - read} bytes wait for their reader`)
    await delay(200)
  }
  socket.resume()
  await until(() => at.kubelet.written > before + 16 * PIECE.length)
  assert.equal(at.kubelet.cancelled, 0)
  socket.pause()
  socket.terminate()
  await until(() => at.kubelet.cancelled === 1)
})

test('callers in process are refused what is no stream of theirs, and nothing stays open', async () => {
  await using at = await startServer(() => new Promise(() => {}))
  const connect = (path: string) => at.server.connect({ method: 'GET', path }, { user: admin })
  const isRefused = (error: unknown) => error instanceof StatusError && error.code === 400
  await assert.rejects(connect(`${PODS}/web/log?follow=true`), isRefused)
  await until(() => at.kubelet.cancelled === 1)
  // A watch in process, which is no answer with an error either.
  await assert.rejects(connect(`${PODS}?watch=true`), isRefused)
  await assert.rejects(connect(`${PODS}/none/log`), { code: 404 })
})
