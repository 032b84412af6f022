/** What upstream counts about values that are sealed and opened, under its names (kubernetes/apiserver, pkg/storage/value/metrics.go). */
import type { Clock } from '#base/clock.ts'
import { createFigureBook, exponentialBounds, type FigureSource } from '#base/figures.ts'
import { codeOf } from './kms/key-service.ts'

export type Direction = 'from_storage' | 'to_storage'

export interface TransformationFigures {
  /** When something begins, for `ended`. */
  begin(): number
  /** `marks` are those of the provider and of its key, each of which is counted; an error counts by its code. */
  ended(what: Transformation, marks: readonly string[], startMs: number, error?: unknown): void
  readonly source: FigureSource
}

export interface Transformation {
  /** As `secrets` or `deployments.apps`. */
  readonly resource: string
  readonly direction: Direction
}

const PREFIX = 'apiserver_storage_transformation'

export function transformationFigures(clock: Clock): TransformationFigures {
  const book = createFigureBook()
  const total = book.counter(
    `${PREFIX}_operations_total`,
    'Values that were sealed for the store or opened from it, by the mark of the provider or key, and how it ended.',
    ['resource', 'transformation_type', 'transformer_prefix', 'status'],
  )
  const latency = book.histogram(
    `${PREFIX}_duration_seconds`,
    'Time in seconds that it took to seal or open a value.',
    exponentialBounds(5e-6, 2, 25),
    ['transformation_type', 'transformer_prefix'],
  )
  return {
    begin: () => clock.monotonicMs(),
    ended({ resource, direction }, marks, startMs, error) {
      const status = codeOf(error)
      const seconds = (clock.monotonicMs() - startMs) / 1000
      for (const mark of marks) {
        total.add([resource, direction, mark, status])
        if (error === undefined) latency.observe([direction, mark], seconds)
      }
    },
    source: book.source,
  }
}
