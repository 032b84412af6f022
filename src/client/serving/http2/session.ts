/** The server's end of one connection of HTTP/2 (RFC 9113). */

import type { Duplex } from 'node:stream'
import { EndedStreams } from './ended-streams.ts'
import {
  ConnectionError,
  ErrorCode,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  isOfConnection,
  isOfStream,
  NOTHING,
  uint31At,
  uint32,
  unpadded,
} from './frames.ts'
import { type HeaderBlock, HeaderBlocks, headFrames, isOfItself } from './header-blocks.ts'
import { HeaderEncoder } from './header-encoder.ts'
import { INITIAL_WINDOW, Outbox } from './outbox.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { RequestHead } from './request-head.ts'
import { RequestHeads } from './request-heads.ts'
import type { SessionOptions } from './session-options.ts'
import { MAXIMUM_WINDOW, readSettings, Setting, writeSettings } from './settings.ts'
import { Http2Stream, type StreamHost } from './stream.ts'
import { StreamTable } from './stream-table.ts'
import { TokenBucket } from './token-bucket.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** How long a client may take to read why its connection ends. */
const FAREWELL_MS = 1000
const LAST_OF_ALL = 2 ** 31 - 1

const protocolError = (what: string) => new ConnectionError(ErrorCode.protocol, what)
const wrongSize = (name: string) =>
  new ConnectionError(ErrorCode.frameSize, `${name} of a wrong length`)

export class Session implements StreamHost {
  readonly #socket: Duplex
  readonly #options: SessionOptions
  readonly #outbox: Outbox
  readonly #reader = new FrameReader(frame => this.#take(frame))
  readonly #blocks: HeaderBlocks
  readonly #heads: RequestHeads
  readonly #encoder = new HeaderEncoder()
  readonly #streams = new StreamTable<Http2Stream>()
  readonly #ended = new EndedStreams()
  readonly #resets: TokenBucket
  readonly #idleFrames: TokenBucket
  readonly #window: ReceiveWindow
  /** All that came, by which one sees whether anything does. */
  receivedBytes = 0
  #streamSendWindow = INITIAL_WINDOW
  /** What of the preface is still to come. */
  #preface: Buffer | undefined = PREFACE
  #hasSettings = false
  #lastStream = 0
  #isSentAway = false
  #isRetired = false
  #isOver = false

