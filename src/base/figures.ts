/**
 * What a role counts and measures, under the names that dashboards of Kubernetes read, and its text for Prometheus. Each instrument
 * holds a bounded number of series: what comes beyond is left out rather than taking memory without end.
 */

/** Of one instrument; labels whose values users choose must not be used without need. */
const SERIES_LIMIT = 1000

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** What a histogram's lines end with: `_bucket`, `_sum` and `_count`. */
  readonly suffix?: string
}

export interface Figure {
  /** As Prometheus wants it: lower case, `_total` for counters. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** By label values; a role takes care that there are few. */
  readonly values: readonly Sample[]
}

/** Asked at each scrape. */
export type FigureSource = () => readonly Figure[]

export interface Counter {
  /** Adds to the series of these label values, in the order of the label names. */
  add(labels: readonly string[], by?: number): void
}
export interface Histogram {
  observe(labels: readonly string[], value: number): void
}

/** Instruments by name: who asks for a name again gets the same one, so that a role that starts anew goes on counting. */
export interface FigureBook {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  /** `bounds` are the upper ends of its buckets, ascending. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labels?: readonly string[],
  ): Histogram
  /** Read at each scrape; a later call replaces the reader. */
  gauge(name: string, help: string, read: () => readonly Sample[]): void
  readonly source: FigureSource
}

export function createFigureBook(): FigureBook {
  const figures = new Map<string, () => Figure>()
  const counters = new Map<string, Counter>()
  const histograms = new Map<string, Histogram>()
  return {
    counter(name, help, names = []) {
      let counter = counters.get(name)
      if (!counter) {
        const series = new Series(names, () => ({ value: 0 }))
        counter = {
          add(labels, by = 1) {
            const cell = series.at(labels)
            if (cell) cell.value += by
          },
        }
        counters.set(name, counter)
        const values = () => series.map((labels, { value }) => [{ labels, value }])
        figures.set(name, () => ({ name, help, type: 'counter', values: values() }))
      }
      return counter
    },
    histogram(name, help, bounds, names = []) {
      let histogram = histograms.get(name)
      if (!histogram) {
        const series = new Series(names, () => new Buckets(bounds))
        histogram = { observe: (labels, value) => series.at(labels)?.observe(value) }
        histograms.set(name, histogram)
        const values = () => series.map((labels, buckets) => buckets.samples(labels))
        figures.set(name, () => ({ name, help, type: 'histogram', values: values() }))
      }
      return histogram
    },
    gauge(name, help, read) {
      figures.set(name, () => ({ name, help, type: 'gauge', values: read() }))
    },
    source: () => [...figures.values()].map(figure => figure()),
  }
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) =>
    Number((start * factor ** index).toPrecision(12)),
  )
}

class Series<T> {
  readonly #names: readonly string[]
  readonly #create: () => T
  readonly #cells = new Map<string, { labels: readonly string[]; cell: T }>()

  constructor(names: readonly string[], create: () => T) {
    this.#names = names
    this.#create = create
    // A series without labels shows from the start on, at zero.
    if (names.length === 0) this.at([])
  }

  at(labels: readonly string[]): T | undefined {
    // Asked with each request: mostly there is one label, which needs no other text.
    const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\0')
    let entry = this.#cells.get(key)
    if (!entry && this.#cells.size < SERIES_LIMIT) {
      entry = { labels, cell: this.#create() }
      this.#cells.set(key, entry)
    }
    return entry?.cell
  }

  map(show: (labels: Sample['labels'], cell: T) => Sample[]): Sample[] {
    return [...this.#cells.values()].flatMap(({ labels, cell }) =>
      show(Object.fromEntries(this.#names.map((name, at) => [name, labels[at] ?? ''])), cell),
    )
  }
}

class Buckets {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0
  #count = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    this.#sum += value
    this.#count++
    const bounds = this.#bounds
    let at = 0
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++
    if (at < bounds.length) this.#counts[at] = (this.#counts[at] ?? 0) + 1
  }

  samples(labels: Sample['labels']): Sample[] {
    const [sum, count] = [this.#sum, this.#count]
    return histogramSamples(labels, { bounds: this.#bounds, counts: this.#counts, sum, count })
  }
}

export interface HistogramValues {
  readonly bounds: readonly number[]
  /** Of each bucket alone, without those below it. */
  readonly counts: readonly number[]
  readonly sum: number
  /** Of all buckets and what is above them. */
  readonly count: number
}

/** The series of one histogram. */
export function histogramSamples(
  labels: Sample['labels'],
  { bounds, counts, sum, count }: HistogramValues,
): Sample[] {
  let below = 0
  const buckets = bounds.map((bound, at) => {
    below += counts[at] ?? 0
    return { suffix: '_bucket', labels: { ...labels, le: boundText(bound) }, value: below }
  })
  return [
    ...buckets,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ]
}

/** As Go prints numbers: dashboards compare bounds as text. */
function boundText(bound: number): string {
  const [, digits, sign, power = ''] = /^(.+)e([+-])(\d+)$/.exec(bound.toExponential()) ?? []
  const exponent = Number(`${sign}${power}`)
  if (exponent >= -4 && exponent < 6) return String(bound)
  return `${digits}e${sign}${power.padStart(2, '0')}`
}

/** In Prometheus' text format. */
export function figuresText(sources: readonly FigureSource[]): string {
  const lines: string[] = []
  for (const { name, help, type, values } of sources.flatMap(source => source())) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    for (const { labels, value, suffix = '' } of values)
      lines.push(`${name}${suffix}${labelsText(labels)} ${value}`)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
