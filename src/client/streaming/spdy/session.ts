/**
 * One SPDY/3.1 session over any byte stream, as either end.
 *
 * Flow control: Go's SPDY (kubectl, containerd, kubelets) knows none: it neither sends WINDOW_UPDATE nor heeds it, and lets TCP hold the
 * sender back. So windows bind us only once the peer has sent SETTINGS or WINDOW_UPDATE, which our own end does at once; and
 * in either case the byte stream is paused while too many bytes wait at our receivers.
 */
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import { createGate, maxWaitingBytes } from '../inbox.ts'
import {
  createFrameDecoder,
  encodeFrame,
  type Frame,
  resetStatus,
  settingInitialWindow,
} from './frames.ts'
import { createHeaderDecoder, createHeaderEncoder, type SpdyHeaders } from './headers.ts'
import { SpdyProtocolError } from './protocol-error.ts'
import { createSender, initialWindowBytes, type StreamSender } from './sender.ts'

/** A kubectl that forwards ports opens two streams a connection; nobody opens this many at once. */
export const maxStreams = 2048
/** Where each stream has its window, this many can be stuck before the others feel it; 4 MB are 64 streams. */
const maxWaitingBytesWithWindows = 4 * 1024 * 1024
/** A peer that sends pings or streams without reading our answers fills our memory; this ends it. */
const maxUnsentBytes = 1024 * 1024
/** How long a closed session may take to hand its last bytes to a peer that reads slowly. */
const lingerMs = 10_000

export interface StreamHandlers {
  data(bytes: Uint8Array): undefined | Promise<void>
  /** The peer sends no more. */
  end(): void
  /** Either side gave the stream up, or the session is over; nothing follows. */
  closed(error?: Error): void
}

export interface SpdyStream {
  readonly id: number
  readonly headers: SpdyHeaders
  /** Resolves when the bytes are on their way and the peer can take more. */
  write(bytes: Uint8Array): Promise<void>
  end(): void
  reset(): void
}

export interface SpdySession {
  /** Opens a stream; resolves when the peer accepted it. */
  open(headers: SpdyHeaders, handlers: StreamHandlers): Promise<SpdyStream>
  /** Ends all streams, sends what waits and closes; with an error, closes at once. */
  close(error?: Error): void
}

export interface SessionOptions {
  readonly wire: Duplex
  /** Bytes that came along with the HTTP upgrade. */
  readonly head?: Uint8Array
  readonly role: 'client' | 'server'
  readonly clock: Clock
  /** Decides about a stream that the peer opens; undefined refuses it. */
  accept?(stream: SpdyStream): StreamHandlers | undefined
  /** The session is over. */
  closed(error?: Error): void
}

interface StreamState {
  readonly stream: SpdyStream
  readonly sender: StreamSender
  handlers: StreamHandlers
  remoteEnded: boolean
  localEnded: boolean
  /** Bytes that our receiver took and the peer has not been told of. */
  credit: number
  opened?: { resolve(stream: SpdyStream): void; reject(error: Error): void }
}

