/** One request and its answer on a connection of HTTP/2. */
import { NOWHERE } from '#base/arrival-order.ts'
import type { Incoming, IncomingSink, Outgoing } from '../wire.ts'
import { type DataFrame, ErrorCode, MAXIMUM_PAYLOAD, NOTHING } from './frames.ts'
import type { Source } from './outbox.ts'
import type { ReceiveWindow } from './receive-window.ts'
import type { Numbered } from './stream-table.ts'

/** A frame lacks less than this part of what it may hold. */
const NEARLY_FULL = 8

type Headers = Readonly<Record<string, string>>

/** What a stream needs of its connection. */
export interface StreamHost {
  head(stream: Http2Stream, status: number, headers: Headers, isWhole: boolean): void
  /** Something is there to be sent for the stream. */
  ready(stream: Http2Stream): void
  /** So many bytes of its body need no room any more. */
  consumed(bytes: number): void
  /** Tells the client that it is over, and closes it. */
  reset(stream: Http2Stream, code: number): void
  closed(stream: Http2Stream): void
}

export interface StreamOptions {
  readonly id: number
  /** Bytes that the client takes unasked. */
  readonly sendWindow: number
  readonly receiveWindow: ReceiveWindow
  /** How long the client says that its body is. */
  readonly announcedBytes: string | undefined
}

export class Http2Stream implements Incoming, Outgoing, Source, Numbered<Http2Stream> {
  readonly id: number
  slot = NOWHERE
  nextInTable: Http2Stream | undefined
  readonly #host: StreamHost
  readonly #receiveWindow: ReceiveWindow
  /** Below zero where the client thought better of it. */
  #sendWindow: number
  /** Bytes of the body that are still to come, where that was said. */
  #announcedBytes: number | undefined
  #isRemoteOver = false
  #isLocalOver = false
  #isOver = false
  #hasBegun = false
  #isEnding = false
  #unsent: Uint8Array[] = []
  /** How much of the first of `#unsent` is sent. */
  #sentOfFirst = 0
  #unsentBytes = 0
  #drained: (() => void)[] = []
  #closeListeners: (() => void)[] = []
  #sink: IncomingSink | undefined
  #unread: Uint8Array[] = []
  #isDiscarding = false

  constructor(host: StreamHost, options: StreamOptions) {
    this.#host = host
    this.id = options.id
    this.#sendWindow = options.sendWindow
    this.#receiveWindow = options.receiveWindow
    const { announcedBytes } = options
    if (announcedBytes !== undefined) this.#announcedBytes = Number(announcedBytes)
  }

  /** Neither direction is open. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The whole request is here. */
  get isRemoteOver(): boolean {
    return this.#isRemoteOver
  }

  /** Somebody takes the body as it comes. */
  get isRead(): boolean {
    return this.#sink !== undefined
  }

  get sendWindow(): number {
    return this.#sendWindow
  }

  get unsentBytes(): number {
    return this.#unsentBytes
  }

  get isWhole(): boolean {
    return this.#isEnding
  }

  get hasMore(): boolean {
    return !this.#isLocalOver && (this.#unsentBytes > 0 || this.#isEnding)
  }

  // Outgoing

