/** What upstream's collector counts of the pods that it removes. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { FigureBook } from '#base/figures.ts'
import { type Look, writesOf } from '../runner/controller.ts'

const LABELS = ['namespace', 'reason']

export function countRemovals(
  book: FigureBook,
  hasNode: (name: string) => boolean,
): (look: Look) => void {
  const removed = book.counter(
    'pod_gc_collector_force_delete_pods_total',
    'Pods that were removed by force.',
    LABELS,
  )
  const failed = book.counter(
    'pod_gc_collector_force_delete_pod_errors_total',
    'Pods that could not be removed.',
    LABELS,
  )
  const reasonOf = ({ metadata, spec: { nodeName } }: Pod): string => {
    if (nodeName && !hasNode(nodeName)) return 'orphaned'
    if (!metadata.deletionTimestamp) return 'terminated'
    return nodeName ? 'out-of-service' : 'unscheduled'
  }
  return ({ outcome, error }) => {
    for (const write of outcome ? writesOf(outcome) : []) {
      if (write.verb !== 'delete') continue
      const labels = [write.object.metadata.namespace ?? '', reasonOf(write.object as Pod)]
      if (error === undefined) removed.add(labels)
      else failed.add(labels)
    }
  }
}
