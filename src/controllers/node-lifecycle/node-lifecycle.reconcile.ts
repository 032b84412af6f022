/** What is to be written about a node that is silent, or back. */
import { type Node, type NodeCondition, node as nodeKind, type Taint } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rfc3339 } from '#base/clock.ts'
import type { Write } from '../runner/controller.ts'
import { conditionOf, isFinished } from '../runner/pods.ts'
import { sameTaints, wantedTaints } from './taints.ts'

/** The conditions that a kubelet keeps, in upstream's order. */
const KEPT = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

export interface NodeWorld {
  readonly node: Node
  readonly pods: () => readonly Pod[]
  /** Not looked at before. */
  readonly isNew: boolean
  /** No sign of life for longer than the grace period. */
  readonly silent: boolean
  /** Pods may be driven off now; not so while all nodes are down, or too many are at once. */
  readonly mayEvict: boolean
  /** No node of the cluster is heard of, so that this side is likely to be the one cut off. */
  readonly allDown: boolean
  readonly nowMs: number
}

export interface NodeDecision {
  readonly writes: Write[]
  /** A NoExecute taint is wanted, and set if it may be. */
  readonly evicting: boolean
}

export function reconcile(world: NodeWorld): NodeDecision {
  const { node, silent, nowMs } = world
  const now = rfc3339(nowMs)
  const writes: Write[] = world.isNew ? [registered(node)] : []
  const conditions = silent ? unknownConditions(node, now) : (node.status.conditions ?? [])
  if (conditions !== node.status.conditions)
    writes.push({
      verb: 'update',
      kind: nodeKind,
      object: { ...node, status: { ...node.status, conditions: [...conditions] } },
      subresource: 'status',
    })
  const ready = conditionOf(conditions, 'Ready')?.status === 'True'
  if (!ready) writes.push(...podsNotReady(world))
  const wanted = world.allDown
    ? withoutNoExecute(wantedTaints(node, { evict: false, now, conditions: [...conditions] }))
    : wantedTaints(node, { evict: world.mayEvict, now, conditions: [...conditions] })
  if (!sameTaints(wanted, node.spec.taints ?? [])) {
    const { uid, resourceVersion } = node.metadata
    // Taints are one atomic list: only on top of what was seen, or another's taint could get lost.
    const guarded = writes.some(write => write.verb === 'update')
      ? { uid }
      : { uid, resourceVersion }
    const patch = { metadata: guarded, spec: { taints: wanted } }
    writes.push({ verb: 'patch', kind: nodeKind, object: node, type: 'merge', patch })
  }
  return { writes, evicting: !ready && !world.allDown }
}

/** As people look for it below a node; told again by each controller manager that meets the node. */
const registered = (node: Node): Write =>
  nodeEvent(node, 'RegisteredNode', `Registered Node ${node.metadata.name} in Controller`)

/** What is told of a node that is gone. */
export const removed = (node: Node): Write =>
  nodeEvent(node, 'RemovingNode', `Removing Node ${node.metadata.name} from Controller`)

const nodeEvent = (about: Node, reason: string, what: string): Write => ({
  verb: 'event',
  about,
  type: 'Normal',
  reason,
  text: { message: `Node ${about.metadata.name} event: ${what}` },
})

function withoutNoExecute(taints: readonly Taint[]): Taint[] {
  return taints.filter(
    ({ key, effect }) =>
      !(effect === 'NoExecute' && /^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(key)),
  )
}

/** The conditions with those that nobody keeps any more as Unknown; the same list when they are so already. */
function unknownConditions(node: Node, now: string): readonly NodeCondition[] {
  const known = node.status.conditions ?? []
  const told = KEPT.map((type): NodeCondition => {
    const before = conditionOf(known, type)
    if (before?.status === 'Unknown') return before
    const never = before === undefined
    return {
      type,
      status: 'Unknown',
      ...(before?.lastHeartbeatTime ? { lastHeartbeatTime: before.lastHeartbeatTime } : {}),
      lastTransitionTime: now,
      reason: never ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
      message: never ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
    }
  })
  if (told.every(condition => known.includes(condition))) return known
  const missing = told.filter(({ type }) => conditionOf(known, type) === undefined)
  const inPlace = known.map(before => conditionOf(told, before.type) ?? before)
  return [...inPlace, ...missing]
}

/** Pods on a node that is not ready serve nobody: their endpoints have to go even if their kubelet cannot say so. */
function podsNotReady({ node, pods, nowMs }: NodeWorld): Write[] {
  const writes: Write[] = []
  for (const pod of pods()) {
    const ready = conditionOf(pod.status.conditions, 'Ready')
    if (isFinished(pod) || ready?.status !== 'True') continue
    const condition = { type: 'Ready', status: 'False', lastTransitionTime: rfc3339(nowMs) }
    writes.push({
      verb: 'patch',
      kind: podKind,
      object: pod,
      type: 'strategic',
      patch: { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } },
      subresource: 'status',
    })
    writes.push({
      verb: 'event',
      about: pod,
      type: 'Warning',
      reason: 'NodeNotReady',
      text: { message: 'Node is not ready' },
    })
  }
  if (writes.length > 0)
    writes.push({
      verb: 'event',
      about: node,
      type: 'Normal',
      reason: 'NodeNotReady',
      text: { message: `Node ${node.metadata.name} status is now: NodeNotReady` },
    })
  return writes
}