  begin(status: number, headers: Headers, hasBody: boolean): void {
    if (this.#isOver || this.#hasBegun) return
    this.#hasBegun = true
    this.#host.head(this, status, headers, !hasBody)
    if (!hasBody) this.#localOver()
  }

  /** Tells a client that asked first to send its body. */
  goOn(): void {
    if (!this.#isOver && !this.#hasBegun && !this.#isRemoteOver)
      this.#host.head(this, 100, {}, false)
  }

  write(bytes: Uint8Array): void {
    if (this.#isOver || this.#isEnding || bytes.length === 0) return
    this.#keep(bytes)
    this.#host.ready(this)
  }

  end(bytes: Uint8Array = NOTHING): void {
    if (this.#isOver || this.#isEnding) return
    if (bytes.length > 0) this.#keep(bytes)
    this.#isEnding = true
    this.#host.ready(this)
  }

  #keep(bytes: Uint8Array): void {
    this.#unsent.push(bytes)
    this.#unsentBytes += bytes.length
  }

  drained(): Promise<void> {
    if (this.#unsentBytes === 0 || this.#isOver) return Promise.resolve()
    return new Promise(resolve => {
      this.#drained.push(resolve)
    })
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener)
  }

  /** Breaks off. */
  reset(): void {
    this.#host.reset(this, ErrorCode.internal)
  }

  /** The client has room for so much more; less than nothing is less. */
  grow(bytes: number): void {
    this.#sendWindow += bytes
    if (this.#unsentBytes > 0) this.#host.ready(this)
  }

  /** As much of what waits as one frame holds: a hundred small events of a watch make few frames, which costs both ends less. */
  nextFrame(most: number): DataFrame | undefined {
    if (this.#isOver || this.#isLocalOver) return undefined
    if (this.#unsentBytes === 0) return this.#isEnding ? this.#frame([], 0) : undefined
    const room = Math.min(most, this.#sendWindow, MAXIMUM_PAYLOAD)
    if (room <= 0) return undefined
    const whole = this.#unsentBytes
    const pieces = whole <= room && this.#sentOfFirst === 0 ? this.#unsent : this.#takeUnsent(room)
    if (pieces === this.#unsent) this.#unsent = []
    const size = whole <= room ? whole : sizeOf(pieces)
    this.#sendWindow -= size
    this.#unsentBytes -= size
    if (this.#unsentBytes === 0) this.#release()
    return this.#frame(pieces, size)
  }

  /** About the first `room` bytes of what waits, or all of it. A frame that is nearly full does not get the beginning of the next piece. */
  #takeUnsent(room: number): Uint8Array[] {
    const pieces: Uint8Array[] = []
    let left = room
    let whole = 0
    for (const bytes of this.#unsent) {
      const rest = bytes.length - this.#sentOfFirst
      if (rest > left) {
        if (left * NEARLY_FULL < room) break
        pieces.push(bytes.subarray(this.#sentOfFirst, this.#sentOfFirst + left))
        this.#sentOfFirst += left
        break
      }
      pieces.push(this.#sentOfFirst === 0 ? bytes : bytes.subarray(this.#sentOfFirst))
      this.#sentOfFirst = 0
      left -= rest
      whole++
    }
    this.#unsent.splice(0, whole)
    return pieces
  }

  #frame(pieces: readonly Uint8Array[], size: number): DataFrame {
    const isLast = this.#isEnding && this.#unsentBytes === 0
    if (isLast) this.#localOver()
    return { stream: this.id, isLast, pieces, size }
  }

  #localOver(): void {
    this.#isLocalOver = true
    if (this.#isRemoteOver) this.close()
    // The rest of a body that was refused is not waited for. The frame that ends the answer goes first.
    else process.nextTick(() => this.#host.reset(this, ErrorCode.none))
  }

  #release(): void {
    const drained = this.#drained
    this.#drained = []
    for (const resolve of drained) resolve()
  }

  // Incoming

  read(sink: IncomingSink): void {
    this.#sink = sink
    const unread = this.#unread
    this.#unread = []
    for (const bytes of unread) this.#pass(bytes)
    if (this.#isRemoteOver) sink.end()
    else if (this.#isOver) sink.gone()
  }

  discard(): void {
    this.#sink = undefined
    this.#isDiscarding = true
    if (!this.#isOver) this.#giveBack()
    this.#unread = []
  }

  /** Takes what came, `bytes` of `payloadBytes`, the rest being padding. Gives the code of the error where it must not have come. */
  receive(bytes: Uint8Array, payloadBytes: number, isLast: boolean): number | undefined {
    if (!this.#receiveWindow.take(payloadBytes)) return ErrorCode.flowControl
    this.#receiveWindow.consume(payloadBytes - bytes.length)
    if (this.#announcedBytes !== undefined) {
      this.#announcedBytes -= bytes.length
      if (isLast ? this.#announcedBytes !== 0 : this.#announcedBytes < 0) return ErrorCode.protocol
    }
    if (bytes.length > 0) {
      if (this.#sink || this.#isDiscarding) this.#pass(bytes)
      else this.#unread.push(bytes)
    }
    if (isLast) this.#remoteOver()
    return undefined
  }

  #remoteOver(): void {
    this.#isRemoteOver = true
    this.#sink?.end()
    if (this.#isLocalOver) this.close()
  }

  #pass(bytes: Uint8Array): void {
    // What was unread when the stream ended has been given back.
    const takesRoom = !this.#isOver
    const taken = () => {
      if (takesRoom) this.#host.consumed(bytes.length)
      if (!this.#isRemoteOver && !this.#isOver) this.#receiveWindow.consume(bytes.length)
    }
    const full = this.#sink?.data(bytes)
    // The client may fill the window meanwhile, and no more.
    if (full) void full.then(taken)
    else taken()
  }

  /** The room of what is not read yet. */
  #giveBack(): void {
    for (const bytes of this.#unread) this.#host.consumed(bytes.length)
  }

  /** Nothing more comes or goes. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#host.closed(this)
    this.#unsent = []
    this.#unsentBytes = 0
    if (!this.#isRemoteOver) this.#sink?.gone()
    this.#giveBack()
    // A body that is whole is still read.
    if (!this.#isRemoteOver) this.#unread = []
    this.#release()
    for (const listener of this.#closeListeners) listener()
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  let size = 0
  for (const piece of pieces) size += piece.length
  return size
}
