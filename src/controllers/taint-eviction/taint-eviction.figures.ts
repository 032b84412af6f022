/** What upstream's controller counts of pods that taints drive off. */
import type { FigureBook } from '#base/figures.ts'
import type { Look } from '../runner/controller.ts'
import type { EvictionOutcome } from './taint-eviction.reconcile.ts'

const BOUNDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240]

export function countEvictions(book: FigureBook): (look: Look) => void {
  const deletions = book.counter(
    'taint_eviction_controller_pod_deletions_total',
    'Pods that were deleted for a taint of their node.',
  )
  const delays = book.histogram(
    'taint_eviction_controller_pod_deletion_duration_seconds',
    'How long after its time such a pod is deleted.',
    BOUNDS,
  )
  return ({ outcome, error }) => {
    const { lateMs } = (outcome ?? {}) as Partial<EvictionOutcome>
    if (lateMs === undefined || error !== undefined) return
    deletions.add([])
    delays.observe([], lateMs / 1000)
  }
}
