/** A watch over a web socket, as clients asked before HTTP/2: each event is one message, and nothing is expected from the client. */
import type { WebSocket } from 'ws'
import { badRequest } from '#api/machinery/status.ts'
import type { EventSource } from '../transport.ts'
import type { Connection } from './connections.ts'
import { FULL_BYTES } from './limits.ts'
import type { Upgrade } from './upgrade.ts'

/** A client has nothing to say here but that it goes. */
const MAXIMUM_INCOMING_BYTES = 4096
/** Stands among the subprotocols where browsers put their token; never answered. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.'
const NEWLINE = 10
/** Upstream's names for a close that all is well with, and for one by the server's fault. */
const NORMAL_CLOSURE = 1000
const TRY_AGAIN_LATER = 1013
/** How long a client may take to answer our close. */
const CLOSE_TIMEOUT_MS = 10_000

export async function sendMessages(
  upgrade: Upgrade,
  { messages, isText }: { messages: EventSource<Uint8Array>; isText: boolean },
  { context }: Connection,
): Promise<void> {
  const { WebSocketServer } = await import('ws')
  const { request } = upgrade
  if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket')
    throw badRequest('a watch can be upgraded to a web socket only')
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAXIMUM_INCOMING_BYTES,
    handleProtocols: offered =>
      [...offered].find(each => !each.startsWith(TOKEN_PROTOCOL)) ?? false,
  })
  server.handleUpgrade(request, upgrade.socket, Buffer.from(upgrade.head), socket => {
    const { limits, clock, endless } = context
    pass(socket, {
      messages,
      isText,
      unreadBytes: limits.unreadBytes,
      endless,
      after: clock.after.bind(clock),
    })
  })
}

interface Passing {
  readonly messages: EventSource<Uint8Array>
  readonly isText: boolean
  readonly unreadBytes: number
  readonly endless: (end: () => void) => () => void
  readonly after: (delayMs: number, callback: () => void) => () => void
}

function pass(socket: WebSocket, { messages, isText, unreadBytes, endless, after }: Passing): void {
  let cancel: (() => void) | undefined
  let isOver = false
  let cancelTimeout = () => {}
  /** Of a source that waits until the client has taken more. */
  let room: PromiseWithResolvers<void> | undefined
  const taken = () => {
    if (!isOver && socket.bufferedAmount >= FULL_BYTES) return
    room?.resolve()
    room = undefined
  }
  const finish = (code?: number) => {
    if (isOver) return
    isOver = true
    taken()
    forget()
    cancel?.()
    if (code === undefined) return
    socket.close(code)
    cancelTimeout = after(CLOSE_TIMEOUT_MS, () => socket.terminate())
  }
  const forget = endless(() => finish(NORMAL_CLOSURE))
  socket.on('error', () => {}) // `close` follows.
  socket.on('close', () => {
    cancelTimeout()
    finish()
  })
  cancel = messages.subscribe({
    next(bytes) {
      if (isOver) return undefined
      // The lines of a watch end in a newline, which a message does not need.
      const message = isText && bytes.at(-1) === NEWLINE ? bytes.subarray(0, -1) : bytes
      socket.send(message, { binary: !isText }, taken)
      if (socket.bufferedAmount > unreadBytes) {
        finish()
        socket.terminate()
      }
      if (isOver || socket.bufferedAmount < FULL_BYTES) return undefined
      room ??= Promise.withResolvers<void>()
      return room.promise
    },
    end: error => finish(error ? TRY_AGAIN_LATER : NORMAL_CLOSURE),
  })
  if (isOver) cancel()
}
