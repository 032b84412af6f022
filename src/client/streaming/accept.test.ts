import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { isStatus, notFound } from '#api/machinery/status.ts'
import { systemClock as clock } from '#host/clock.ts'
import type { DuplexChannels } from '../transport.ts'
import { acceptStreamUpgrade, streamUpgradeProblem } from './accept.ts'
import { bridgeChannels, channelPair, serveForwardedPorts } from './bridge.ts'
import type { StreamKind } from './channels.ts'
import { connectStream } from './connect.ts'
import { decodeExecStatus, exitCodeOf, exitStatus, finishExec } from './exec-status.ts'
import { openExecStreams } from './spdy/exec.ts'
import { openPortForward } from './spdy/port-forward.ts'
import { upgradeToSpdy } from './spdy/upgrade.ts'
import { UpgradeRefused } from './target.ts'
import { connectSocket } from './websocket/client.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

let server: Server
let base = ''

/** A pod whose command answers each input in capitals, and at the end of input says goodbye and exits with 7. */
function runCommand(channels: DuplexChannels): void {
  channels.onData((channel, data) => {
    if (channel === 4) return channels.write(1, bytes(`size ${Buffer.from(data)}`))
    return channels.write(1, bytes(Buffer.from(data).toString().toUpperCase()))
  })
  channels.onEnd(channel => {
    if (channel === 0)
      channels.write(2, bytes('bye')).then(() => finishExec(channels, exitStatus(7)))
  })
  channels.onClose(() => {})
}

function pod(port: number): DuplexChannels {
  const [near, far] = channelPair()
  far.onData((_, data) => far.write(0, bytes(`${port}:${Buffer.from(data)}`)))
  far.onEnd(() => far.close())
  far.onClose(() => {})
  return near
}

