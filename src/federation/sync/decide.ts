/**
 * What is to be done with one object of the host: a pure decision from what is known of it and of its copies. A cluster that does not answer keeps its
 * share for a while; so does one of which nothing has been seen yet, by what the host remembers of it.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { ClusterState } from '../inventory/health.ts'
import { planReplicas } from '../placement/planner.ts'
import type { Preferences } from '../placement/preferences.ts'
import { desiredObject, isAsDesired } from './desired.ts'
import type { FederatedKind } from './federated-kinds.ts'
import type { Fields } from './fields.ts'
import { replicasOf, specOf, statusOf } from './fields.ts'
import { isOver } from './gather.ts'
import { type JobShare, shareJob } from './share-job.ts'

/** One cluster, as far as it concerns the object. */
export interface ClusterView {
  readonly name: string
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly state: ClusterState
  /** All copies of the kind are known. */
  readonly isSynced: boolean
  /** The copy as last seen. */
  readonly copy?: KubernetesObject | undefined
  /** How many replicas there is room for, where that was found to be too few. */
  readonly capacity?: number
  /** Why nothing can be placed there, e.g. an object of somebody else. */
  readonly blocked?: string
}

/** What the host remembers of the object in a cluster, in the annotation. */
export interface Remembered {
  readonly state?: string
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly completions?: number
}

export interface DecisionInput {
  readonly kind: FederatedKind
  readonly object: KubernetesObject
  readonly uid: string
  readonly clusters: readonly ClusterView[]
  /** Which clusters may have it; nothing where it is not federated (any more). */
  readonly selector: { matches(labels: ClusterView['labels']): boolean }
  readonly preferences: Preferences
  readonly remembered: Readonly<Record<string, Remembered>>
  /** Autoscalers size the copies: what they have is theirs. */
  readonly isAutoscaled: boolean
}

export type Action =
  | { readonly verb: 'create'; readonly cluster: string; readonly desired: KubernetesObject }
  | {
      readonly verb: 'apply'
      readonly cluster: string
      readonly desired: KubernetesObject
      readonly copy: KubernetesObject
    }
  | { readonly verb: 'delete'; readonly cluster: string; readonly copy: KubernetesObject }

export interface Decision {
  readonly actions: readonly Action[]
  /** By cluster, of those that are to have it or still do. */
  readonly placement: Readonly<Record<string, Remembered>>
  /** Copies that count for the status. */
  readonly copies: readonly { readonly cluster: string; readonly copy: KubernetesObject }[]
  /** Every cluster has what it is to have, and has seen it. */
  readonly isSettled: boolean
}

export function decide(input: DecisionInput): Decision {
  const wanted = input.clusters.filter(({ labels }) => input.selector.matches(labels))
  const shares = sharesOf(input, wanted)
  const actions: Action[] = []
  const placement: Record<string, Remembered> = {}
  const copies: { cluster: string; copy: KubernetesObject }[] = []
  let isSettled = true
  for (const cluster of input.clusters) {
    const { name, copy } = cluster
    const share = wanted.includes(cluster) ? shares.get(name) : undefined
    const action = actionFor(input, cluster, share)
    if (action) actions.push(action)
    const state = stateText(cluster, action)
    if (wanted.includes(cluster) || copy) {
      const entry = rememberedOf(input, cluster, share)
      if (share || copy || state) placement[name] = { ...(state ? { state } : {}), ...entry }
    }
    // What is on its way out counts for nothing, nor does what nobody can ask about.
    const counts = share !== undefined && copy !== undefined && cluster.state !== 'Offline'
    if (counts) copies.push({ cluster: name, copy })
    if (state !== undefined && state !== 'Offline') isSettled = false
    if (counts && !hasSeenItself(input.kind, copy)) isSettled = false
  }
  return { actions, placement, copies, isSettled }
}

/** What of the spec is each cluster's own; a cluster that is not in it gets no copy. */
function sharesOf(input: DecisionInput, wanted: readonly ClusterView[]): Map<string, Fields> {
  switch (input.kind.shares) {
    case undefined:
      return new Map(wanted.map(({ name }) => [name, {}]))
    case 'replicas':
      return replicaShares(input, wanted)
    case 'job':
      return new Map<string, JobShare & Fields>(shareJob(input, wanted))
  }
}

const isKnown = ({ state, isSynced }: ClusterView) => state === 'Ready' && isSynced

