/**
 * Exec and attach over SPDY: the client opens one stream per channel and says in its `streamtype` header which it is.
 * Both ends become `DuplexChannels`.
 */
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import type { DuplexChannels } from '../../transport.ts'
import {
  errorChannel,
  resizeChannel,
  stderrChannel,
  stdinChannel,
  stdoutChannel,
} from '../channels.ts'
import { isWholeStatus } from '../exec-status.ts'
import { createInbox } from '../inbox.ts'
import { createSpdySession, type SpdySession, type SpdyStream } from './session.ts'

/** As upstream: a client that has not opened its streams by then never will. */
const streamsTimeoutMs = 30_000
/** Of a Status that is looked at; what is longer is handed on all the same. */
const maxStatusBytes = 64 * 1024

const channelNames: ReadonlyMap<number, string> = new Map([
  [errorChannel, 'error'],
  [stdinChannel, 'stdin'],
  [stdoutChannel, 'stdout'],
  [stderrChannel, 'stderr'],
  [resizeChannel, 'resize'],
])

export interface ExecWire {
  readonly wire: Duplex
  readonly head?: Uint8Array
  readonly clock: Clock
  /** The channels that the client asked for; the error channel is always among them. */
  readonly channels: readonly number[]
}

/**
 * Serves a client: resolves when it has opened all its streams. They are counted, as upstream does: a client that asks for a terminal and for `stderr`
 * may open that in the place of the one for sizes.
 */
export function acceptExecStreams(options: ExecWire): Promise<DuplexChannels> {
  const { clock } = options
  const streams = new Map<number, SpdyStream>()
  const inbox = createInbox()
  return new Promise((resolve, reject) => {
    const cancelTimeout = clock.after(streamsTimeoutMs, () => {
      session.close(new Error('the client did not open its streams in time'))
    })
    const session = createSpdySession({
      wire: options.wire,
      ...(options.head && { head: options.head }),
      role: 'server',
      clock,
      accept(stream) {
        const [channel] =
          [...channelNames].find(([, name]) => name === stream.headers.streamtype) ?? []
        const isFull = streams.size === options.channels.length
        if (channel === undefined || streams.has(channel) || isFull) return undefined
        streams.set(channel, stream)
        if (streams.size === options.channels.length) {
          cancelTimeout()
          resolve(channelsOf(() => session, streams, inbox))
        }
        return {
          data: bytes => inbox.data(channel, bytes),
          end: () => inbox.end(channel),
          closed() {},
        }
      },
      closed(error) {
        cancelTimeout()
        reject(error ?? new Error('the client went away'))
        inbox.close(error)
      },
    })
  })
}

/** Asks a server: opens the streams and resolves when it accepted them all. */
export async function openExecStreams(options: ExecWire): Promise<DuplexChannels> {
  const streams = new Map<number, SpdyStream>()
  const inbox = createInbox()
  let status: Uint8Array = new Uint8Array(0)
  const received = (channel: number, bytes: Uint8Array) => {
    if (channel === errorChannel && status.length < maxStatusBytes)
      status = Buffer.concat([status, bytes])
    return inbox.data(channel, bytes)
  }
  const session = createSpdySession({
    wire: options.wire,
    ...(options.head && { head: options.head }),
    role: 'client',
    clock: options.clock,
    closed(error) {
      // containerd is gone right after the Status, and what it says of the ends of its streams can be lost with it, as it is where
      // the client still sends. All was said before.
      const isComplete = isWholeStatus(status)
      if (isComplete) for (const channel of incoming) inbox.end(channel)
      inbox.close(isComplete ? undefined : error)
    },
  })
  const incoming = new Set(
    options.channels.filter(channel => channel !== stdinChannel && channel !== resizeChannel),
  )
  const ended = (channel: number) => {
    inbox.end(channel)
    incoming.delete(channel)
    // The server closes as well; whoever is first saves the other a wait.
    if (incoming.size === 0) session.close()
  }
  // The error stream first, as upstream's clients do.
  const order = [...new Set([errorChannel, ...options.channels])]
  const opened = order.map(async channel => {
    const stream = await session.open(
      { streamtype: channelNames.get(channel) ?? '' },
      { data: bytes => received(channel, bytes), end: () => ended(channel), closed() {} },
    )
    streams.set(channel, stream)
  })
  const cancelTimeout = options.clock.after(streamsTimeoutMs, () => {
    session.close(new Error('the server did not accept the streams in time'))
  })
  await Promise.all(opened).finally(cancelTimeout)
  return channelsOf(() => session, streams, inbox)
}

function channelsOf(
  session: () => SpdySession,
  streams: ReadonlyMap<number, SpdyStream>,
  inbox: ReturnType<typeof createInbox>,
): DuplexChannels {
  return {
    onData: inbox.onData,
    onEnd: inbox.onEnd,
    onClose: inbox.onClose,
    // What nobody asked for goes nowhere, like writing to /dev/null.
    write: async (channel, bytes) => streams.get(channel)?.write(bytes),
    end: channel => streams.get(channel)?.end(),
    close: error => session().close(error),
  }
}
