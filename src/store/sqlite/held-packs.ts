import type { PlacedPack } from './placed-pack.ts'

/**
 * Bytes of whole packs, of which those that came first are let go where there is no room for all.
 *
 * They are copied into one buffer, over and over again: kept as they were read, some megabytes for each page of a long list, they lived just long enough to
 * become old, and only a collection of all garbage gave them back. So what is read here has to be used, or copied, at once.
 */
export class HeldPacks {
  readonly #limitBytes: number
  /** Made when it is needed first; most stores never do. */
  #ring: Uint8Array<ArrayBuffer> | undefined
  /** Where the next pack would begin. Counted on for ever; its place in the ring is what is left of it when the length is taken away. */
  #end = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** The bytes of a pack, and behind them some of others; undefined where it is not held. */
  get({ heldAt }: PlacedPack): Uint8Array<ArrayBuffer> | undefined {
    if (heldAt === undefined || this.#end - heldAt > this.#limitBytes) return undefined
    return this.#ring?.subarray(heldAt % this.#limitBytes)
  }

  /** Copies the bytes of a pack, unless they are more than there is room for. */
  add(pack: PlacedPack, bytes: Uint8Array): void {
    const limit = this.#limitBytes
    if (bytes.length > limit) return
    this.#ring ??= new Uint8Array(limit)
    const untilEnd = limit - (this.#end % limit)
    if (bytes.length > untilEnd) this.#end += untilEnd
    this.#ring.set(bytes, this.#end % limit)
    pack.heldAt = this.#end
    this.#end += bytes.length
  }
}
