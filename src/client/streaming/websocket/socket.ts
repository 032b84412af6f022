/** A web socket as `DuplexChannels`, for both ends. */
import type { WebSocket } from 'ws'
import type { Clock } from '#base/clock.ts'
import type { DuplexChannels } from '../../transport.ts'
import { createGate, createInbox, maxWaitingBytes } from '../inbox.ts'
import { type Codec, closeChannel } from './message.ts'

/** As upstream's servers take: some clients send a whole file in one message. */
export const maxMessageBytes = 32 * 1024 * 1024
/** How long the peer may take to answer our close before the connection is cut. */
const closeTimeoutMs = 10_000
const normalClosure = 1000
const internalError = 1011

export interface SocketOptions {
  readonly socket: WebSocket
  readonly codec: Codec
  readonly clock: Clock
  /** v5, where the client can say that a channel ends; a server's channels end with the connection. */
  readonly closes?: 'says' | 'hears'
}

export function channelsOverSocket(options: SocketOptions): DuplexChannels {
  const inbox = createInbox()
  const wire = openSocket(options, {
    data: inbox.data,
    end: inbox.end,
    closed: inbox.close,
  })
  return {
    onData: inbox.onData,
    onEnd: inbox.onEnd,
    onClose: inbox.onClose,
    write: wire.write,
    end: wire.end,
    close: wire.close,
  }
}

export interface SocketHandlers {
  data(channel: number, bytes: Uint8Array): undefined | Promise<void>
  end(channel: number): void
  closed(error?: Error): void
}

export function openSocket(
  { socket, codec, clock, closes }: SocketOptions,
  handlers: SocketHandlers,
): Pick<DuplexChannels, 'write' | 'end' | 'close'> {
  const gate = createGate({ pause: () => socket.pause(), resume: () => socket.resume() })
  let failure: Error | undefined
  let closing = false
  let cancelTimeout = () => {}

  socket.on('message', message => {
    const decoded = codec.decode(message)
    if (!decoded) return
    const { channel, bytes } = decoded
    if (channel !== closeChannel) gate.track(handlers.data(channel, bytes), bytes.length)
    else if (closes === 'hears' && bytes[0] !== undefined) handlers.end(bytes[0])
  })
  socket.on('error', error => {
    failure ??= error
  })
  socket.on('close', code => {
    cancelTimeout()
    const clean = closing || code === normalClosure || code === 1001 || code === 1005
    handlers.closed(failure ?? (clean ? undefined : new Error('the connection was lost')))
  })

  function send(message: Uint8Array | string): Promise<void> {
    if (socket.readyState !== socket.OPEN) return Promise.reject(new Error('the stream is closed'))
    return new Promise((resolve, reject) => {
      const sent = (error?: Error | null) => (error ? reject(error) : resolve())
      socket.send(message, { binary: typeof message !== 'string' }, sent)
      if (socket.bufferedAmount < maxWaitingBytes) resolve()
    })
  }

  return {
    write: (channel, bytes) => send(codec.encode(channel, bytes)),
    end(channel) {
      if (closes === 'says')
        send(codec.encode(closeChannel, Uint8Array.of(channel))).catch(() => {})
    },
    close(error) {
      if (closing) return
      closing = true
      failure ??= error
      if (socket.readyState === socket.CLOSED) return
      socket.resume()
      socket.close(error ? internalError : normalClosure)
      cancelTimeout = clock.after(closeTimeoutMs, () => socket.terminate())
    },
  }
}
