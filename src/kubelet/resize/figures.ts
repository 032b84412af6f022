/** What is counted of resizes, under upstream's names. */
import { compareQuantities } from '#api/machinery/quantity.ts'
import type { FigureBook } from '#base/figures.ts'
import type { Pod } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import { AMOUNTS, RESIZABLE, type Resources } from './allocation.ts'
import { RESIZE_IN_PROGRESS, RESIZE_PENDING } from './resize-state.ts'

/** Why a resize that had to wait was looked at again. Upstream looks every few minutes, too, which finds what nobody told it of. */
export type RetryTrigger =
  | 'pod_updated'
  | 'pod_resized'
  | 'pod_terminated'
  | 'pods_removed'
  | 'periodic_retry'

export interface ResizeFigures {
  /** Somebody asks for something else, whatever comes of it. */
  requested(before: Pod, after: Pod): void
  /** Because of swap, or because the node has not so much. */
  infeasible(isForSwap: boolean): void
  acceptedLate(trigger: RetryTrigger): void
  /** Running containers were given what they are to have, or not. */
  actuated(tookMs: number, isSuccess: boolean): void
}

const SECOND = 1000
const DURATION_BOUNDS_MS = [
  10,
  50,
  100,
  500,
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600].map(seconds => seconds * SECOND),
]

export function createResizeFigures(
  book: FigureBook,
  workers: () => readonly PodWorker[],
): ResizeFigures {
  const requested = book.counter(
    'kubelet_container_requested_resizes_total',
    'Number of requested resizes, counted at the container level, for each resource that changes.',
    ['resource', 'requirement', 'operation'],
  )
  const infeasible = book.counter(
    'kubelet_pod_infeasible_resizes_total',
    'Number of infeasible resizes for pods.',
    ['reason_detail'],
  )
  const acceptedLate = book.counter(
    'kubelet_pod_deferred_accepted_resizes_total',
    'Cumulative number of resizes that were accepted after being deferred.',
    ['retry_trigger'],
  )
  const durations = book.histogram(
    'kubelet_pod_resize_duration_milliseconds',
    'Duration in milliseconds to actuate a pod resize',
    DURATION_BOUNDS_MS,
    ['success'],
  )
  const conditions = () => workers().flatMap(({ resize }) => resize?.conditions() ?? [])
  book.gauge('kubelet_pod_pending_resizes', 'Number of pending resizes for pods.', () => {
    const pending = conditions().filter(({ type }) => type === RESIZE_PENDING)
    const byReason = Map.groupBy(pending, ({ reason = '' }) => reason.toLowerCase())
    return [...byReason].map(([reason, { length: value }]) => ({ labels: { reason }, value }))
  })
  book.gauge('kubelet_pod_in_progress_resizes', 'Number of in-progress resizes for pods.', () => [
    { labels: {}, value: conditions().filter(({ type }) => type === RESIZE_IN_PROGRESS).length },
  ])
  return {
    requested(before, after) {
      const known = new Map(containersOf(before).map(({ name, resources }) => [name, resources]))
      for (const { name, resources } of containersOf(after))
        if (known.has(name))
          for (const labels of changes(known.get(name), resources)) requested.add(labels)
    },
    infeasible: isForSwap =>
      infeasible.add([isForSwap ? 'swap_limitation' : 'insufficient_node_allocatable']),
    acceptedLate: trigger => acceptedLate.add([trigger]),
    actuated: (tookMs, isSuccess) => durations.observe([String(isSuccess)], tookMs),
  }
}

const containersOf = ({ spec }: Pod) => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
]

/** Label values of each amount that changed. */
function changes(before: Resources = {}, after: Resources = {}): string[][] {
  return RESIZABLE.flatMap(resource =>
    AMOUNTS.flatMap(requirement => {
      const change = operation(before[requirement]?.[resource], after[requirement]?.[resource])
      return change ? [[resource, requirement, change]] : []
    }),
  )
}

function operation(before = '0', after = '0'): string | undefined {
  const order = compareQuantities(after, before)
  if (order === 0) return undefined
  if (compareQuantities(before, '0') === 0) return 'add'
  if (compareQuantities(after, '0') === 0) return 'remove'
  return order > 0 ? 'increase' : 'decrease'
}
