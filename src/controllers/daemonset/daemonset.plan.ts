/** The state that one look at a DaemonSet works on: each node with the pods of the set. */
import type { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import type { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Node } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { type Batch, batchOf, type Write } from '../runner/controller.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { availableAtMs, isFinished } from '../runner/pods.ts'
import { share } from '../runner/share.ts'
import { isUpdated, newPod, targetNodeOf, type Verdict, verdictOn } from './daemonset.nodes.ts'

/** At most so many pods are created or deleted in one go, as upstream does. */
const BURST = 250

export interface DaemonSetWorld {
  readonly set: DaemonSet
  readonly nodes: readonly Node[]
  /** Pods that the set controls, and orphans in its namespace. */
  readonly pods: readonly Pod[]
  /** Revisions that the set controls, and orphans in its namespace. */
  readonly revisions: readonly ControllerRevision[]
  readonly revisionNamed: (name: string) => ControllerRevision | undefined
  /** How long the next failed pod of a node has to stay, so that a node that refuses it makes no hot loop. */
  readonly backOffMs: (node: string) => number
  readonly nowMs: number
}

/** A node, or the name of one that is gone, with its pods: those that are bound first, then the oldest. */
export interface Place extends Verdict {
  readonly name: string
  readonly exists: boolean
  readonly pods: readonly Pod[]
}

export interface Plan {
  readonly set: DaemonSet
  readonly hash: string
  readonly nowMs: number
  readonly backOffMs: (node: string) => number
  readonly places: readonly Place[]
  /** Nodes that are to get a pod. */
  readonly wanted: string[]
  readonly doomed: Pod[]
  readonly events: Write[]
  /** Nodes on which a failed pod is deleted. */
  readonly failedOn: string[]
  againAfterMs: number | undefined
}

export function planOf(world: DaemonSetWorld, owned: readonly Pod[], hash: string): Plan {
  const { set, nowMs, backOffMs } = world
  const byNode = new Map<string, Pod[]>()
  for (const pod of owned) {
    const node = targetNodeOf(pod)
    // What has ended and is only waiting to be removed makes room for its successor.
    if (node === undefined || (isFinished(pod) && pod.metadata.deletionTimestamp)) continue
    const known = byNode.get(node)
    if (known) known.push(pod)
    else byNode.set(node, [pod])
  }
  const places: Place[] = [...world.nodes]
    .map(node => ({ node, name: node.metadata.name ?? '' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ node, name }) => {
      const pods = (byNode.get(name) ?? []).sort(boundThenOldest)
      byNode.delete(name)
      return { name, exists: true, pods, ...verdictOn(set, node) }
    })
  for (const [name, pods] of byNode)
    places.push({ name, exists: false, pods, shouldRun: false, mayStay: false })
  const lists = { wanted: [], doomed: [], events: [], failedOn: [] }
  return { set, hash, nowMs, backOffMs, places, ...lists, againAfterMs: undefined }
}

function boundThenOldest(a: Pod, b: Pod): number {
  return (
    Number(Boolean(b.spec.nodeName)) - Number(Boolean(a.spec.nodeName)) ||
    (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
    (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')
  )
}

/** On how many nodes a pod may be missing, and on how many there may be two. */
export function limitsOf({ set, places }: Plan): { surge: number; unavailable: number } {
  const desired = places.filter(({ shouldRun }) => shouldRun).length
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec.updateStrategy.rollingUpdate ?? {}
  const surge = allowsSurge(set) ? share(maxSurge, desired, Math.ceil) : 0
  const unavailable = share(maxUnavailable, desired, Math.ceil)
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

export function allowsSurge({ spec: { updateStrategy } }: DaemonSet): boolean {
  const { maxSurge = 0 } = updateStrategy.rollingUpdate ?? {}
  return updateStrategy.type === 'RollingUpdate' && Number.parseInt(String(maxSurge), 10) > 0
}

export function isAvailable({ set, nowMs }: Plan, pod: Pod): boolean {
  const sinceMs = availableAtMs(pod, set.spec.minReadySeconds ?? 0)
  return sinceMs !== undefined && sinceMs <= nowMs
}

/** The one new and the one old pod of a node that stay; undefined when there are more, which are removed first. */
export function pairOn(
  { set, hash }: Plan,
  { pods }: Place,
): { fresh: Pod | undefined; old: Pod | undefined } | undefined {
  const staying = pods.filter(({ metadata }) => !metadata.deletionTimestamp)
  const fresh = staying.filter(pod => isUpdated(set, pod, hash))
  const old = staying.filter(pod => !isUpdated(set, pod, hash))
  if (fresh.length > 1 || old.length > 1) return undefined
  return { fresh: fresh[0], old: old[0] }
}

export function podWrites({ set, hash, wanted, doomed, events }: Plan): (Write | Batch)[] {
  const creations = wanted.slice(0, BURST).map(
    (node): Write => ({
      verb: 'create',
      kind: podKind,
      object: newPod(set, node, hash),
      tolerate: isNamespaceTerminating,
      report: {
        about: set,
        success: { reason: 'SuccessfulCreate', message: name => `Created pod: ${name}` },
        failure: { reason: 'FailedCreate', message: error => `Error creating: ${error}` },
      },
    }),
  )
  const deletions = doomed.slice(0, BURST).map(
    (pod): Write => ({
      verb: 'delete',
      kind: podKind,
      object: pod,
      report: {
        about: set,
        success: {
          reason: 'SuccessfulDelete',
          message: () => `Deleted pod: ${pod.metadata.name}`,
        },
        failure: { reason: 'FailedDelete', message: error => `Error deleting: ${error}` },
      },
    }),
  )
  return [...events, ...batchOf(creations, true), ...batchOf(deletions)]
}
