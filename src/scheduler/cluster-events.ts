/** Turns what happens to nodes and pods into the scheduler's view of them: its state, and who waits in the queue. */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Informer } from '#client/informer.ts'
import { actions, type ClusterEvent } from './framework/cluster-event.ts'
import type { WaitingPods } from './framework/waiting-pods.ts'
import { hopeOf } from './queue/hope.ts'
import { podChange } from './queue/pod-change.ts'
import type { SchedulingQueue } from './queue/scheduling-queue.ts'
import type { ClusterState } from './state/cluster-state.ts'
import type { Nominator } from './state/nominator.ts'
import { podInfoOf } from './state/pod-info.ts'

export interface ClusterEvents {
  readonly nodes: Informer<Node>
  readonly pods: Informer<Pod>
  readonly state: ClusterState
  readonly queue: SchedulingQueue
  readonly nominator: Nominator
  readonly waitingPods: WaitingPods
  /** Whether pods that ask for this scheduler are placed here. */
  readonly isOurs: (schedulerName: string) => boolean
  /** Told once of a pod that would be placed but for its being deleted. */
  readonly skipped: (found: Pod) => void
}

/** Follows nodes and pods; the returned functions end it. */
export function followCluster(events: ClusterEvents): (() => void)[] {
  const { nodes, pods, state, queue } = events
  return [
    nodes.subscribe({
      changed(next, previous) {
        state.setNode(next)
        const event = nodeEvent(next, previous)
        if (event) queue.happened(event)
      },
      deleted(gone) {
        state.removeNode(gone.metadata.name ?? '')
        const label = 'NodeDelete'
        queue.happened({ resource: 'Node', action: actions.delete, label, previous: gone })
      },
    }),
    pods.subscribe({
      changed(next, previous) {
        if (isFinished(next)) podGone(events, next)
        else if (next.spec.nodeName) podPlaced(events, next, previous)
        else podWaits(events, next, previous)
      },
      deleted: last => podGone(events, last),
    }),
  ]
}

function podPlaced(events: ClusterEvents, next: Pod, previous: Pod | undefined): void {
  const { state, queue, nominator } = events
  const uid = next.metadata.uid ?? ''
  queue.remove(uid)
  nominator.delete(uid)
  state.setPod(next)
  const resource = 'AssignedPod'
  if (!previous?.spec.nodeName) {
    queue.happened({ resource, action: actions.add, label: 'AssignedPodAdd', next })
    return
  }
  const action = podChange(previous, next)
  if (action !== 0) queue.happened({ resource, action, label: 'AssignedPodUpdate', previous, next })
}

/** A pod without a node: to be placed, unless it is another's, on its way out, or held back. */
function podWaits(events: ClusterEvents, next: Pod, previous: Pod | undefined): void {
  const { state, queue, nominator, isOurs, skipped } = events
  const { metadata, spec, status } = next
  const uid = metadata.uid ?? ''
  if (!isOurs(spec.schedulerName ?? '')) return
  // Placed already, only not bound yet: the binding's outcome decides.
  if (state.isPlaced(uid)) return
  if (metadata.deletionTimestamp) {
    queue.remove(uid)
    endHope(events, next)
    const isGated = (spec.schedulingGates?.length ?? 0) > 0
    if (!isGated && !previous?.metadata.deletionTimestamp) skipped(next)
    return
  }
  const info = podInfoOf(next)
  const hope = hopeOf(nominator, info)
  // A nomination that is not written yet must not be lost to an older state of the pod.
  if (status.nominatedNodeName) nominator.add(info, status.nominatedNodeName)
  else if (previous?.status.nominatedNodeName) nominator.delete(uid)
  queue.set(info)
  hope.tellIfOver(queue)
  // Whoever waits for the rest of its group is told; to all others, another waiting pod means nothing.
  if (previous || !spec.schedulingGroup) return
  const label = 'UnscheduledPodAdd'
  queue.happened({ resource: 'UnscheduledPod', action: actions.add, label, next })
}

function podGone(events: ClusterEvents, last: Pod): void {
  const { state, queue, nominator, waitingPods } = events
  const uid = last.metadata.uid ?? ''
  queue.remove(uid)
  waitingPods.get(uid)?.reject('', 'the pod was deleted')
  if (state.isPlaced(uid)) {
    nominator.delete(uid)
    state.removePod(uid)
    roomFreed(events, last)
  } else endHope(events, last)
}

/** Room that was kept for a pod is as good as room that a pod leaves. */
function endHope(events: ClusterEvents, last: Pod): void {
  const { nominator } = events
  const uid = last.metadata.uid ?? ''
  if (nominator.nodeOf(uid) === undefined) return
  nominator.delete(uid)
  roomFreed(events, last)
}

function roomFreed({ queue }: ClusterEvents, previous: Pod): void {
  const label = 'AssignedPodDelete'
  queue.happened({ resource: 'AssignedPod', action: actions.delete, label, previous })
}

function isFinished({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed'
}

const text = (value: unknown): string => JSON.stringify(value) ?? ''

/** What changed of a node, undefined for what concerns nobody, such as a heartbeat. */
function nodeEvent(next: Node, previous: Node | undefined): ClusterEvent | undefined {
  const resource = 'Node'
  if (!previous) return { resource, action: actions.add, label: 'NodeAdd', next }
  const changes: [keyof typeof actions, (node: Node) => unknown][] = [
    ['updateNodeAllocatable', ({ status }) => status.allocatable],
    ['updateNodeLabel', ({ metadata }) => metadata.labels],
    ['updateNodeTaint', ({ spec }) => [spec.taints, spec.unschedulable]],
    ['updateNodeDeclaredFeature', ({ status }) => status.declaredFeatures],
    ['updateNodeAnnotation', ({ metadata }) => metadata.annotations],
    ['updateNodeCondition', ({ status }) => status.conditions?.map(one => [one.type, one.status])],
  ]
  let action = 0
  for (const [name, of] of changes)
    if (text(of(previous)) !== text(of(next))) action |= actions[name]
  return action === 0 ? undefined : { resource, action, label: 'NodeUpdate', previous, next }
}
