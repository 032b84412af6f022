/** What is known of each open connection, whatever it speaks. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ServedPeer } from './handler.ts'
import type { ServingContext } from './serve-request.ts'
import { plainAddress } from './tls.ts'

export interface Connection {
  readonly socket: Socket
  readonly peer: ServedPeer
  readonly context: ServingContext
  /** Endless answers under way, and how each is ended. */
  readonly endless: ReadonlySet<() => void>
  /** Requests under way, endless ones among them. Set by the protocol. */
  answering: () => number
  /** Takes no further requests and ends the connection when the present ones are answered. Set by the protocol. */
  retire: () => void
}

export interface Connections {
  add(socket: Socket | TLSSocket): Connection
  of(socket: object): Connection | undefined
  all(): readonly Connection[]
  readonly size: number
  /** Resolves when none is left. */
  emptied(): Promise<void>
}

export function createConnections(shared: Omit<ServingContext, 'endless'>): Connections {
  const open = new Map<object, Connection>()
  let emptied: (() => void) | undefined

  return {
    add(socket) {
      const endless = new Set<() => void>()
      const connection: Connection = {
        socket,
        peer: peerOf(socket),
        context: {
          ...shared,
          endless: end => {
            endless.add(end)
            return () => endless.delete(end)
          },
        },
        endless,
        answering: () => 0,
        retire: () => socket.destroy(),
      }
      open.set(socket, connection)
      socket.once('close', () => {
        open.delete(socket)
        if (open.size === 0) emptied?.()
      })
      return connection
    },
    of: socket => open.get(socket),
    all: () => [...open.values()],
    get size() {
      return open.size
    },
    emptied: () =>
      new Promise(resolve => {
        emptied = resolve
        if (open.size === 0) resolve()
      }),
  }
}

function peerOf(socket: Socket | TLSSocket): ServedPeer {
  // Without TLS nobody shows one.
  const certificate =
    'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate()?.raw : undefined
  const address = socket.remoteAddress
  return Object.freeze({
    ...(certificate ? { certificate } : {}),
    ...(address ? { remoteAddress: plainAddress(address) } : {}),
  })
}