export function createSpdySession(options: SessionOptions): SpdySession {
  const { wire, role, clock } = options
  const decode = createFrameDecoder()
  const encodeHeaders = createHeaderEncoder()
  const decodeHeaders = createHeaderDecoder()
  const streams = new Map<number, StreamState>()
  const sender = createSender(wire)
  const gate = createGate({ pause: () => wire.pause(), resume: () => wire.resume() }, () =>
    sender.peerHasWindows ? maxWaitingBytesWithWindows : maxWaitingBytes,
  )
  let nextStreamId = role === 'client' ? 1 : 2
  let lastPeerStreamId = 0
  let sessionCredit = 0
  let peerGoesAway = false
  let closing = false
  let over = false
  let cancelLinger = () => {}

  function finish(error?: Error): void {
    if (over) return
    over = true
    closing = true
    cancelLinger()
    const reason = error ?? new Error('the stream is closed')
    for (const state of [...streams.values()]) {
      state.opened?.reject(reason)
      state.handlers.closed(error)
    }
    streams.clear()
    sender.stop(reason)
    wire.destroy()
    options.closed(error)
  }

  function drop(state: StreamState, error?: Error): void {
    if (!streams.delete(state.stream.id)) return
    state.sender.stop(error ?? new Error('the stream is closed'))
    state.opened?.reject(error ?? new Error('the peer refused the stream'))
    state.handlers.closed(error)
    if (peerGoesAway && streams.size === 0) session.close()
  }

  function dropWhenDone(state: StreamState): void {
    if (state.localEnded && state.remoteEnded && state.sender.idle) drop(state)
  }

  function addStream(id: number, headers: SpdyHeaders, handlers: StreamHandlers): StreamState {
    const streamSender = sender.stream(id)
    const stream: SpdyStream = {
      id,
      headers,
      write(bytes) {
        if (state.localEnded) return Promise.reject(new Error('the stream has ended'))
        return streamSender.write(bytes)
      },
      end() {
        if (state.localEnded) return
        state.localEnded = true
        streamSender.end().then(
          () => dropWhenDone(state),
          () => {},
        )
      },
      reset() {
        if (!streams.has(id)) return
        sender.control(encodeFrame.reset(id, resetStatus.cancel))
        drop(state)
      },
    }
    const state: StreamState = {
      stream,
      sender: streamSender,
      handlers,
      remoteEnded: false,
      localEnded: false,
      credit: 0,
    }
    streams.set(id, state)
    return state
  }

  function peerOpens(frame: Frame & { type: 'synStream' }): void {
    const headers = decodeHeaders(frame.block)
    const id = frame.streamId
    if (id % 2 !== (role === 'server' ? 1 : 0) || id <= lastPeerStreamId)
      throw new SpdyProtocolError(`stream ${id} may not be opened by the peer now`)
    lastPeerStreamId = id
    const refuse = () => sender.control(encodeFrame.reset(id, resetStatus.refused))
    if (closing || !options.accept || streams.size >= maxStreams) {
      refuse()
      return
    }
    const state = addStream(id, headers, { data: () => undefined, end() {}, closed() {} })
    const handlers = options.accept(state.stream)
    if (!handlers) {
      streams.delete(id)
      refuse()
      return
    }
    state.handlers = handlers
    sender.control(encodeFrame.synReply(id, encodeHeaders({})))
    if (frame.unidirectional) state.localEnded = true
    if (frame.fin) peerEnded(state)
  }

  function peerEnded(state: StreamState): void {
    if (state.remoteEnded) return
    state.remoteEnded = true
    state.handlers.end()
    dropWhenDone(state)
  }

  function received(state: StreamState | undefined, bytes: Uint8Array): void {
    // The session's window opens again at once: what waits in all streams together is the gate's to bound.
    if (sender.peerHasWindows) sessionCredit = giveCredit(0, sessionCredit + bytes.length)
    const taken = () => {
      if (over || !sender.peerHasWindows || !state || !streams.has(state.stream.id)) return
      state.credit = giveCredit(state.stream.id, state.credit + bytes.length)
    }
    const taking = state && !state.remoteEnded ? state.handlers.data(bytes) : undefined
    if (!taking) {
      taken()
      return
    }
    gate.track(taking, bytes.length)
    taking.then(taken, taken)
  }

  /** Tells the peer in halves of a window, not for each little piece. */
  function giveCredit(streamId: number, credit: number): number {
    if (credit < initialWindowBytes / 2) return credit
    sender.control(encodeFrame.windowUpdate(streamId, credit))
    return 0
  }

  function handle(frame: Frame): void {
    switch (frame.type) {
      case 'synStream':
        peerOpens(frame)
        break
      case 'synReply': {
        decodeHeaders(frame.block)
        const state = streams.get(frame.streamId)
        state?.opened?.resolve(state.stream)
        if (state) state.opened = undefined
        if (state && frame.fin) peerEnded(state)
        break
      }
      case 'headers':
        // Nobody uses later headers, but the shared compression must see them.
        decodeHeaders(frame.block)
        if (frame.fin) endOf(frame.streamId)
        break
      case 'data': {
        if (frame.bytes.length > 0) received(streams.get(frame.streamId), frame.bytes)
        if (frame.fin) endOf(frame.streamId)
        break
      }
      case 'reset': {
        const state = streams.get(frame.streamId)
        if (!state) break
        if (!state.remoteEnded) {
          state.remoteEnded = true
          state.handlers.end()
        }
        drop(state)
        break
      }
      case 'settings':
        sender.heedWindows()
        for (const { id, value } of frame.settings)
          if (id === settingInitialWindow) sender.setInitialWindow(value)
        break
      case 'windowUpdate':
        sender.heedWindows()
        sender.grow(frame.streamId, frame.delta)
        break
      case 'ping':
        // Ours are never sent; one with our parity would be an answer to nothing.
        if (frame.id % 2 === (role === 'server' ? 1 : 0)) sender.control(encodeFrame.ping(frame.id))
        break
      case 'goAway':
        peerGoesAway = true
        if (streams.size === 0) session.close()
    }
  }

  function endOf(streamId: number): void {
    const state = streams.get(streamId)
    if (state) peerEnded(state)
  }

  function takeIn(chunk: Uint8Array): void {
    if (over) return
    try {
      for (const frame of decode(chunk)) handle(frame)
      if (wire.writableLength > maxUnsentBytes)
        throw new SpdyProtocolError('the peer asks for more answers than it reads')
    } catch (error) {
      if (!(error instanceof SpdyProtocolError)) throw error
      finish(error)
    }
  }

  const session: SpdySession = {
    open(headers, handlers) {
      if (closing) return Promise.reject(new Error('the stream is closed'))
      const id = nextStreamId
      nextStreamId += 2
      const state = addStream(id, headers, handlers)
      sender.control(encodeFrame.synStream(id, encodeHeaders(headers)))
      return new Promise((resolve, reject) => {
        state.opened = { resolve, reject }
      })
    },
    close(error) {
      if (error) finish(error)
      if (closing) return
      closing = true
      // A timer, not a hope: the peer may never read, or never close its side.
      cancelLinger = clock.after(lingerMs, () => finish())
      for (const { stream } of streams.values()) stream.end()
      sender.drained().then(
        () => {
          sender.control(encodeFrame.goAway(lastPeerStreamId))
          wire.end()
        },
        () => {},
      )
    },
  }

  wire.on('data', takeIn)
  wire.on('end', () => {
    // The peer is gone for reading; a whole session has no use for a half-open wire.
    finish(closing || streams.size === 0 || peerGoesAway ? undefined : lost())
  })
  wire.on('close', () => finish(closing || streams.size === 0 || peerGoesAway ? undefined : lost()))
  wire.on('error', (error: Error) => finish(closing ? undefined : error))
  sender.control(encodeFrame.settings(settingInitialWindow, initialWindowBytes))
  if (options.head?.length) takeIn(options.head)
  return session
}

function lost(): Error {
  return new Error('the connection was lost')
}
