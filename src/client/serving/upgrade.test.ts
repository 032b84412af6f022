import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { notFound, StatusError } from '#api/machinery/status.ts'
import { systemClock } from '#host/clock.ts'
import type { Connection } from '../kubeconfig.ts'
import { channelPair } from '../streaming/bridge.ts'
import { connectStream } from '../streaming/connect.ts'
import {
  authority,
  certified,
  closed,
  rawConnection,
  type Served,
  serve,
  text,
} from '../testing/serving.ts'
import type { DuplexChannels } from '../transport.ts'
import type { RequestHandler, ServedStream } from './handler.ts'

type Upgrade = NonNullable<RequestHandler['upgrade']>

const serveStreams = (upgrade: Upgrade, more = {}) =>
  serve(async () => text(200, 'plain'), { upgrade, ...more })

/** A far end that tells what reaches it. */
function farEnd() {
  const [near, far] = channelPair()
  const state = { received: '', closed: false, dialled: 0, ports: [] as (number | undefined)[] }
  far.onData((_, bytes) => {
    state.received += Buffer.from(bytes).toString()
  })
  far.onEnd(() => {})
  far.onClose(() => {
    state.closed = true
  })
  const dial = async (port?: number) => {
    state.dialled++
    state.ports.push(port)
    return near
  }
  return { far, state, dial }
}

function connectionTo({ url }: Served): Connection {
  const { cert, key } = certified('jane', 'client')
  return {
    server: url,
    certificateAuthority: authority.certificate,
    clientCertificate: cert,
    clientKey: key,
    namespace: '',
  }
}

const EXEC = '/api/v1/namespaces/a/pods/b/exec?command=x&stdin=true&stdout=true'
const webSocket = [
  `GET ${EXEC} HTTP/1.1`,
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: v5.channel.k8s.io',
]
const spdy = [
  `POST ${EXEC} HTTP/1.1`,
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: SPDY/3.1',
  'X-Stream-Protocol-Version: v4.channel.k8s.io',
  'Content-Length: 0',
]
const ways = { 'a web socket': webSocket, SPDY: spdy }
const headOf = (lines: readonly string[]) => `${lines.join('\r\n')}\r\n\r\n`
/** What someone may hope to reach through a connection that was refused. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

/** All that comes until the server ends the connection. */
async function answerTo(socket: TLSSocket, bytes: string): Promise<string> {
  let answer = ''
  socket.on('data', chunk => {
    answer += String(chunk)
  })
  socket.on('error', () => {})
  socket.write(bytes)
  await closed(socket)
  return answer
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 6000; i++) {
    if (isTrue()) return
    await delay(5)
  }
  assert.fail('it did not happen in time')
}

for (const [way, lines] of Object.entries(ways)) {
  describe(way, () => {
    test('a refusal is a Status, the connection ends, and nothing sent along reaches anybody', async () => {
      const asked: string[] = []
      const refusals: [number, Upgrade][] = [
        [404, async () => Promise.reject(notFound({ group: '', resource: 'pods' }, 'b'))],
        [403, async () => Promise.reject(new StatusError('Forbidden', 'no'))],
        [403, async () => ({ response: text(403, '{"kind":"Status"}') })],
      ]
      for (const [code, upgrade] of refusals) {
        await using server = await serve(
          async ({ path }) => {
            asked.push(path)
            return text(200, '')
          },
          { upgrade },
        )
        const answer = await answerTo(await rawConnection(server), headOf(lines) + smuggled)
        assert.match(answer, new RegExp(`^HTTP/1\\.1 ${code} [\\s\\S]*"kind":"Status"`))
        assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1, 'one answer only')
      }
      assert.deepEqual(asked, [])
    })

    test('where the far end cannot be opened the client is not upgraded', async () => {
      const stream: ServedStream = {
        kind: 'exec',
        dial: () => Promise.reject(new StatusError('InternalError', 'container not found ("x")')),
      }
      await using server = await serveStreams(async () => ({ stream }))
      const answer = await answerTo(await rawConnection(server), headOf(lines) + smuggled)
      assert.match(answer, /^HTTP\/1\.1 500 [\s\S]*container not found/)
      assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1)
    })

    test('a client that is gone before the far end is open leaves it closed', async () => {
      const end = farEnd()
      const [asked, open] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const stream: ServedStream = {
        kind: 'exec',
        dial: async () => {
          asked.resolve()
          await open.promise
          return end.dial()
        },
      }
      await using server = await serveStreams(async () => ({ stream }))
      const socket = await rawConnection(server)
      socket.write(headOf(lines))
      await asked.promise
      socket.destroy()
      await delay(30)
      open.resolve()
      await until(() => end.state.closed)
      assert.equal(end.state.received, '')
    })

    test('a server without streams refuses', async () => {
      await using server = await serve(async () => text(200, ''))
      const answer = await answerTo(await rawConnection(server), headOf(lines))
      assert.match(answer, /^HTTP\/1\.1 400 /)
    })
  })
}

