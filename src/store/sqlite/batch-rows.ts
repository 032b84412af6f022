import type { Commit } from '../history.ts'
import { keyOf } from '../mvcc.ts'
import { FileEntry } from './file-entry.ts'
import type { ForgottenRow, Removal } from './forgotten-history.ts'
import { IDS_PER_REVISION, type LooseBatch, type WriteBatch } from './messages.ts'
import { PlacedPack } from './placed-pack.ts'

/** Puts changes into packs as they go to the writer. Those of one transaction share a pack, as far as it has room. */
export class Packing {
  #open: PlacedPack | undefined

  /** Whatever comes next begins a pack. */
  close(): void {
    this.#open = undefined
  }

  /** The pack for a change of such a size, and whether it begins with it. */
  packFor(id: number, keyLength: number, size: number): { pack: PlacedPack; isNew: boolean } {
    if (this.#open?.hasRoomFor(keyLength, size)) return { pack: this.#open, isNew: false }
    this.#open = new PlacedPack(id)
    return { pack: this.#open, isNew: true }
  }
}

/** What a batch does to the file, as it crosses to the writer. Changes to add come first. */
export class BatchRows {
  readonly #packing: Packing
  readonly #numbers: number[] = []
  readonly #values: Uint8Array[] = []
  /** Those that begin with this batch. */
  readonly packs: PlacedPack[] = []
  #size = 0
  #keys = ''
  #rows = 0
  #forgotten = 0
  #leaving = 0

  constructor(packing: Packing) {
    this.#packing = packing
  }

  addCommit({ revision, timeMs, events }: Commit): void {
    for (let place = 0; place < events.length; place++) {
      const event = events[place] as Commit['events'][number]
      const key = keyOf(event)
      const entry = event.type === 'put' ? event.entry : undefined
      const id = revision * IDS_PER_REVISION + place
      const size = entry ? entry.value.length : 0
      const { pack, isNew } = this.#packing.packFor(id, key.length, size)
      if (isNew) this.packs.push(pack)
      const placeInPack = pack.add(id, key.length, entry && size)
      if (entry instanceof FileEntry) entry.putInto(pack, placeInPack)
      this.#numbers.push(
        isNew ? -id : id,
        entry?.createRevision ?? 0,
        Math.floor(timeMs),
        key.length,
        entry ? size : -1,
      )
      this.#keys += key
      this.#rows++
      if (!entry) continue
      this.#values.push(entry.value)
      this.#size += size
    }
  }

  remove({ rows, packs }: Removal): void {
    for (const row of rows) this.#removeRow(row)
    for (const { id, needed } of packs) this.#numbers.push(id, needed)
    this.#leaving += packs.length
  }

  #removeRow({ modRevision, key }: ForgottenRow): void {
    this.#numbers.push(modRevision, key.length)
    this.#keys += key
    this.#forgotten++
  }

  finish(): Pick<
    LooseBatch,
    'numbers' | 'rows' | 'forgotten' | 'leaving' | 'keys' | 'values' | 'size'
  > {
    return {
      numbers: this.#numbers,
      rows: this.#rows,
      forgotten: this.#forgotten,
      leaving: this.#leaving,
      keys: this.#keys,
      values: this.#values,
      size: this.#size,
    }
  }
}

/** A batch as a message. */
export function joined({ values, size, ...batch }: LooseBatch) {
  const numbers = Float64Array.from(batch.numbers)
  const bytes = new Uint8Array(size)
  let at = 0
  for (const value of values) {
    bytes.set(value, at)
    at += value.length
  }
  const message: WriteBatch = { ...batch, numbers, bytes }
  return { message, handedOver: [numbers.buffer, bytes.buffer] }
}
