import type { Revision } from '../store.ts'
import { IDS_PER_REVISION } from './messages.ts'
import type { PlacedPack } from './placed-pack.ts'

/**
 * How much of what history does not tell any more stays in packs, as most of it is soon replaced: then all of a pack goes by itself, while what is still needed
 * when it goes has to be written again.
 */
export interface OldPackLimits {
  readonly changes: number
  readonly bytes: number
  /** Turns of the clock after which a pack is not waited for any more, so that a store with little to do does not carry it for ever. */
  readonly ticks: number
}

const usualLimits: OldPackLimits = { changes: 16_384, bytes: 24 * 1024 * 1024, ticks: 6 }
const BYTES_OF_A_CHANGE = 1024

/** What a change costs that goes with all of its pack, where one that lives on costs 1. */
const DEAD_WORK = 1 / 4

/** The packs of the file, the oldest first, and which of them may leave. */
export class OldPacks {
  #packs: PlacedPack[]
  readonly #limits: OldPackLimits
  /** So many of them hold nothing but what history does not tell any more. */
  #old = 0
  #oldChanges = 0
  #oldBytes = 0
  /** Of these, so many hold nothing that is needed, and so many changes are in them. */
  #dead = 0
  #deadChanges = 0
  /** How many were old at each of the last turns of the clock, the latest first. */
  #oldAtTicks: number[] = []

  constructor(packs: readonly PlacedPack[], compacted: Revision, limits = usualLimits) {
    this.#packs = [...packs]
    this.#limits = limits
    this.compact(compacted)
  }

  add(packs: readonly PlacedPack[]): void {
    for (const pack of packs) this.#packs.push(pack)
  }

  /** History up to there is not told any more. */
  compact(compacted: Revision): void {
    const end = (compacted + 1) * IDS_PER_REVISION
    for (let pack = this.#packs[this.#old]; pack && pack.lastId < end; ) {
      this.#oldChanges += pack.changes
      this.#oldBytes += pack.bytes
      pack = this.#packs[++this.#old]
    }
    this.#countDead()
  }

  #countDead(): void {
    while (this.#dead < this.#old) {
      const pack = this.#packs[this.#dead] as PlacedPack
      if (pack.needed !== 0) break
      this.#deadChanges += pack.changes
      this.#dead++
    }
  }

  /** Some time has passed. */
  tick(): void {
    this.#oldAtTicks = [this.#old, ...this.#oldAtTicks].slice(0, this.#limits.ticks)
  }

  /** What is to be done about those that may leave, in changes that live on. */
  get work(): number {
    return Math.max(
      this.#deadChanges * DEAD_WORK,
      this.#overdue,
      this.#oldChanges - this.#limits.changes,
      (this.#oldBytes - this.#limits.bytes) / BYTES_OF_A_CHANGE,
    )
  }

  /** So many of the first were old long ago. */
  get #overdue(): number {
    return this.#oldAtTicks[this.#limits.ticks - 1] ?? 0
  }

  /** The first of those that may leave, for so much work. */
  take(mostWork: number): readonly PlacedPack[] {
    let work = 0
    let changes = this.#oldChanges
    let bytes = this.#oldBytes
    let count = 0
    for (; count < this.#old && work < mostWork; count++) {
      const pack = this.#packs[count] as PlacedPack
      const isSpare = changes <= this.#limits.changes && bytes <= this.#limits.bytes
      const mayStay = isSpare && count >= this.#overdue
      if (pack.needed !== 0 && mayStay) break
      work += pack.needed === 0 ? DEAD_WORK * pack.changes : pack.changes
      changes -= pack.changes
      bytes -= pack.bytes
    }
    return this.#packs.slice(0, count)
  }

  /** So many of the first have left the file. */
  left(count: number): void {
    for (const pack of this.#packs.splice(0, count)) {
      pack.leaves = 'gone'
      this.#oldChanges -= pack.changes
      this.#oldBytes -= pack.bytes
      this.#old--
      if (this.#dead === 0) continue
      this.#dead--
      this.#deadChanges -= pack.changes
    }
    this.#oldAtTicks = this.#oldAtTicks.map(old => Math.max(0, old - count))
    this.#countDead()
  }
}
