/**
 * Where all that one turn sends is put together. A buffer serves again as soon as its socket has taken what was in it: made anew for each
 * piece they are garbage outside the heap, and a thousand watches made V8 collect several times a second for nothing else.
 */

/** A few answers, and the most that goes as one piece. What is larger, which is rare, is made for once. */
const SIZES = [16 * 1024, 96 * 1024] as const
/**
 * Of both sizes together: some 120 connections that are sent all they can take at the same time. With room for half of them, a thousand watches on
 * a hundred connections made V8 collect five times a second, which took a third of what the server took.
 */
export const KEPT_BYTES = 12 * 1024 * 1024

export class OutputBuffers {
  readonly #keptLimit: number
  readonly #free = new Map<number, Buffer[]>(SIZES.map(size => [size, []]))
  #keptBytes = 0

  constructor(keptBytes = KEPT_BYTES) {
    this.#keptLimit = keptBytes
  }

  /** At least so long, with anything in it. It is the taker's alone until given back. */
  take(bytes: number): Buffer {
    const size = SIZES.find(each => each >= bytes)
    if (size === undefined) return Buffer.allocUnsafeSlow(bytes)
    const used = this.#free.get(size)?.pop()
    if (!used) return Buffer.allocUnsafeSlow(size)
    this.#keptBytes -= size
    return used
  }

  /** Nobody looks at it any more. */
  giveBack(buffer: Buffer): void {
    const free = this.#free.get(buffer.length)
    if (!free || this.#keptBytes + buffer.length > this.#keptLimit) return
    this.#keptBytes += buffer.length
    free.push(buffer)
  }
}
