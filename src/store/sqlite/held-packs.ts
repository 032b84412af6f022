import { NOWHERE } from '#base/arrival-order.ts'
import { HeldValues, type Holder } from './held-values.ts'

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
    const letGo = () => void this.#packs.delete(id)
    const pack = { bytes, size: bytes.length, slot: NOWHERE, letGo }
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

interface HeldPack extends Holder {
  readonly bytes: Uint8Array<ArrayBuffer>
}