function replicaShares(input: DecisionInput, wanted: readonly ClusterView[]): Map<string, Fields> {
  const shares = new Map<string, Fields>()
  let left = replicasOf(input.object)
  const open: ClusterView[] = []
  for (const cluster of wanted) {
    const { name, copy, state, blocked } = cluster
    if (state === 'Offline' || (blocked !== undefined && !copy)) continue
    if (isKnown(cluster)) {
      open.push(cluster)
      continue
    }
    const kept = input.remembered[name]?.replicas ?? (copy ? replicasOf(copy) : 0)
    left -= kept
    if (kept > 0 || copy) shares.set(name, { replicas: kept })
  }
  const { replicas, overflow } = planReplicas({
    replicas: Math.max(0, left),
    preferences: input.preferences,
    clusters: open.map(({ name }) => name),
    // What autoscalers made of copies says nothing of how many a new one should begin with.
    current: new Map(
      input.isAutoscaled ? [] : open.flatMap(cluster => runningOf(cluster, input.remembered)),
    ),
    capacity: new Map(
      open.flatMap(({ name, capacity }) => (capacity === undefined ? [] : [[name, capacity]])),
    ),
    key: `${input.object.metadata.namespace}/${input.object.metadata.name}`,
  })
  for (const { name, copy } of open) {
    const count = (replicas.get(name) ?? 0) + (overflow.get(name) ?? 0)
    // A copy that has nothing to do any more stays, in case there is something again.
    if (input.isAutoscaled)
      shares.set(name, { replicas: copy ? replicasOf(copy) : Math.max(1, count) })
    else if (count > 0 || copy) shares.set(name, { replicas: count })
  }
  return shares
}

/**
 * What a cluster was given counts as running, also where it only begins to: a copy that starts must not lose its share to one that is quicker, nor one
 * that somebody in its cluster has given another size.
 */
function runningOf(
  { name, copy }: ClusterView,
  remembered: DecisionInput['remembered'],
): readonly (readonly [string, number])[] {
  if (!copy) return []
  return [[name, remembered[name]?.replicas ?? replicasOf(copy)]]
}

function actionFor(
  { kind, object, uid }: DecisionInput,
  cluster: ClusterView,
  share: Fields | undefined,
): Action | undefined {
  const { name, copy } = cluster
  if (!isKnown(cluster)) return undefined
  if (!share) {
    const isLeaving = copy?.metadata.deletionTimestamp !== undefined
    return copy && !isLeaving ? { verb: 'delete', cluster: name, copy } : undefined
  }
  if (copy?.metadata.deletionTimestamp !== undefined || cluster.blocked !== undefined)
    return undefined
  // What ended is not to begin anew because somebody cleaned up.
  if (!copy && kind.shares === 'job' && isOver(object)) return undefined
  const desired = desiredObject(kind, object, { uid, cluster: name, share })
  if (!copy) return { verb: 'create', cluster: name, desired }
  return isAsDesired(copy, desired) ? undefined : { verb: 'apply', cluster: name, desired, copy }
}

function stateText(
  { state, isSynced, blocked, copy }: ClusterView,
  action: Action | undefined,
): string | undefined {
  if (state !== 'Ready') return state
  if (!isSynced) return 'Unknown'
  if (blocked !== undefined) return blocked
  if (copy?.metadata.deletionTimestamp !== undefined) return 'Deleting'
  if (action?.verb === 'delete') return 'Deleting'
  return action ? 'Pending' : undefined
}

function rememberedOf(
  { kind, remembered }: DecisionInput,
  { name, copy, state }: ClusterView,
  share: Fields | undefined,
): Remembered {
  if (kind.shares === undefined) return {}
  // What a job of a cluster that is gone was to do, nobody else does.
  const completions = share?.completions ?? remembered[name]?.completions
  const told = typeof completions === 'number' ? { completions } : {}
  if (kind.shares === 'job') return told
  if (state === 'Offline') return {}
  const ready = copy ? Number(statusOf(copy).readyReplicas ?? 0) : 0
  return {
    ...(share === undefined ? {} : { replicas: Number(share.replicas) }),
    ...(copy === undefined ? {} : { readyReplicas: ready }),
  }
}

/** Its controllers have looked at it as it is. */
function hasSeenItself({ shares }: FederatedKind, copy: KubernetesObject): boolean {
  // Jobs do not say so.
  if (shares === 'job' || specOf(copy).template === undefined) return true
  return Number(statusOf(copy).observedGeneration ?? 0) >= (copy.metadata.generation ?? 0)
}
