/**
 * An answer that comes bit by bit, over a web socket: a watch, as clients asked before HTTP/2, or a log, as browsers ask. Nothing is
 * expected from the client but that it goes, and none of it ends because nothing happens: a watch or a log may be silent for hours.
 */
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { badRequest, StatusError } from '#api/machinery/status.ts'
import {
  acceptWebSocket,
  offeredProtocols,
  webSocketProblem,
} from '../streaming/websocket/server.ts'
import type { EventSource } from '../transport.ts'
import type { Connection } from './connections.ts'
import type { MessageForm } from './handler.ts'
import { FULL_BYTES } from './limits.ts'
import type { ServingContext } from './serve-request.ts'
import type { Upgrade } from './upgrade.ts'

/** A client has nothing to say here but that it goes. */
const MAXIMUM_INCOMING_BYTES = 4096
/** Stands among the subprotocols where browsers put their token; never answered. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.'
const NEWLINE = 10
/** Upstream's names for a close that all is well with, and for one by the server's fault, of which it says 1000, too. */
const NORMAL_CLOSURE = 1000
const TRY_AGAIN_LATER = 1013
/** How long a client may take to answer our close. */
const CLOSE_TIMEOUT_MS = 10_000

interface Message {
  readonly data: Uint8Array | string
  readonly binary: boolean
}

type Encode = (piece: Uint8Array) => Message

/** What clients may choose for bytes, by upstream's names; the empty one is of those that choose none. */
const byteProtocols = new Map<string, Encode>([
  ['', inBinary],
  ['binary.k8s.io', inBinary],
  ['base64.binary.k8s.io', inBase64],
])

function inBinary(bytes: Uint8Array): Message {
  return { data: bytes, binary: true }
}

function inBase64({ buffer, byteOffset, length }: Uint8Array): Message {
  return { data: Buffer.from(buffer, byteOffset, length).toString('base64'), binary: false }
}

/** The lines of a watch end in a newline, which a message does not need. */
function asLine(line: Uint8Array): Message {
  return { data: line.at(-1) === NEWLINE ? line.subarray(0, -1) : line, binary: false }
}

/** Rejects with a StatusError where the handshake is refused. */
export async function sendMessages(
  upgrade: Upgrade,
  { messages, form }: { messages: EventSource<Uint8Array>; form: MessageForm },
  { context }: Connection,
): Promise<void> {
  let socket: WebSocket
  let protocol: string
  try {
    protocol = chosenProtocol(upgrade.request, form)
    socket = await acceptWebSocket({ ...upgrade, protocol }, MAXIMUM_INCOMING_BYTES)
  } catch (error) {
    // Whoever made the stream may hold something for it, which only a subscriber can give back.
    messages.subscribe({ next() {}, end() {} })()
    throw error
  }
  if (form !== 'bytes') return pass(socket, messages, form === 'line' ? asLine : inBinary, context)
  const encode = byteProtocols.get(protocol) ?? inBinary
  // As upstream: an empty message first, by which a client knows that it is connected, however long the first bytes take.
  const { data, binary } = encode(new Uint8Array())
  socket.send(data, { binary })
  pass(socket, messages, encode, context)
}

function chosenProtocol(request: IncomingMessage, form: MessageForm): string {
  const isSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
  const problem = isSocket
    ? webSocketProblem(request)
    : 'a watch or a log can be upgraded to a web socket only'
  if (problem !== undefined) throw badRequest(problem)
  const offered = offeredProtocols(request).filter(each => !each.startsWith(TOKEN_PROTOCOL))
  const [first = ''] = offered
  // A watch is the same under any name.
  if (form !== 'bytes' || first === '') return first
  const known = offered.find(each => byteProtocols.has(each))
  if (known !== undefined) return known
  const names = [...byteProtocols.keys()].filter(each => each !== '')
  throw new StatusError(
    'Forbidden',
    `none of the offered subprotocols is served here: ${offered.join(', ')}; known are ${names.join(' and ')}`,
  )
}

function pass(
  socket: WebSocket,
  messages: EventSource<Uint8Array>,
  encode: Encode,
  { limits, clock, endless }: ServingContext,
): void {
  let cancel: (() => void) | undefined
  let isOver = false
  let cancelTimeout = () => {}
  /** Messages that lie in this process. */
  let untaken = 0
  /** Of a source that waits until the client has taken more. */
  let room: PromiseWithResolvers<void> | undefined
  let onTaken = () => {
    if (socket.bufferedAmount >= FULL_BYTES) return
    room?.resolve()
    room = undefined
  }
  const finish = (act: () => void) => {
    if (isOver) return
    isOver = true
    onTaken = () => {}
    room?.resolve()
    forget()
    cancel?.()
    act()
  }
  const terminateAfter = (delayMs: number) => {
    cancelTimeout()
    cancelTimeout = clock.after(delayMs, () => socket.terminate())
  }
  const close = (code: number) => {
    socket.close(code)
    terminateAfter(CLOSE_TIMEOUT_MS)
  }
  /** A slow client is owed all that was sent, as long as it takes some of it now and then. */
  const closeWhenTaken = (code: number) => {
    if (socket.readyState !== socket.OPEN) return
    if (untaken === 0) return close(code)
    terminateAfter(limits.requestMs)
    onTaken = () => closeWhenTaken(code)
  }
  const forget = endless(() => finish(() => close(NORMAL_CLOSURE)))
  socket.on('error', () => {}) // `close` follows.
  socket.on('close', () => {
    finish(() => {})
    onTaken = () => {}
    cancelTimeout()
  })
  cancel = messages.subscribe({
    next(bytes) {
      if (isOver || bytes.length === 0) return undefined
      const { data, binary } = encode(bytes)
      untaken++
      socket.send(data, { binary }, () => {
        untaken--
        onTaken()
      })
      if (socket.bufferedAmount > limits.unreadBytes) finish(() => socket.terminate())
      if (isOver || socket.bufferedAmount < FULL_BYTES) return undefined
      room ??= Promise.withResolvers<void>()
      return room.promise
    },
    end: error => finish(() => closeWhenTaken(error ? TRY_AGAIN_LATER : NORMAL_CLOSURE)),
  })
  if (isOver) cancel()
}
