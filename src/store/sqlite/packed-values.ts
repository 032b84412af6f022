import type { FileEntry } from './file-entry.ts'
import type { PackedReader, PackedValue } from './file-packs.ts'
import { HeldPacks } from './held-packs.ts'
import { CRC_BYTES, checkedValue } from './pack.ts'
import type { PlacedPack } from './placed-pack.ts'
import { type Place, ROWS_PER_CHUNK } from './rows.ts'

/** Packs of which a list wanted little each: its next page lies in the same ones. Packs leave after so many changes of a kilobyte. */
const PACKS_BYTES = 16 * 1024 * 1024

/** A list that wants fewer at once is as quick without having them held. */
const FEWEST_PACKS_TO_HOLD = 32

/** A page is not to wait for all of them: so many more are held for each. */
const MOST_PACKS_AT_ONCE = 32

/** Of one pack; fewer are quicker by a statement for all that lie alone. */
const FEWEST_TO_READ_ALL = 3

/** Values that lie in packs, of which many are read together. */
export class PackedValues {
  readonly #held: HeldPacks

  constructor(limitBytes: number) {
    this.#held = new HeldPacks(Math.min(limitBytes, PACKS_BYTES))
  }

  /** Holds some more of the packs of entries whose values are about to be read, where that is worth it for the next page. */
  hold(entries: readonly FileEntry[], open: () => PackedReader): void {
    const wanted = entries.filter(({ isHeld, pack }) => !isHeld && isIn(pack))
    if (wanted.length < FEWEST_PACKS_TO_HOLD) return
    const packs = new Set(wanted.flatMap(({ pack }) => pack ?? []))
    if (packs.size < FEWEST_PACKS_TO_HOLD || wanted.length >= packs.size * FEWEST_TO_READ_ALL)
      return
    const others = [...packs].filter(pack => !this.#held.get(pack))
    for (const pack of others.slice(0, MOST_PACKS_AT_ONCE)) {
      const bytes = open().all(pack.id)
      if (bytes) this.#held.add(pack, bytes)
    }
  }

  /**
   * Brings values together, whose neighbours in their packs nobody wanted: of no more entries at once than rows. Hands over those that are there, and as they
   * were written. Of entries in the order of history.
   */
  read(
    entries: readonly FileEntry[],
    reader: PackedReader,
    take: (entry: FileEntry, place: Place) => void,
  ): void {
    for (let first = 0; first < entries.length; first += ROWS_PER_CHUNK) {
      const some = entries.slice(first, first + ROWS_PER_CHUNK)
      const bytes = new Uint8Array(some.reduce((sum, { size }) => sum + size, 0))
      let at = 0
      this.#each(some, reader, (entry, found) => {
        const value = checkedValue(found)
        if (value?.length !== entry.size) return
        bytes.set(value, at)
        take(entry, { bytes, at })
        at += value.length
      })
    }
  }

  /** Values with what stands before them. */
  #each(
    entries: readonly FileEntry[],
    reader: PackedReader,
    visit: (entry: FileEntry, found: Uint8Array<ArrayBuffer>) => void,
  ): void {
    const alone: FileEntry[] = []
    for (let first = 0, end = 0; first < entries.length; first = end) {
      const { pack } = entries[first] as FileEntry
      while (end < entries.length && entries[end]?.pack === pack) end++
      const isWorthAll = end - first >= FEWEST_TO_READ_ALL
      const all = pack && (this.#held.get(pack) ?? (isWorthAll ? reader.all(pack.id) : undefined))
      for (const entry of entries.slice(first, end)) {
        const { valueAt: at, size } = entry
        if (all) visit(entry, all.subarray(at - CRC_BYTES, at + size))
        else alone.push(entry)
      }
    }
    reader.some(alone.map(placeOf), (index, found) => visit(alone[index] as FileEntry, found))
  }
}

function placeOf({ pack, valueAt, size }: FileEntry): PackedValue {
  return [pack?.id ?? 0, valueAt, size]
}

/** Whether the file has it, as far as this thread knows. */
export function isIn(pack: PlacedPack | undefined): boolean {
  return pack !== undefined && pack.leaves !== 'gone'
}