test('cookies of a refusal are headers of their own', async () => {
  const headers = { 'set-cookie': 'a=1\nx-injected: yes', 'x-mine': '1' }
  const response = { ...text(403, 'no'), headers }
  await using server = await serveStreams(async () => ({ response }))
  const answer = await answerTo(await rawConnection(server), headOf(webSocket))
  assert.match(answer, /\r\nset-cookie: a=1\r\nset-cookie: x-injected: yes\r\n/)
  assert.doesNotMatch(answer, /\nx-injected/)
})

test('a handshake that is wrong is refused before the far end is opened', async () => {
  const end = farEnd()
  await using server = await serveStreams(async () => ({
    stream: { kind: 'exec', dial: end.dial },
  }))
  const broken = webSocket.filter(line => !line.startsWith('Sec-WebSocket-Key'))
  const answer = await answerTo(await rawConnection(server), headOf(broken))
  assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*Sec-WebSocket-Key/)
  assert.equal(end.state.dialled, 0)
})

test('exec joins both ends, knows its client, and ends when the server stops', async () => {
  const end = farEnd()
  let certificate: Uint8Array | undefined
  const server = await serveStreams(async (_request, peer) => {
    certificate = peer.certificate
    return { stream: { kind: 'exec', dial: end.dial } }
  })
  const client = await connectStream(
    connectionTo(server),
    { method: 'GET', path: EXEC },
    systemClock,
  )
  const seen = { text: '', closed: false }
  client.onData((_, bytes) => {
    seen.text += Buffer.from(bytes).toString()
  })
  client.onClose(() => {
    seen.closed = true
  })
  await client.write(0, Buffer.from('typed'))
  await end.far.write(1, Buffer.from('printed'))
  await until(() => end.state.received === 'typed' && seen.text === 'printed')
  assert.ok(certificate)
  await server.stop()
  await until(() => seen.closed && end.state.closed)
})

test('port-forward opens a connection to the port that was asked for', async () => {
  const end = farEnd()
  await using server = await serveStreams(async () => ({
    stream: { kind: 'portforward', dial: end.dial },
  }))
  const path = '/api/v1/namespaces/a/pods/b/portforward?ports=8080'
  const client: DuplexChannels = await connectStream(
    connectionTo(server),
    { method: 'GET', path },
    systemClock,
  )
  let text = ''
  client.onData((_, bytes) => {
    text += Buffer.from(bytes).toString()
  })
  await client.write(0, Buffer.from('ping'))
  await until(() => end.state.received === 'ping')
  await end.far.write(0, Buffer.from('pong'))
  await until(() => text === 'pong')
  assert.deepEqual(end.state.ports, [8080])
  client.close()
})

test('an upgrade that nobody knows does not keep a request from being answered', async () => {
  await using server = await serveStreams(async () => assert.fail())
  const socket = await rawConnection(server)
  const answer = await answerTo(
    socket,
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
  )
  assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*plain$/)
})
