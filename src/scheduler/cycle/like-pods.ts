/**
 * What is known of every node for one sort of pod: pods that ask for the same get the same answers there, until the node changes.
 * Answers are found when they are needed for the first time, kept, and dropped for the nodes that changed since. Nodes
 * that refused are stepped over 32 at a time, so that a pod costs what its choice costs and not what the cluster has of nodes.
 */
import type { Status } from '../framework/status.ts'
import type { Change } from '../state/change-log.ts'
import type { DerivedValue } from '../state/derived.ts'

/** Undefined: not asked yet. Null: the node will do. */
type Known = Status | null | undefined

export class LikePods implements DerivedValue {
  readonly #verdicts: Known[]
  /** One bit a node: it will do, or has not been asked. */
  readonly #candidates: Uint32Array
  /** How many nodes refused with each status. */
  readonly counts: Map<Status, number> = new Map()
  /** Raw scores by plugin, then by node; those of nodes in `#scored` are right, as are the sums. */
  readonly scores: readonly Float64Array[]
  /** Weighted sums of the scores that count as they are, by node. */
  readonly sums: Float64Array
  readonly #scored: Uint8Array
  /** Whose scores these are. */
  #scoredBy = ''

  constructor(nodes: number, scorers: number) {
    this.#verdicts = new Array<Known>(nodes).fill(undefined)
    this.#candidates = new Uint32Array(Math.ceil(nodes / 32)).fill(0xffffffff)
    this.scores = Array.from({ length: scorers }, () => new Float64Array(nodes))
    this.sums = new Float64Array(nodes)
    this.#scored = new Uint8Array(nodes)
  }

  apply({ node: { position } }: Change): void {
    this.forget(position)
  }

  /** The node will be asked again. */
  forget(position: number): void {
    if (position < 0 || position >= this.#verdicts.length) return
    const known = this.#verdicts[position]
    if (known) this.#count(known, -1)
    this.#verdicts[position] = undefined
    this.#setBit(position, true)
    this.#scored[position] = 0
  }

  verdict(position: number): Known {
    return this.#verdicts[position]
  }

  /** Notes what the filters say of a node that was not asked before. */
  note(position: number, verdict: Status | undefined): void {
    this.#verdicts[position] = verdict ?? null
    if (!verdict) return
    this.#count(verdict, 1)
    this.#setBit(position, false)
  }

  /** The first place from `from` on, below `to`, whose node may do; -1 if there is none. */
  nextCandidate(from: number, to: number): number {
    for (let position = from; position < to; ) {
      const word = (this.#candidates[position >> 5] ?? 0) >>> (position & 31)
      if (word !== 0) {
        const found = position + (31 - Math.clz32(word & -word))
        return found < to ? found : -1
      }
      position = ((position >> 5) + 1) << 5
    }
    return -1
  }

  /** Scores of other plugins than these do not count: for one of two pods alike, a plugin may have had nothing to say. */
  scoredBy(plugins: string): void {
    if (plugins === this.#scoredBy) return
    this.#scoredBy = plugins
    this.#scored.fill(0)
  }

  isScored(position: number): boolean {
    return this.#scored[position] === 1
  }

  markScored(position: number): void {
    this.#scored[position] = 1
  }

  #setBit(position: number, value: boolean): void {
    const bit = 1 << (position & 31)
    const word = this.#candidates[position >> 5] ?? 0
    this.#candidates[position >> 5] = value ? word | bit : word & ~bit
  }

  #count(status: Status, by: 1 | -1): void {
    const count = (this.counts.get(status) ?? 0) + by
    if (count > 0) this.counts.set(status, count)
    else this.counts.delete(status)
  }
}
