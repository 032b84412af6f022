/** Takes pods off their nodes, and puts as many back as a group of pods can do without. */
import { sleep } from '#base/clock.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { GroupRun, Unit } from './group-preemption.victims.ts'
import { neededOf } from './pod-groups.ts'

type Places = ReadonlyMap<string, string>

/** After so long without a pause, others in the process get their turn. */
const SLICE_MS = 4

export class GroupAttempt {
  readonly #run: GroupRun
  /** Units that are to go, each with what puts it back. */
  readonly #gone = new Map<Unit, () => void>()
  #members: readonly PodInfo[] = []
  #missing = 0
  #sliceStartMs = 0

  constructor(run: GroupRun) {
    this.#run = run
    this.#look()
  }

  /** Where the members go, as things stand. */
  place(): Places {
    return this.#run.handle.trial.place(this.#members)
  }

  /** Whether enough of them have a node. */
  fits(places: Places): boolean {
    return places.size >= this.#missing
  }

  isGone(unit: Unit): boolean {
    return this.#gone.has(unit)
  }

  /**
   * Takes all the units, and gives back, in their order, those that cost no member its place. Gives where the members go then, with
   * everything in its place again; undefined where there is not enough room without all of them.
   */
  async makeRoom(units: readonly Unit[]): Promise<Places | undefined> {
    try {
      this.#take(units)
      let best = this.place()
      // As most of a large cluster can stay, twice as many are given back at a time until there are too many.
      let size = 1
      for (let from = 0; from < units.length && this.fits(best); ) {
        // Only then: to await anything lets others see, and change, what was taken.
        if (this.#isLong) {
          await this.#pause()
          best = this.place()
        }
        const some = units.slice(from, from + size)
        this.#giveBack(some)
        const left = this.place()
        if (this.fits(left) && left.size >= best.size) {
          best = left
          from += some.length
          size *= 2
          continue
        }
        this.#take(some)
        if (size === 1) from++
        else size = Math.floor(size / 2)
      }
      return this.fits(best) ? best : undefined
    } finally {
      for (const back of this.#gone.values()) back()
    }
  }

  #take(units: Iterable<Unit>): void {
    for (const unit of units) this.#gone.set(unit, this.#run.handle.trial.without(unit.pods))
  }

  #giveBack(units: readonly Unit[]): void {
    for (const unit of units) {
      this.#gone.get(unit)?.()
      this.#gone.delete(unit)
    }
  }

  /** Whether others have waited long enough for their turn. */
  get #isLong(): boolean {
    return this.#run.handle.clock.monotonicMs() - this.#sliceStartMs >= SLICE_MS
  }

  /** Gives others their turn. They see nothing of the attempt. */
  async #pause(): Promise<void> {
    const { clock, stopping } = this.#run.handle
    const units = [...this.#gone.keys()]
    this.#giveBack(units)
    await sleep(clock, 0, stopping)
    this.#take(units)
    this.#look()
  }

  #look(): void {
    const { handle, groups, group, key } = this.#run
    this.#members = groups.unplaced(key)
    this.#missing = neededOf(group) - groups.placed(key).length
    this.#sliceStartMs = handle.clock.monotonicMs()
  }
}
