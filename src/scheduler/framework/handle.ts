/** What a plugin is given to live on when it is made. */
import type { EventRecorder } from '#client/events.ts'
import type { Informer, InformerListener } from '#client/informer.ts'
import type { RoleContext } from '#client/role.ts'
import type { GroupTrial } from '../cycle/group-trial.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { Nominator } from '../state/nominator.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import type { CycleState } from './cycle-state.ts'
import type { Extender } from './extender.ts'
import type { Plugin, Verdict } from './plugin.ts'
import type { PreemptionFigures } from './preemption-figures.ts'
import type { WaitingPods } from './waiting-pods.ts'

export interface Handle extends RoleContext {
  readonly profileName: string
  readonly recorder: EventRecorder
  /** The cluster as it is now, pods that were just placed included. Within one synchronous stretch it does not change. */
  readonly snapshot: Snapshot
  readonly nominator: Nominator
  readonly waitingPods: WaitingPods
  readonly extenders: readonly Extender[]
  readonly preemptionFigures: PreemptionFigures
  /** Aborted when the scheduler stops: whoever waits for something gives it up. */
  readonly stopping: AbortSignal
  /** Whether a feature gate is on. */
  enabled(gate: string): boolean
  /** Tells the listener what there is, then what changes, until the scheduler stops: informers outlive it. */
  follow<T>(informer: Informer<T>, listener: InformerListener<T>): void
  /** Tries these waiting pods again without delay. */
  activate(pods: readonly PodInfo[]): void
  /** Tries these waiting pods next, before all others. */
  advance(pods: readonly PodInfo[]): void
  /** Of those that were to be tried next, the ones that were not yet wait where they did before. */
  retreat(pods: readonly PodInfo[]): void
  readonly trial: GroupTrial
  /** Asks all Filter plugins of the profile about one node. */
  filter(cycle: CycleState, pod: PodInfo, node: NodeInfo): Verdict
  /** The same, with pods nominated there counted as present. */
  filterWithNominated(cycle: CycleState, pod: PodInfo, node: NodeInfo): Verdict
  /** Tells all plugins that took part in PreFilter of a pod that is to be counted as (not) there. */
  addPod(cycle: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): Verdict
  removePod(cycle: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo): Verdict
}

/** Makes a plugin; throws a UserError that names the field for arguments that are wrong. */
export type PluginFactory = (args: unknown, handle: Handle) => Plugin
