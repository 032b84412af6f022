/**
 * Port-forward as web socket channels, the way of the Python client: the query names the ports, port number i has channel 2i for
 * bytes and 2i+1 for errors, and the server starts each channel with the port as two little-endian bytes. One connection a port.
 */
import type { WebSocket } from 'ws'
import type { Clock } from '#base/clock.ts'
import type { DuplexChannels } from '../../transport.ts'
import {
  type PortForwardConnection,
  type PortForwardSession,
  portDataChannel,
  portErrorChannel,
} from '../channels.ts'
import { createInbox } from '../inbox.ts'
import type { Codec } from './message.ts'
import { openSocket } from './socket.ts'

export interface ForwardedSocket {
  readonly socket: WebSocket
  readonly codec: Codec
  readonly clock: Clock
  readonly ports: readonly number[]
}

export function forwardPortsOverSocket(options: ForwardedSocket): PortForwardSession {
  const { socket, codec, clock, ports } = options
  const session = createInbox()
  const inboxes = ports.map(() => createInbox())
  const open = new Set(ports.keys())
  const wire = openSocket(
    { socket, codec, clock },
    {
      data: (channel, bytes) =>
        channel % 2 === portDataChannel
          ? inboxes[channel >> 1]?.data(portDataChannel, bytes)
          : undefined,
      end() {},
      closed(error) {
        for (const inbox of inboxes) inbox.close(error)
        session.close(error)
      },
    },
  )

  function connection(index: number, port: number): PortForwardConnection {
    const inbox = inboxes[index] ?? createInbox()
    const first = (channel: number) => index * 2 + channel
    for (const channel of [portDataChannel, portErrorChannel])
      wire.write(first(channel), Uint8Array.of(port & 0xff, port >> 8)).catch(() => {})
    const close = (error?: Error) => {
      inbox.close(error)
      // Nothing in this protocol says that one connection is over; when all are, the socket closes.
      if (open.delete(index) && open.size === 0) wire.close(error)
    }
    const channels: DuplexChannels = {
      onData: inbox.onData,
      onEnd: inbox.onEnd,
      onClose: inbox.onClose,
      write: (channel, bytes) => wire.write(first(channel), bytes),
      end() {},
      close,
    }
    return { port, channels }
  }

  session.onData(() => {})
  return {
    onConnection(listener) {
      for (const [index, port] of ports.entries()) listener(connection(index, port))
    },
    onClose: session.onClose,
    close: wire.close,
  }
}
