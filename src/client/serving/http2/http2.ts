/** HTTP/2: many requests on one connection. Own framing, and why: docs/adr/0009. */
import type { Clock } from '#base/clock.ts'
import type { Connection } from '../connections.ts'
import {
  CANCELLED_SHARE,
  CONNECTION_WINDOW_BYTES,
  IDLE_FRAME_BURST,
  IDLE_FRAMES_PER_SECOND,
  RESET_BURST,
  RESETS_PER_SECOND,
  type ServingLimits,
  STREAM_WINDOW_BYTES,
} from '../limits.ts'
import { incomingFor, isMethod, type Wire } from '../wire.ts'
import { ErrorCode } from './frames.ts'
import { OutputBuffers } from './output-buffers.ts'
import type { RequestHead } from './request-head.ts'
import { Session } from './session.ts'
import type { SessionOptions } from './session-options.ts'
import type { Http2Stream } from './stream.ts'

export interface Http2Options {
  readonly limits: ServingLimits
  readonly clock: Clock
  /** Resolves when nothing more is done for the request. Never rejects. */
  readonly serve: (wire: Wire, connection: Connection) => Promise<void>
  /** Asked with each answer: whether the client is to go on over another connection. */
  readonly goAway?: (() => boolean) | undefined
}

/** Takes over connections whose clients chose HTTP/2. */
export function createHttp2(options: Http2Options): (connection: Connection) => void {
  const shared = { date: dateOf(options.clock), buffers: new OutputBuffers() }
  return connection => serveConnection(connection, shared, options)
}

function serveConnection(
  connection: Connection,
  shared: Pick<SessionOptions, 'date' | 'buffers'>,
  { limits, clock, serve, goAway }: Http2Options,
): void {
  const { socket } = connection
  let working = 0
  const answer = async (stream: Http2Stream, wire: Wire) => {
    await undefined // What is cancelled in the same breath is not begun.
    if (!stream.isOver) await serve(wire, connection)
    working--
  }
  const session = new Session(socket, {
    limits: {
      streams: limits.streams,
      headerBytes: limits.headerBytes,
      streamWindowBytes: STREAM_WINDOW_BYTES,
      connectionWindowBytes: CONNECTION_WINDOW_BYTES,
      resets: [RESET_BURST, RESETS_PER_SECOND],
      idleFrames: [IDLE_FRAME_BURST, IDLE_FRAMES_PER_SECOND],
    },
    ...shared,
    keepsApart: connection.context.handler.keepsApart,
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, act) => clock.after(delayMs, act),
    afterReadyWork: act =>
      clock.afterReadyWork ? clock.afterReadyWork(act) : process.nextTick(act),
    request(stream, head) {
      if (goAway?.()) session.sendAway()
      const wire = wireOf(stream, head, connection)
      if (!wire) return
      // A cancelled request makes room for the next at once, but the work for it goes on: it is what is counted here.
      working++
      if (working > limits.streams * CANCELLED_SHARE)
        return session.fail(ErrorCode.enhanceYourCalm, 'too many cancelled requests are worked on')
      void answer(stream, wire)
    },
  })
  connection.retire = () => session.retire()
  connection.answering = () => session.openStreams
  endWhenIdle(connection, session, { clock, idleMs: limits.idleMs })
}

/** Not by the socket's own timeout, which is set anew by everything that comes and goes: a look now and then costs nothing. */
function endWhenIdle(
  { socket, endless }: Connection,
  session: Session,
  { clock, idleMs }: { clock: Clock; idleMs: number },
): void {
  let seenBytes = -1
  const look = () => {
    const bytes = session.receivedBytes
    // Whoever watches may be silent for long.
    if (bytes === seenBytes && session.openStreams === 0 && endless.size === 0) socket.destroy()
    seenBytes = bytes
    cancel = clock.after(idleMs, look)
  }
  let cancel = clock.after(idleMs, look)
  socket.once('close', () => cancel())
}

/** The time as answers state it, made once a second. */
function dateOf(clock: Clock): () => string {
  let second = 0
  let text = ''
  return () => {
    const now = Math.floor(clock.now() / 1000)
    if (now !== second || text === '') text = new Date(now * 1000).toUTCString()
    second = now
    return text
  }
}

function wireOf(
  stream: Http2Stream,
  { method, path, headers }: RequestHead,
  { peer, retire }: Connection,
): Wire | undefined {
  if (!isMethod(method)) {
    stream.discard()
    stream.begin(405, {}, false)
    return undefined
  }
  return {
    method,
    path,
    headers,
    peer,
    incoming: stream.isRemoteOver ? undefined : incomingFor(headers, stream, () => stream.goOn()),
    outgoing: stream,
    begin(status, answer, hasBody) {
      // Who reads it may read on: an answer can begin before the request is whole.
      if (!stream.isRemoteOver && !stream.isRead) stream.discard()
      stream.begin(status, answer, hasBody)
    },
    reset: () => stream.reset(),
    retire,
  }
}
