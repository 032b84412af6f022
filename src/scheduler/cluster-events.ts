/** Turns what happens in the cluster into the scheduler's view of it: its state, and who waits in the queue. */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Informer } from '#client/informer.ts'
import { podInfoOf } from './pod-info.ts'
import type { SchedulingQueue } from './queue.ts'
import type { ClusterState } from './snapshot.ts'

export interface ClusterEvents {
  readonly nodes: Informer<Node>
  readonly pods: Informer<Pod>
  readonly state: ClusterState
  readonly queue: SchedulingQueue
  readonly schedulerName: string
  /** Called for pods that must not be placed yet. */
  readonly gated: (found: Pod) => void
}

/** Follows nodes and pods; the returned functions end it. */
export function followCluster(events: ClusterEvents): (() => void)[] {
  const { nodes, pods, state, queue } = events
  const podGone = (last: Pod) => {
    const uid = last.metadata.uid ?? ''
    queue.remove(uid)
    if (!state.isPlaced(uid)) return
    state.removePod(uid)
    queue.changed('pod-removed')
  }
  return [
    nodes.subscribe({
      changed(next, previous) {
        state.setNode(next)
        if (!previous) queue.changed('node-added')
        else if (concernText(previous) !== concernText(next)) queue.changed('node-changed')
      },
      deleted: gone => state.removeNode(gone.metadata.name ?? ''),
    }),
    pods.subscribe({
      changed(next, previous) {
        if (isFinished(next)) podGone(next)
        else if (next.spec.nodeName) {
          queue.remove(next.metadata.uid ?? '')
          state.setPod(next)
          if (!previous?.spec.nodeName) queue.changed('pod-added')
        } else podWaits(events, next)
      },
      deleted: podGone,
    }),
  ]
}

/** A pod without a node: to be placed, unless it is another's, on its way out, or held back by gates. */
function podWaits({ state, queue, schedulerName, gated }: ClusterEvents, found: Pod): void {
  const { metadata, spec } = found
  const uid = metadata.uid ?? ''
  // Placed already, only not bound yet: the binding's outcome decides.
  if (state.isPlaced(uid)) return
  const wanted = (spec.schedulerName || schedulerName) === schedulerName
  const isGated = (spec.schedulingGates ?? []).length > 0
  if (!wanted || metadata.deletionTimestamp || isGated) queue.remove(uid)
  else queue.set(podInfoOf(found))
  if (wanted && isGated) gated(found)
}

function isFinished({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed'
}

/** All of a node that decides what may run on it; heartbeats say nothing new. */
function concernText({ metadata, spec, status }: Node): string {
  const { unschedulable, taints } = spec
  return JSON.stringify([metadata.labels, unschedulable, taints, status.allocatable])
}