  constructor(socket: Duplex, options: SessionOptions) {
    const { limits, monotonicMs } = options
    this.#socket = socket
    this.#options = options
    this.#outbox = new Outbox(socket, options, () =>
      this.fail(ErrorCode.enhanceYourCalm, 'answers are not taken'),
    )
    this.#blocks = new HeaderBlocks(limits.headerBytes * 2)
    this.#heads = new RequestHeads(limits.headerBytes, options.keepsApart)
    this.#resets = new TokenBucket(limits.resets, monotonicMs)
    this.#idleFrames = new TokenBucket(limits.idleFrames, monotonicMs)
    this.#window = new ReceiveWindow(limits.connectionWindowBytes, bytes => this.#grow(0, bytes))
    const settings = writeSettings([
      [Setting.maximumStreams, limits.streams],
      [Setting.initialWindow, limits.streamWindowBytes],
      [Setting.maximumHeaderBytes, limits.headerBytes],
    ])
    this.#send(FrameType.settings, 0, 0, settings)
    this.#grow(0, limits.connectionWindowBytes - INITIAL_WINDOW)
    socket.on('data', chunk => this.#receive(chunk))
    socket.once('close', () => this.#over())
  }

  /** How many requests are under way. */
  get openStreams(): number {
    return this.#streams.size
  }

  /** Sends the client to another connection. What it sends before it knows is answered still: which request is the last is said later (RFC 9113, 6.8). */
  sendAway(): void {
    if (this.#isSentAway || this.#isRetired || this.#isOver) return
    this.#isSentAway = true
    this.#send(FrameType.goAway, 0, 0, uint32(LAST_OF_ALL, ErrorCode.none))
    const cancel = this.#options.after(FAREWELL_MS, () => this.retire())
    this.#socket.once('close', cancel)
  }

  /** Takes no further requests, and ends when the present ones are answered. */
  retire(): void {
    if (this.#isRetired || this.#isOver) return
    this.#isRetired = true
    this.#send(FrameType.goAway, 0, 0, uint32(this.#lastStream, ErrorCode.none))
    this.#endIfDone()
  }

  /** Ends the connection now; the client is told why. */
  fail(code: number, reason: string): void {
    if (this.#isOver) return
    const payload = Buffer.concat([uint32(this.#lastStream, code), Buffer.from(reason)])
    this.#outbox.end({ type: FrameType.goAway, flags: 0, stream: 0, payload })
    this.#over()
    // Whoever breaks the protocol may not read either.
    const cancel = this.#options.after(FAREWELL_MS, () => this.#socket.destroy())
    this.#socket.once('close', cancel)
  }

  #over(): void {
    this.#isOver = true
    for (const stream of this.#streams.all()) stream.close()
  }

  // What comes

  #receive(chunk: Buffer): void {
    if (this.#isOver) return
    this.receivedBytes += chunk.length
    try {
      const rest = this.#preface ? this.#takePreface(chunk, this.#preface) : chunk
      if (rest.length > 0) this.#reader.push(rest)
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      this.fail(error.code, error.message)
    }
  }

  #takePreface(chunk: Buffer, wanted: Buffer): Buffer {
    const size = Math.min(chunk.length, wanted.length)
    if (chunk.compare(wanted, 0, size, 0, size) !== 0) throw protocolError('this is not HTTP/2')
    this.#preface = size < wanted.length ? wanted.subarray(size) : undefined
    return chunk.subarray(size)
  }

  #take(frame: Frame): void {
    const { type, stream } = frame
    if (this.#isOver) return
    if (!this.#hasSettings && type !== FrameType.settings)
      throw protocolError('settings must come first')
    const { unfinished } = this.#blocks
    if (unfinished === undefined ? type === FrameType.continuation : unfinished !== stream)
      throw protocolError('headers that are torn apart')
    if (unfinished !== undefined && type !== FrameType.continuation)
      throw protocolError('headers that are not ended')
    if (isOfStream(type) ? stream === 0 : isOfConnection(type) && stream !== 0)
      throw protocolError(`a frame of type ${type} on stream ${stream}`)
    this.#dispatch(frame)
  }

  #dispatch(frame: Frame): void {
    switch (frame.type) {
      case FrameType.data:
        this.#takeData(frame)
        break
      case FrameType.headers:
      case FrameType.continuation:
        this.#takeHeaders(frame)
        break
      case FrameType.windowUpdate:
        this.#takeWindowUpdate(frame)
        break
      case FrameType.reset:
        this.#takeReset(frame)
        break
      default:
        this.#spendIdle()
        this.#takeIdle(frame)
    }
  }

  /** Frames that bring no request forward: a client that sends them without end is stopped. */
  #takeIdle(frame: Frame): void {
    switch (frame.type) {
      case FrameType.settings:
        this.#takeSettings(frame)
        break
      case FrameType.ping:
        this.#takePing(frame)
        break
      case FrameType.priority:
        this.#takePriority(frame)
        break
      case FrameType.pushPromise:
        throw protocolError('a client cannot promise anything')
      default: // GOAWAY asks nothing of a server, and unknown frames are for those who know them.
    }
  }

  #spendIdle(): void {
    if (!this.#idleFrames.take())
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many frames that do nothing')
  }

  #takeSettings({ flags, payload }: Frame): void {
    if ((flags & Flag.ack) !== 0) {
      if (payload.length > 0) throw wrongSize('an acknowledgement')
      return
    }
    let window = this.#streamSendWindow
    for (const [id, value] of readSettings(payload)) {
      if (id === Setting.headerTableBytes) this.#encoder.limit(value)
      if (id === Setting.initialWindow) window = value
    }
    // Once, and not for each of the 2,700 that a frame may hold.
    if (window !== this.#streamSendWindow) this.#resizeWindows(window)
    this.#hasSettings = true
    this.#send(FrameType.settings, Flag.ack, 0, NOTHING)
  }

  #resizeWindows(bytes: number): void {
    const more = bytes - this.#streamSendWindow
    this.#streamSendWindow = bytes
    for (const stream of this.#streams.all()) {
      if (stream.sendWindow + more > MAXIMUM_WINDOW)
        throw new ConnectionError(ErrorCode.flowControl, 'a window that is too large')
      stream.grow(more)
    }
  }

  #takePing({ flags, payload }: Frame): void {
    if (payload.length !== 8) throw wrongSize('PING')
    if ((flags & Flag.ack) === 0) this.#send(FrameType.ping, Flag.ack, 0, payload.slice())
  }

  #takePriority({ stream, payload }: Frame): void {
    if (payload.length !== 5) this.#resetId(stream, ErrorCode.frameSize)
    else if (isOfItself(stream, payload)) this.#resetId(stream, ErrorCode.protocol)
  }

  #takeWindowUpdate({ stream: id, payload }: Frame): void {
    if (payload.length !== 4) throw wrongSize('WINDOW_UPDATE')
    const bytes = uint31At(payload, 0)
    if (id !== 0) this.#growStream(this.#known(id), bytes)
    else if (bytes === 0) throw protocolError('a window that grows by nothing')
    else this.#outbox.grow(bytes)
  }

  #growStream(stream: Http2Stream | undefined, bytes: number): void {
    if (!stream) return
    if (bytes === 0) this.reset(stream, ErrorCode.protocol)
    else if (stream.sendWindow + bytes > MAXIMUM_WINDOW) this.reset(stream, ErrorCode.flowControl)
    else stream.grow(bytes)
  }

  #takeReset({ stream: id, payload }: Frame): void {
    if (payload.length !== 4) throw wrongSize('RST_STREAM')
    const stream = this.#known(id)
    if (!this.#resets.take())
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many requests were cancelled')
    stream?.close()
    this.#ended.remember(id, true)
  }

  /** The stream, or undefined where it is over. Throws for one that never was. */
  #known(id: number): Http2Stream | undefined {
    if (id > this.#lastStream) throw protocolError(`stream ${id} was never opened`)
    return this.#streams.get(id)
  }

