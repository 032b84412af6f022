/** Counts and measures in a kubelet's book. An instrument takes room when it is first used, as a process may run a thousand hollow nodes. */
import type { FigureBook, FigureSource } from '#base/figures.ts'
import type { KubeletContext } from '../options.ts'
import {
  type CounterName,
  counters,
  type HistogramName,
  histograms,
  type Instrument,
} from './instruments.ts'

type Book = { readonly options: { readonly figures: FigureBook } }

/** `labels` are values in the order of the instrument's names. */
export function count({ options }: Book, name: CounterName, ...labels: readonly string[]): void {
  counterOf(options.figures, name).add(labels)
}

/** Several at once. */
export function countTimes({ options }: Book, name: CounterName, times: number): void {
  if (times > 0) counterOf(options.figures, name).add([], times)
}

export function observe(
  { options }: Book,
  name: HistogramName,
  value: number,
  ...labels: readonly string[]
): void {
  histogramOf(options.figures, name).observe(labels, value)
}

/** How long `work` takes in seconds, whatever comes of it. */
export async function timed<T>(
  context: Pick<KubeletContext, 'clock' | 'options'>,
  [name, ...labels]: readonly [HistogramName, ...string[]],
  work: () => Promise<T>,
): Promise<T> {
  const startMs = context.clock.monotonicMs()
  try {
    return await work()
  } finally {
    observe(context, name, (context.clock.monotonicMs() - startMs) / 1000, ...labels)
  }
}

/** All of the book, in the order of the names; what has no labels shows before it was ever used, as upstream's does. */
export function figuresIn(book: FigureBook): FigureSource {
  return () => {
    for (const name of Object.keys(counters) as CounterName[])
      for (const values of initialOf(name)) counterOf(book, name).add(values, 0)
    for (const name of Object.keys(histograms) as HistogramName[])
      if (!('labels' in histograms[name])) histogramOf(book, name)
    return book
      .source()
      .filter(({ values }) => values.length > 0)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }
}

/** Without labels there is one series, which shows from the start on. */
function initialOf(name: CounterName): readonly (readonly string[])[] {
  const { labels, initial = labels ? [] : [[]] }: Instrument = counters[name]
  return initial
}

function counterOf(book: FigureBook, name: CounterName) {
  const { help, labels = [] }: { help: string; labels?: readonly string[] } = counters[name]
  return book.counter(name, help, labels)
}

function histogramOf(book: FigureBook, name: HistogramName) {
  const instrument: { help: string; bounds: readonly number[]; labels?: readonly string[] } =
    histograms[name]
  return book.histogram(name, instrument.help, instrument.bounds, instrument.labels)
}
