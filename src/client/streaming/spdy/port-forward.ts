/**
 * Port-forward over SPDY: for each connection the client opens two streams, `error` and `data`, that name the port and
 * share a `requestid`. One session carries any number of connections.
 */
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import type { DuplexChannels } from '../../transport.ts'
import {
  type PortForwardConnection,
  type PortForwardSession,
  portDataChannel,
  portErrorChannel,
} from '../channels.ts'
import { createInbox, type Inbox } from '../inbox.ts'
import { createSpdySession, type SpdyStream, type StreamHandlers } from './session.ts'

/** As upstream: the second stream of a pair follows the first at once, or never. */
const pairTimeoutMs = 30_000

export interface PortForwardWire {
  readonly wire: Duplex
  readonly head?: Uint8Array
  readonly clock: Clock
}

interface Pair {
  readonly port: number
  readonly inbox: Inbox
  readonly streams: Map<number, SpdyStream>
  readonly handlers: (channel: number) => StreamHandlers
  readonly channels: DuplexChannels
  cancelTimeout(): void
}

export function acceptPortForward(options: PortForwardWire): PortForwardSession {
  const { clock } = options
  const pairs = new Map<string, Pair>()
  const early: PortForwardConnection[] = []
  let onConnection: ((connection: PortForwardConnection) => void) | undefined
  const inbox = createInbox()

  const session = createSpdySession({
    wire: options.wire,
    ...(options.head && { head: options.head }),
    role: 'server',
    clock,
    accept(stream) {
      const channel = { data: portDataChannel, error: portErrorChannel }[
        stream.headers.streamtype ?? ''
      ]
      const port = Number(stream.headers.port)
      if (channel === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return
      const requestId = stream.headers.requestid ?? requestIdOf(stream, channel)
      const pair = pairs.get(requestId) ?? newPair(port)
      if (pair.port !== port || pair.streams.has(channel)) return
      pair.streams.set(channel, stream)
      if (pair.streams.size === 1) {
        pairs.set(requestId, pair)
        pair.cancelTimeout = clock.after(pairTimeoutMs, () => {
          pairs.delete(requestId)
          pair.channels.close(new Error('the second stream of a connection did not come'))
        })
      } else {
        pairs.delete(requestId)
        pair.cancelTimeout()
        const connection = { port, channels: pair.channels }
        if (onConnection) onConnection(connection)
        else early.push(connection)
      }
      const handlers = pair.handlers(channel)
      // Clients end the error stream at once, since only the server speaks there: no news for anyone.
      return channel === portErrorChannel ? { ...handlers, end() {} } : handlers
    },
    closed(error) {
      for (const pair of pairs.values()) pair.cancelTimeout()
      pairs.clear()
      inbox.close(error)
    },
  })

  inbox.onData(() => {})
  return {
    onConnection(listener) {
      onConnection = listener
      for (const connection of early.splice(0)) listener(connection)
    },
    onClose: inbox.onClose,
    close: error => session.close(error),
  }
}

/** Clients before Kubernetes 1.3 sent no requestid; they opened the error stream and then, two numbers on, the data stream. */
function requestIdOf(stream: SpdyStream, channel: number): string {
  return String(channel === portErrorChannel ? stream.id : stream.id - 2)
}

export interface PortForwardClient {
  /** Opens one connection to a port of the pod. */
  connect(port: number): Promise<DuplexChannels>
  close(error?: Error): void
}

export function openPortForward(options: PortForwardWire): PortForwardClient {
  let requests = 0
  const session = createSpdySession({
    wire: options.wire,
    ...(options.head && { head: options.head }),
    role: 'client',
    clock: options.clock,
    closed() {},
  })
  return {
    async connect(port) {
      const pair = newPair(port)
      const ended = new Set<number>()
      const requestid = String(requests++)
      const open = async (channel: number, streamtype: string) => {
        const headers = { streamtype, port: String(port), requestid }
        const handlers = pair.handlers(channel)
        const end = () => {
          handlers.end()
          ended.add(channel)
          // The server has closed its connection to the port: there is nobody left to send to.
          if (ended.size === 2) pair.channels.end(portDataChannel)
        }
        pair.streams.set(channel, await session.open(headers, { ...handlers, end }))
      }
      await Promise.all([open(portErrorChannel, 'error'), open(portDataChannel, 'data')])
      // Only the server speaks on the error channel.
      pair.channels.end(portErrorChannel)
      // It may have said all it had to say before we knew that it accepted the streams.
      if (ended.size === 2) pair.channels.end(portDataChannel)
      return pair.channels
    },
    close: error => session.close(error),
  }
}

/** A session for one connection: it ends with it. */
export async function singlePort(options: PortForwardWire, port: number): Promise<DuplexChannels> {
  const session = openPortForward(options)
  const connection = await session.connect(port)
  return {
    write: connection.write,
    // The error channel is the server's; it was ended when it was opened.
    end: channel => {
      if (channel === portDataChannel) connection.end(channel)
    },
    onData: connection.onData,
    onEnd: connection.onEnd,
    onClose: listener =>
      connection.onClose(error => {
        session.close(error)
        listener(error)
      }),
    close(error) {
      connection.close(error)
      session.close(error)
    },
  }
}

function newPair(port: number): Pair {
  const inbox = createInbox()
  const streams = new Map<number, SpdyStream>()
  const over = new Set<number>()
  const channels: DuplexChannels = {
    onData: inbox.onData,
    onEnd: inbox.onEnd,
    onClose: inbox.onClose,
    write: async (channel, bytes) => streams.get(channel)?.write(bytes),
    end: channel => streams.get(channel)?.end(),
    close(error) {
      for (const stream of streams.values()) {
        if (error) stream.reset()
        else stream.end()
      }
      inbox.close(error)
    },
  }
  return {
    port,
    inbox,
    streams,
    channels,
    cancelTimeout() {},
    handlers: channel => ({
      data: bytes => inbox.data(channel, bytes),
      end: () => inbox.end(channel),
      closed(error) {
        over.add(channel)
        if (error || over.size === 2) inbox.close(error)
      },
    }),
  }
}