before(async () => {
  server = createServer((_, response) => response.end())
  server.on('upgrade', async (request, socket, head) => {
    const kind = (request.url ?? '').split(/[/?]/)[1] as StreamKind
    if (request.url?.startsWith('/forbidden')) {
      socket.end(
        'HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{"code": 403}',
      )
      return
    }
    if (request.url?.startsWith('/status')) {
      const status = JSON.stringify(notFound({ group: '', resource: 'pods' }, 'x').status)
      socket.end(
        `HTTP/1.1 404 Not Found\r\nContent-Length: ${status.length}\r\nConnection: close\r\n\r\n${status}`,
      )
      return
    }
    const problem = streamUpgradeProblem(request, kind)
    if (problem !== undefined) {
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nContent-Length: ${problem.length}\r\nConnection: close\r\n\r\n${problem}`,
      )
      return
    }
    const upgrade = { request, socket, head }
    if (kind === 'portforward') {
      const session = await acceptStreamUpgrade(upgrade, { kind, clock })
      session.onClose(() => {})
      serveForwardedPorts(session, async port => {
        if (port === 9) throw new Error('connection refused')
        return pod(port)
      })
      return
    }
    // Through a bridge, as an API server passes a kubelet's streams on.
    const [near, far] = channelPair()
    runCommand(far)
    bridgeChannels(await acceptStreamUpgrade(upgrade, { kind, clock }), near)
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  base = `127.0.0.1:${(server.address() as AddressInfo).port}`
})

after(() => {
  server.closeAllConnections()
  server.close()
})

function gather(channels: DuplexChannels) {
  const text: Record<number, string> = {}
  channels.onData((channel, data) => {
    text[channel] = (text[channel] ?? '') + Buffer.from(data)
  })
  const closed = new Promise<Error | undefined>(resolve => {
    channels.onClose(resolve)
  })
  return { text, closed }
}

/** A client that knows web sockets only: sends messages, collects those that come, until the server closes. */
async function speak(path: string, protocols: string[], ...messages: (Uint8Array | string)[]) {
  const socket = new WebSocket(`ws://${base}${path}`, protocols)
  const heard: Buffer[] = []
  socket.on('message', message => heard.push(message as Buffer))
  await new Promise((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  for (const message of messages) socket.send(message)
  const until = async (enough: () => boolean) => {
    while (!enough()) await new Promise(resolve => setTimeout(resolve, 5))
  }
  const closed = new Promise<number>(resolve => {
    socket.on('close', resolve)
  })
  return { socket, heard, until, closed }
}

const channel = (number: number, text: string) =>
  Buffer.concat([Buffer.of(number), Buffer.from(text)])

test('v5: the end of input is said, a Status ends it, the server says no ends', async () => {
  const { heard, closed, socket } = await speak(
    '/exec/?stdin=true&stdout=true&stderr=true',
    ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    channel(0, 'hello'),
    Buffer.of(255, 0),
  )
  assert.equal(await closed, 1000)
  assert.equal(socket.protocol, 'v5.channel.k8s.io')
  assert.deepEqual(
    heard.slice(0, 2).map(message => [message[0], message.subarray(1).toString()]),
    [
      [1, 'HELLO'],
      [2, 'bye'],
    ],
  )
  assert.equal(exitCodeOf(decodeExecStatus(heard[2]?.subarray(1) ?? Buffer.alloc(0))), 7)
  assert.equal(heard[2]?.[0], 3)
  assert.equal(heard.length, 3)
})

test('v4: channel 255 is nothing special; base64 speaks text', async () => {
  const four = await speak(
    '/exec/?stdin=1',
    ['v4.channel.k8s.io'],
    channel(0, 'a'),
    Buffer.of(255, 0),
  )
  four.socket.send(channel(0, 'b'))
  await four.until(() => four.heard.length === 2)
  assert.equal(Buffer.concat(four.heard).toString(), '\x01A\x01B')
  four.socket.close()

  const encoded = `0${Buffer.from('text').toString('base64')}`
  const text = await speak('/exec/?stdin=1', ['base64.channel.k8s.io'], encoded)
  await text.until(() => text.heard.length === 1)
  assert.equal(text.heard[0]?.toString(), `1${Buffer.from('TEXT').toString('base64')}`)
  text.socket.close()

  const unnamed = await speak('/exec/?stdin=1', [], channel(0, 'c'))
  await unnamed.until(() => unnamed.heard.length === 1)
  unnamed.socket.close()
})

function targetOf(path: string) {
  const [host = '', port = ''] = base.split(':')
  const dial = async () => connect(Number(port), host)
  return { host: base, path, headers: {}, dial, clock }
}

test('our web socket client: streams, end of input, exit code', async () => {
  const target = targetOf('/exec/?stdin=true&stdout=true&stderr=true')
  const channels = await connectSocket(target)
  const { text, closed } = gather(channels)
  await channels.write(0, bytes('abc'))
  await channels.write(4, bytes('7'))
  channels.end(0)
  assert.equal(await closed, undefined)
  assert.equal(text[1], 'ABCsize 7')
  assert.equal(exitCodeOf(decodeExecStatus(bytes(text[3] ?? ''))), 7)
  await assert.rejects(
    connectSocket({ ...target, path: '/forbidden' }),
    (error: unknown) =>
      error instanceof UpgradeRefused && error.status === 403 && error.body === '{"code": 403}',
  )
})

test('SPDY: a Status in v4, plain text before', async () => {
  const run = async (protocols: string[]) => {
    const target = targetOf('/exec/?stdin=true&stdout=true&stderr=true')
    const { wire, head, protocol } = await upgradeToSpdy(target, protocols)
    const channels = await openExecStreams({ wire, head, clock, channels: [0, 1, 2, 3] })
    const { text, closed } = gather(channels)
    await channels.write(0, bytes('x'))
    channels.end(0)
    await closed
    assert.equal(text[1], 'X')
    return { protocol, said: text[3] ?? '' }
  }
  const four = await run(['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io'])
  assert.equal(four.protocol, 'v4.channel.k8s.io')
  assert.equal(exitCodeOf(decodeExecStatus(bytes(four.said))), 7)
  const one = await run(['channel.k8s.io'])
  assert.equal(one.said, 'command terminated with non-zero exit code: exit status 7')
  await assert.rejects(run(['nonsense']), /answered 400 .*: unable to negotiate protocol/)
})

test('port-forward: SPDY, and as web socket channels that start with the port', async () => {
  const { wire, head } = await upgradeToSpdy(targetOf('/portforward/'), ['portforward.k8s.io'])
  const client = openPortForward({ wire, head, clock })
  const web = await client.connect(80)
  const answer = gather(web)
  await web.write(0, bytes('hi'))
  web.end(0)
  await answer.closed
  assert.equal(answer.text[0], '80:hi')
  const refused = gather(await client.connect(9))
  await refused.closed
  assert.match(refused.text[1] ?? '', /port 9 failed: connection refused/)
  client.close()

  const python = await speak('/portforward/?ports=80,8080', ['v4.channel.k8s.io'], channel(2, 'hi'))
  await python.until(() => python.heard.length === 5)
  assert.deepEqual(
    python.heard.slice(0, 4).map(message => [...message]),
    [
      [0, 80, 0],
      [1, 80, 0],
      [2, 8080 & 0xff, 8080 >> 8],
      [3, 8080 & 0xff, 8080 >> 8],
    ],
  )
  assert.equal(python.heard[4]?.toString(), '\x028080:hi')
  python.socket.close()
})

test('a transport opens streams by their path', async () => {
  const connection = { server: `http://${base}`, namespace: 'default', token: 'secret' }
  const open = (path: string) => connectStream(connection, { method: 'GET', path }, clock)
  const command = await open('/exec/?stdin=true&stdout=true&stderr=true')
  const ran = gather(command)
  await command.write(0, bytes('a'))
  command.end(0)
  await ran.closed
  assert.equal(ran.text[1], 'A')
  const web = await open('/portforward/?ports=80')
  const answer = gather(web)
  await web.write(0, bytes('hi'))
  web.end(0)
  await answer.closed
  assert.equal(answer.text[0], '80:hi')
  await assert.rejects(open('/forbidden/exec'), UpgradeRefused)
  await assert.rejects(open('/status/exec'), (error: unknown) => isStatus(error, 'NotFound'))
  await assert.rejects(open('/portforward/'), /names no port/)
})

test('what can not be upgraded is a sentence, before anything is answered', async () => {
  const refused = (path: string, protocols: string[]) =>
    assert.rejects(speak(path, protocols), /Unexpected server response: 400/)
  await refused('/exec/', ['v9.channel.k8s.io'])
  await refused('/portforward/?ports=0', ['v4.channel.k8s.io'])
  await refused('/portforward/', ['v4.channel.k8s.io'])
  const problemOf = (headers: Record<string, string>, method = 'GET', kind: StreamKind = 'exec') =>
    streamUpgradeProblem({ headers, method, url: '/' } as never, kind)
  assert.match(problemOf({}) ?? '', /Upgrade request required/)
  assert.match(problemOf({ upgrade: 'websocket' }) ?? '', /Sec-WebSocket-Key/)
  assert.match(problemOf({ upgrade: 'websocket' }, 'POST') ?? '', /GET/)
  assert.match(
    problemOf({ upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v9' }) ?? '',
    /negotiate/,
  )
  assert.equal(problemOf({ upgrade: 'SPDY/3.1' }), undefined)
})
