/** How much was used a second, from what was used altogether at two times. Nobody is measured but when somebody asks. */

interface Reading {
  readonly total: number
  readonly atMs: number
}

/** Readings nearer to each other tell nothing. */
const LEAST_SPAN_MS = 1000
/** A rate over a longer span is none of now. */
const LONGEST_SPAN_MS = 5 * 60_000

export class Rates {
  readonly #readings = new Map<string, { last: Reading; rate: number | undefined }>()

  /** A second, since the last reading under this name; undefined at the first. */
  of(name: string, total: number, atMs: number): number | undefined {
    const known = this.#readings.get(name)
    if (known && atMs - known.last.atMs < LEAST_SPAN_MS) return known.rate
    const spanMs = known ? atMs - known.last.atMs : Number.POSITIVE_INFINITY
    const used = total - (known?.last.total ?? 0)
    // Less than before is another one's: it began anew.
    const isTelling = spanMs <= LONGEST_SPAN_MS && used >= 0
    const rate = isTelling ? Math.round((used * 1000) / spanMs) : undefined
    this.#readings.set(name, { last: { total, atMs }, rate })
    return rate
  }

  /** Forgets all others. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#readings.keys()) if (!names.has(name)) this.#readings.delete(name)
  }
}