  #takeData(frame: Frame): void {
    const { stream: id, flags, payload } = frame
    const stream = this.#known(id)
    const bytes = unpadded(frame)
    const isLast = (flags & Flag.endStream) !== 0
    if (!isLast && bytes.length === 0) this.#spendIdle()
    if (!this.#window.take(payload.length))
      throw new ConnectionError(ErrorCode.flowControl, 'more data than there was room for')
    if (!stream || stream.isRemoteOver) {
      this.#window.consume(payload.length)
      if (!stream && this.#ended.wasRemoteOver(id) === false) return
      throw new ConnectionError(ErrorCode.streamClosed, `data for stream ${id}, which is over`)
    }
    this.#window.consume(payload.length - bytes.length)
    const mistake = stream.receive(bytes, payload.length, isLast)
    if (mistake === undefined) return
    this.#window.consume(bytes.length)
    this.reset(stream, mistake)
  }

  #takeHeaders(frame: Frame): void {
    if (frame.payload.length === 0) this.#spendIdle()
    const block = this.#blocks.take(frame)
    if (!block) return
    const head = this.#heads.read(block.bytes)
    const stream = this.#streams.get(block.stream)
    if (stream) this.#takeTrailers(stream, head, block)
    else if (this.#ended.wasRemoteOver(block.stream) !== false) this.#takeRequest(head, block)
  }

  #takeRequest(head: RequestHead, block: HeaderBlock): void {
    this.#checkNew(block.stream)
    this.#lastStream = block.stream
    if (block.isOfItself) this.#resetId(block.stream, ErrorCode.protocol)
    else if (this.#isRetired || this.#streams.size >= this.#options.limits.streams)
      this.#resetId(block.stream, ErrorCode.refusedStream)
    else this.#open(head, block)
  }

  #checkNew(id: number): void {
    if (id % 2 === 0) throw protocolError('only odd streams are a client’s')
    if (id > this.#lastStream) return
    if (!this.#ended.has(id)) throw protocolError(`stream ${id} comes too late`)
    throw new ConnectionError(ErrorCode.streamClosed, `stream ${id} is over`)
  }

  /** Headers after a body. Nobody here asks for any, so they only end it. */
  #takeTrailers(stream: Http2Stream, head: RequestHead, { isLast }: HeaderBlock): void {
    if (stream.isRemoteOver)
      throw new ConnectionError(
        ErrorCode.streamClosed,
        `stream ${stream.id} sent its whole request`,
      )
    const mistake = isLast && head.isTrailer ? stream.receive(NOTHING, 0, true) : ErrorCode.protocol
    if (mistake !== undefined) this.reset(stream, mistake)
  }

  #open(head: RequestHead, { stream: id, isLast }: HeaderBlock): void {
    const { limits, request } = this.#options
    const stream = new Http2Stream(this, {
      id,
      sendWindow: this.#streamSendWindow,
      receiveWindow: new ReceiveWindow(limits.streamWindowBytes, bytes => this.#grow(id, bytes)),
      announcedBytes: head.headers['content-length'],
    })
    this.#streams.add(stream)
    const mistake = isLast ? stream.receive(NOTHING, 0, true) : undefined
    if (head.isTooLarge) stream.begin(431, {}, false)
    else if (!head.isWhole || mistake !== undefined) this.reset(stream, ErrorCode.protocol)
    else request(stream, head)
  }

  // What goes

  #send(type: number, flags: number, stream: number, payload: Uint8Array): void {
    if (!this.#isOver) this.#outbox.send({ type, flags, stream, payload })
  }

  #grow(stream: number, bytes: number): void {
    this.#send(FrameType.windowUpdate, 0, stream, uint32(bytes))
  }

  #resetId(id: number, code: number): void {
    const stream = this.#streams.get(id)
    if (stream) this.reset(stream, code)
    else {
      this.#send(FrameType.reset, 0, id, uint32(code))
      this.#ended.remember(id, false)
    }
  }

  #endIfDone(): void {
    if (this.#isRetired && this.#streams.size === 0 && !this.#isOver)
      this.#outbox.afterAll(() => {
        if (this.#streams.size === 0) this.#socket.end()
      })
  }

  ready(stream: Http2Stream): void {
    this.#outbox.ready(stream)
  }

  head(
    stream: Http2Stream,
    status: number,
    headers: Readonly<Record<string, string>>,
    isWhole: boolean,
  ): void {
    const block = this.#encoder.encode(status, headers, this.#options.date())
    for (const frame of headFrames(block, stream.id, isWhole)) this.#outbox.send(frame)
  }

  consumed(bytes: number): void {
    this.#window.consume(bytes)
  }

  reset(stream: Http2Stream, code: number): void {
    if (stream.isOver) return
    this.#send(FrameType.reset, 0, stream.id, uint32(code))
    stream.close()
  }

  closed(stream: Http2Stream): void {
    this.#streams.delete(stream)
    this.#outbox.forget(stream)
    this.#ended.remember(stream.id, stream.isRemoteOver)
    this.#endIfDone()
  }
}
