import { HeldValues } from './held-values.ts'

/** Bytes of whole packs by their ids, of which those that came first are let go where there is no room for all. */
export class HeldPacks {
  readonly #held: HeldValues<HeldPack>
  readonly #packs = new Map<number, HeldPack>()

  constructor(limitBytes: number) {
    this.#held = new HeldValues(limitBytes)
  }

  get(id: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#packs.get(id)?.bytes
  }

  add(id: number, bytes: Uint8Array<ArrayBuffer>): void {
    const pack = { bytes, size: bytes.length, letGo: () => void this.#packs.delete(id) }
    this.#packs.set(id, pack)
    this.#held.add(pack)
  }

  delete(id: number): void {
    const pack = this.#packs.get(id)
    if (!pack) return
    this.#held.delete(pack)
    this.#packs.delete(id)
  }
}

interface HeldPack {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly size: number
  letGo(): void
}
