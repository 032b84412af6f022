/** How often preemption was tried and how much it took, over all profiles; for metrics. */

/** The upper bounds of `scheduler_preemption_victims`, in pods. */
export const VICTIM_BUCKETS: readonly number[] = [1, 2, 4, 8, 16, 32, 64]

export class PreemptionFigures {
  /** `scheduler_preemption_attempts_total`. */
  attempts = 0
  /** Preemptions by their number of victims: one count for each bucket, each with all below it, and one for all. */
  readonly victimCounts: number[] = new Array<number>(VICTIM_BUCKETS.length + 1).fill(0)
  victimSum = 0

  observeVictims(count: number): void {
    this.victimSum += count
    for (const [i, bound] of [...VICTIM_BUCKETS, Number.POSITIVE_INFINITY].entries())
      if (count <= bound) this.victimCounts[i] = (this.victimCounts[i] ?? 0) + 1
  }
}
