/**
 * What a plugin can do: the extension points of the scheduling framework. A plugin is a plain object with a name and the points
 * that it takes part in; `plugins.ts` lists them. Everything up to Permit is synchronous and decides from what it is given:
 * the state does not change between two points of one pod. What writes or waits comes afterwards, in the binding cycle.
 */
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { QueuedPod } from '../queue/queued-pod.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import type { EventInterest } from './cluster-event.ts'
import type { CycleState } from './cycle-state.ts'
import type { Status } from './status.ts'

export const MAXIMUM_NODE_SCORE = 100

/** An answer of a point that may wait for others. */
export type Eventually<T> = T | Promise<T>
/** Undefined is success. */
export type Verdict = Status | undefined

export interface PreFilterResult {
  /** A refusal holds for every node; `SKIP` leaves the plugin's Filter out. */
  readonly status?: Status
  /** Only these nodes come into question. */
  readonly nodes?: ReadonlySet<string>
}

/** Why no node will do, for PostFilter. */
export interface FilterFailure {
  /** The refusal of a node: its own, or the one of all nodes that were not asked one by one. */
  statusOf(node: NodeInfo): Status
  /** The same of a node by its place in the snapshot; quicker where many are asked about. */
  statusAt(position: number, nodes: readonly NodeInfo[]): Status
  /** How many nodes were refused with each status. */
  readonly counts: ReadonlyMap<Status, number>
}

export interface PostFilterResult {
  readonly status?: Status
  /** The node that the pod may hope for; '' takes a nomination back; undefined leaves it. */
  readonly nominatedNode?: string
}

export interface PermitResult {
  /** `Wait` holds the pod until it is allowed, rejected, or the time is over. */
  readonly status?: Status
  readonly timeoutMs?: number
}

/** Where pods of a group would go if the group went to one set of nodes. */
export interface GroupPlacement {
  readonly nodes: readonly NodeInfo[]
  /** Those of the group that find a node there; the nodes are as they are without them. */
  readonly pods: readonly PodInfo[]
}

export interface Plugin {
  readonly name: string
  /**
   * All of the pod that decides this plugin's Filter and Score on a given node. While a node does not change, pods of the same
   * signature get the same answers there, which are then asked for only once. A plugin whose answers depend on anything
   * but pod and node gives undefined (for such pods) or has no `sign`, and is asked anew each time.
   */
  sign?(pod: PodInfo): string | undefined
  /** Changes that may turn its refusals. Without it, every change may. */
  events?(): readonly EventInterest[]

  /** Whether the pod may enter the queue. Must be cheap. */
  preEnqueue?(pod: PodInfo): Verdict
  /** Which of two pods is tried first; exactly one plugin of all profiles decides. Negative: `a`. */
  compare?(a: QueuedPod, b: QueuedPod): number

  preFilter?(cycle: CycleState, pod: PodInfo, snapshot: Snapshot): PreFilterResult | undefined
  /** Brings what PreFilter noted up to date as if `other` were (no longer) on the node; for preemption and nominated pods. */
  addPod?(cycle: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): Verdict
  removePod?(cycle: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): Verdict
  filter?(cycle: CycleState, pod: PodInfo, node: NodeInfo): Verdict
  /** No node will do: make one, for a later attempt. The first that succeeds ends it. */
  postFilter?(
    cycle: CycleState,
    pod: PodInfo,
    failure: FilterFailure,
  ): Eventually<PostFilterResult | undefined>

  preScore?(cycle: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Verdict
  /** A whole number; 0 to 100 unless `normalize` brings it there. */
  score?(cycle: CycleState, pod: PodInfo, node: NodeInfo): number
  /** Brings the scores of `nodes` into 0 to 100, in place. */
  normalize?(
    cycle: CycleState,
    pod: PodInfo,
    scores: Float64Array,
    nodes: readonly NodeInfo[],
  ): void

  /** Sets of nodes, by name, each of which may take a group whole; undefined where it has no say about the group. */
  generatePlacements?(group: PodGroup): ReadonlyMap<string, ReadonlySet<string>> | undefined
  /** Of the sets that take enough of a group, how good each is; a whole number, 0 to 100 unless normalized. */
  scorePlacement?(placement: GroupPlacement): number
  /** Brings the scores of all placements into 0 to 100, in place. */
  normalizePlacements?(scores: Float64Array): void

  reserve?(cycle: CycleState, pod: PodInfo, node: NodeInfo): Verdict
  /** Undoes reserve; called in reverse order, also for plugins whose reserve was not reached. Must not fail. */
  unreserve?(cycle: CycleState, pod: PodInfo, node: NodeInfo): void
  permit?(cycle: CycleState, pod: PodInfo, node: NodeInfo): PermitResult | undefined
  /**
   * A pod got no node, or lost the one that it had before it was bound; a pod with a nomination hopes for one. Only plugins that
   * take part in Permit are told: they may hold pods for the sake of this one.
   */
  notPlaced?(pod: PodInfo, nominatedNode: string | undefined): void

  /** Whether preBind has work to do for this pod: `SKIP` where not. Must be cheap; without it, preBind has. */
  preBindPreFlight?(cycle: CycleState, pod: PodInfo, node: NodeInfo): Verdict
  preBind?(cycle: CycleState, pod: PodInfo, node: NodeInfo): Eventually<Verdict>
  /** `SKIP` leaves it to the next plugin. */
  bind?(cycle: CycleState, pod: PodInfo, node: NodeInfo): Eventually<Verdict>
  postBind?(cycle: CycleState, pod: PodInfo, node: NodeInfo): void
}

/** The names of the extension points as configurations spell them, and what of a plugin makes it take part. */
export const extensionPoints = {
  preEnqueue: 'preEnqueue',
  queueSort: 'compare',
  preFilter: 'preFilter',
  filter: 'filter',
  postFilter: 'postFilter',
  preScore: 'preScore',
  score: 'score',
  placementGenerate: 'generatePlacements',
  placementScore: 'scorePlacement',
  reserve: 'reserve',
  permit: 'permit',
  preBind: 'preBind',
  bind: 'bind',
  postBind: 'postBind',
} as const satisfies Record<string, keyof Plugin>

export type ExtensionPoint = keyof typeof extensionPoints
