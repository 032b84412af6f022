/** Headers come and go in one frame, or in several where they are long. */
import {
  ConnectionError,
  ErrorCode,
  Flag,
  type Frame,
  FrameType,
  MAXIMUM_PAYLOAD,
  NOTHING,
  unpadded,
} from './frames.ts'

export interface HeaderBlock {
  readonly stream: number
  readonly isLast: boolean
  /** Names itself as what it depends on, which is impossible. Other priorities are not followed: they are deprecated. */
  readonly isOfItself: boolean
  readonly bytes: Uint8Array
}

const PRIORITY_BYTES = 5
/** Eight hold all that headers may be. Each is kept until the last is there, and a small one costs far more than it weighs. */
const MOST_FRAMES = 64

export function isOfItself(stream: number, priority: Uint8Array): boolean {
  return (Buffer.from(priority.subarray(0, 4)).readUInt32BE() & 0x7fff_ffff) === stream
}

/** The frames of an answer's headers; `isWhole` means that nothing follows them. */
export function headFrames(block: Uint8Array, stream: number, isWhole: boolean): Frame[] {
  const frames: Frame[] = []
  const last = Math.floor((block.length - 1) / MAXIMUM_PAYLOAD)
  for (let at = 0; at <= last; at++) {
    const type = at === 0 ? FrameType.headers : FrameType.continuation
    const end = at === last ? Flag.endHeaders : 0
    const flags = at === 0 && isWhole ? end | Flag.endStream : end
    const payload = block.subarray(at * MAXIMUM_PAYLOAD, (at + 1) * MAXIMUM_PAYLOAD)
    frames.push({ type, flags, stream, payload })
  }
  return frames
}

/** Puts those of a request together. */
export class HeaderBlocks {
  readonly #limitBytes: number
  #begun: HeaderBlock | undefined
  #parts: Uint8Array[] = []
  #size = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** The stream whose headers are not whole yet: nothing else may come before they are. */
  get unfinished(): number | undefined {
    return this.#begun?.stream
  }

  /** The whole block, once it is there. Throws a ConnectionError for frames that are not right, or without end. */
  take(frame: Frame): HeaderBlock | undefined {
    const part = this.#begun ? frame.payload : this.#begin(frame)
    this.#size += part.length
    if (this.#size > this.#limitBytes || this.#parts.length >= MOST_FRAMES)
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'headers without an end')
    const isWhole = (frame.flags & Flag.endHeaders) !== 0
    if (!isWhole || this.#parts.length > 0) this.#parts.push(part)
    if (!isWhole || !this.#begun) return undefined
    const bytes = this.#parts.length > 0 ? Buffer.concat(this.#parts) : part
    const block = { ...this.#begun, bytes }
    this.#begun = undefined
    this.#parts = []
    this.#size = 0
    return block
  }

  #begin(frame: Frame): Uint8Array {
    const { stream, flags } = frame
    const payload = unpadded(frame)
    const hasPriority = (flags & Flag.priority) !== 0
    if (hasPriority && payload.length < PRIORITY_BYTES)
      throw new ConnectionError(ErrorCode.frameSize, 'headers without the priority that they name')
    this.#begun = {
      stream,
      isLast: (flags & Flag.endStream) !== 0,
      isOfItself: hasPriority && isOfItself(stream, payload),
      bytes: NOTHING,
    }
    return hasPriority ? payload.subarray(PRIORITY_BYTES) : payload
  }
}
