/** How long the answers of one probe took, by upstream's buckets. */
import { type HistogramValues, histogramSamples, type Sample } from '#base/figures.ts'
import { USUAL } from '../figures/instruments.ts'

export class Durations {
  #values: HistogramValues & { counts: number[]; sum: number; count: number } = {
    ...{ bounds: USUAL, counts: USUAL.map(() => 0), sum: 0, count: 0 },
  }

  observe(seconds: number): void {
    const { bounds, counts } = this.#values
    const at = bounds.findIndex(bound => seconds <= bound)
    if (at >= 0) counts[at] = (counts[at] ?? 0) + 1
    const { sum, count } = this.#values
    this.#values = { bounds, counts, sum: sum + seconds, count: count + 1 }
  }

  samples(labels: Sample['labels']): readonly Sample[] {
    return this.#values.count === 0 ? [] : histogramSamples(labels, this.#values)
  }
}
