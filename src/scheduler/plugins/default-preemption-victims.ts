/** Which pods of a node would have to go so that another fits there: as few and as unimportant as possible. */
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { CycleState } from '../framework/cycle-state.ts'
import type { NodeVictims } from '../framework/extender.ts'
import type { Handle } from '../framework/handle.ts'
import type { Verdict } from '../framework/plugin.ts'
import { type Status, unresolvable } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { splitByBudgets } from './default-preemption-budgets.ts'

export interface DryRun {
  readonly handle: Pick<
    Handle,
    'filterWithNominated' | 'addPod' | 'removePod' | 'nominator' | 'snapshot'
  >
  readonly cycle: CycleState
  readonly pod: PodInfo
  readonly budgets: readonly PodDisruptionBudget[]
}

/**
 * Takes all less important pods off a copy of the node and, if the pod fits then, gives back as many as it can: first those that
 * a budget keeps, of each the most important first. A Status says why no eviction helps.
 */
export function victimsOn(run: DryRun, original: NodeInfo, plugin: string): NodeVictims | Status {
  const { pod } = run
  const lower = [...original.pods.values()].filter(({ priority }) => priority < pod.priority)
  if (lower.length === 0)
    return unresolvable(plugin, 'No preemption victims found for incoming pod')
  const trial = new Trial(run, original)
  for (const other of lower) {
    const status = trial.take(other)
    if (status) return status
  }
  const status = trial.filter()
  if (status) return status
  const { violating, others } = splitByBudgets(lower.sort(byImportance), run.budgets)
  const protectedPods = new Set(violating)
  const victims: PodInfo[] = []
  for (const other of [...violating, ...others]) {
    const kept = trial.giveBack(other)
    if (kept === true) continue
    if (kept !== false) return kept
    victims.push(other)
  }
  const budgetViolations = victims.filter(victim => protectedPods.has(victim)).length
  return { pods: victims.sort(byImportance), budgetViolations }
}

/** The more important pod first: by priority, then the one that has been running longer. */
export function byImportance(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOrder(startMsOf(a), startMsOf(b))
}

/** When the pod was started, in milliseconds since the epoch; a pod that was not is younger than all others. */
export function startMsOf({ pod }: PodInfo): number {
  const { startTime } = pod.status
  return startTime ? Date.parse(startTime) : Number.POSITIVE_INFINITY
}

/** Subtracting would make nothing of two infinities. */
function startOrder(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** A copy of a node from which pods are taken and to which they are given back. */
class Trial {
  readonly #run: DryRun
  readonly #cycle: CycleState
  readonly #node: NodeInfo

  constructor(run: DryRun, node: NodeInfo) {
    this.#run = run
    this.#cycle = run.cycle.clone()
    this.#node = node.clone()
  }

  take(other: PodInfo): Verdict {
    this.#node.remove(other.uid)
    return this.#run.handle.removePod(this.#cycle, this.#run.pod, other, this.#node)
  }

  filter(): Verdict {
    return this.#run.handle.filterWithNominated(this.#cycle, this.#run.pod, this.#node)
  }

  /** Whether the pod still fits with this one there; where not, it is off again. */
  giveBack(other: PodInfo): boolean | Status {
    this.#node.add(other)
    const status = this.#run.handle.addPod(this.#cycle, this.#run.pod, other, this.#node)
    if (status) return status
    if (!this.filter()) return true
    return this.take(other) ?? false
  }
}
