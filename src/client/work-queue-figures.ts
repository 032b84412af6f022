/** What work queues tell of themselves, under the names and with the buckets of upstream's. */
import type { Clock } from '#base/clock.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import type { WorkQueue } from './work-queue.ts'

export interface WorkQueueMeter {
  added(): void
  /** A worker took a key that had waited for so long. */
  taken(waitedSeconds: number): void
  done(workedSeconds: number): void
  /** A key was added to be tried again. */
  retried(): void
}

const BOUNDS = exponentialBounds(1e-6, 10, 10)
const LABELS = ['name']

export function workQueueMeter(book: FigureBook, name: string): WorkQueueMeter {
  const adds = book.counter(
    'workqueue_adds_total',
    'Keys that were added to a queue; one that waits already does not count.',
    LABELS,
  )
  const retries = book.counter(
    'workqueue_retries_total',
    'Keys that were added again after a failure.',
    LABELS,
  )
  const waits = book.histogram(
    'workqueue_queue_duration_seconds',
    'How long keys wait in a queue.',
    BOUNDS,
    LABELS,
  )
  const works = book.histogram(
    'workqueue_work_duration_seconds',
    'How long keys are worked on.',
    BOUNDS,
    LABELS,
  )
  const labels = [name]
  adds.add(labels, 0)
  retries.add(labels, 0)
  return {
    added: () => adds.add(labels),
    taken: seconds => waits.observe(labels, seconds),
    done: seconds => works.observe(labels, seconds),
    retried: () => retries.add(labels),
  }
}

/** What is so at a scrape, of all queues by their names. */
export function showWorkQueues(
  book: FigureBook,
  queues: ReadonlyMap<string, WorkQueue>,
  clock: Clock,
): void {
  const gauge = (figure: string, help: string, of: (queue: WorkQueue) => number) =>
    book.gauge(`workqueue_${figure}`, help, () =>
      [...queues].map(([name, queue]) => ({ labels: { name }, value: of(queue) })),
    )
  const seconds = ({ runningSinceMs }: WorkQueue) => {
    const nowMs = clock.monotonicMs()
    return runningSinceMs.map(sinceMs => (nowMs - sinceMs) / 1000)
  }
  gauge('depth', 'Keys that wait in a queue.', ({ length }) => length)
  gauge(
    'unfinished_work_seconds',
    'How long all keys that are worked on now have been so.',
    queue => seconds(queue).reduce((sum, each) => sum + each, 0),
  )
  gauge(
    'longest_running_processor_seconds',
    'How long the key has been worked on that was begun first.',
    queue => Math.max(0, ...seconds(queue)),
  )
}
