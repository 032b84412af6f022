/** A scheduler extender: another process that has a say about nodes, and may bind pods itself. */
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'

export interface ExtenderFilterResult {
  readonly nodes: readonly NodeInfo[]
  /** Refused nodes by name, and why. */
  readonly failed: ReadonlyMap<string, string>
  /** Of those, the ones that no eviction could help. */
  readonly failedAndUnresolvable: ReadonlyMap<string, string>
}

/** What freeing a node would take. */
export interface NodeVictims {
  /** The least important last. */
  readonly pods: readonly PodInfo[]
  /** How many of them a budget keeps. */
  readonly budgetViolations: number
}
/** By node name. */
export type Victims = ReadonlyMap<string, NodeVictims>

export interface Extender {
  readonly name: string
  readonly weight: number
  /** Whether pods are placed without it while it does not answer. */
  readonly ignorable: boolean
  /** Whether it has a say about this pod. */
  isInterested(pod: PodInfo): boolean
  /** Rejects where the extender fails. */
  filter?(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ExtenderFilterResult>
  /** Scores from 0 to 10 by node name. */
  prioritize?(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>>
  /** Which of the nodes may be freed, and by whose going. Rejects where the extender fails or names what is not there. */
  preempt?(pod: PodInfo, victims: Victims, snapshot: Pick<Snapshot, 'node'>): Promise<Victims>
  bind?(pod: PodInfo, node: string): Promise<void>
}

/** An extender gives scores up to this. */
export const MAXIMUM_EXTENDER_SCORE = 10
/** Stands among the plugins that refused a pod where an extender did: extenders do not say which events help. */
export const EXTENDER_NAME = 'Extender'
