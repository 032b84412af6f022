import { podDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { countedReasons } from '../cycle/failure.ts'
import type { CycleState } from '../framework/cycle-state.ts'
import type { NodeVictims, Victims } from '../framework/extender.ts'
import type { Handle } from '../framework/handle.ts'
import type { Eventually, FilterFailure, Plugin, PostFilterResult } from '../framework/plugin.ts'
import { failed, messageOfStatus, refusal, type Status, unresolvable } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { leastHurt } from './default-preemption-choice.ts'
import { type DryRunAnswers, DryRuns } from './default-preemption-dry-runs.ts'
import { evictVictims, isPreempted, type Preemption } from './default-preemption-eviction.ts'
import { GroupPreemption } from './group-preemption.ts'

const NAME = 'DefaultPreemption'
const NOT_HELPFUL = unresolvable(NAME, 'Preemption is not helpful for scheduling')
const UNDER_WAY = unresolvable(NAME, 'waiting for the preemption for this pod to be finished')
const DEFAULT_PERCENTAGE = 10
const DEFAULT_ABSOLUTE = 100

export interface DefaultPreemptionArgs {
  /** How many nodes that could be freed are enough to choose from, in percent of those that come into question. */
  readonly minCandidateNodesPercentage?: number
  /** And at least so many. */
  readonly minCandidateNodesAbsolute?: number
}

/** Makes room for a pod where less important ones are. */
export function defaultPreemption(args: unknown, handle: Handle): Plugin {
  const preempting = new DefaultPreemption(checked(args), handle)
  const isAsync = handle.enabled('SchedulerAsyncPreemption')
  return {
    name: NAME,
    postFilter: (cycle, pod, failure) => preempting.postFilter(cycle, pod, failure),
    ...(isAsync ? { preEnqueue: pod => preempting.preEnqueue(pod) } : {}),
    // Who waits for its victims was refused by others, and those know what helps.
    events: () => [],
  }
}

function checked(args: unknown): Required<DefaultPreemptionArgs> {
  const {
    minCandidateNodesPercentage = DEFAULT_PERCENTAGE,
    minCandidateNodesAbsolute = DEFAULT_ABSOLUTE,
  } = (args ?? {}) as DefaultPreemptionArgs
  const invalid = (field: string, value: number, why: string) =>
    new UserError(`${field}: Invalid value: ${value}: ${why}`)
  if (minCandidateNodesPercentage < 0 || minCandidateNodesPercentage > 100)
    throw invalid(
      'minCandidateNodesPercentage',
      minCandidateNodesPercentage,
      'not in valid range [0, 100]',
    )
  if (minCandidateNodesAbsolute < 0)
    throw invalid(
      'minCandidateNodesAbsolute',
      minCandidateNodesAbsolute,
      'not in valid range [0, inf)',
    )
  if (minCandidateNodesPercentage + minCandidateNodesAbsolute === 0)
    throw invalid(
      'minCandidateNodesPercentage',
      minCandidateNodesPercentage,
      'cannot be zero at the same time as minCandidateNodesAbsolute',
    )
  return { minCandidateNodesPercentage, minCandidateNodesAbsolute }
}

class DefaultPreemption {
  readonly #args: Required<DefaultPreemptionArgs>
  readonly #handle: Handle
  readonly #budgets
  readonly #dryRuns = new DryRuns(NAME)
  /** Pods whose victims are just being evicted, and whether anything happened meanwhile for which they were to be tried. */
  readonly #underWay = new Map<string, { wanted: boolean }>()
  readonly #groups: GroupPreemption | undefined

  constructor(args: Required<DefaultPreemptionArgs>, handle: Handle) {
    this.#args = args
    this.#handle = handle
    this.#budgets = handle.informers.for(podDisruptionBudget)
    if (handle.enabled('WorkloadAwarePreemption')) this.#groups = new GroupPreemption(handle, NAME)
    handle.follow(this.#budgets, {
      changed: (next, previous) => {
        if (next.metadata.generation !== previous?.metadata.generation) this.#dryRuns.forget()
      },
    })
  }

  preEnqueue(info: PodInfo): Status | undefined {
    // Who is kept out for its group is activated when that is over.
    if (this.#groups?.isUnderWay(info)) return UNDER_WAY
    const preemption = this.#underWay.get(info.uid)
    if (!preemption) return undefined
    preemption.wanted = true
    return UNDER_WAY
  }

  postFilter(
    cycle: CycleState,
    pod: PodInfo,
    failure: FilterFailure,
  ): Eventually<PostFilterResult> {
    const { snapshot, extenders, preemptionFigures } = this.#handle
    preemptionFigures.attempts++
    const asGroup = this.#groups?.postFilter(pod, this.#budgets.list())
    if (asGroup) return asGroup
    const ineligible = this.#ineligible(pod, failure)
    if (ineligible) return { status: prefixed(refusal(NAME, ineligible)) }
    const budgets = this.#budgets.list()
    const answers = this.#dryRuns.of({ handle: this.#handle, cycle, pod, budgets })
    const candidates = this.#candidates(answers, failure)
    if (candidates.length === 0) return this.#nowhere(answers, failure)
    const { nodes } = snapshot
    const asked = extenders.filter(one => one.preempt && one.isInterested(pod))
    if (asked.length === 0) {
      const node = nodes[answers.leastHurt(candidates) ?? -1]
      const found = node && answers.foundOn(node)
      return this.#free(pod, node?.name, found && 'pods' in found ? found.pods : undefined)
    }
    const victims = new Map<string, NodeVictims>()
    for (const position of candidates) {
      const node = nodes[position]
      const found = node && answers.foundOn(node)
      if (found && 'pods' in found) victims.set(node.name, found)
    }
    return this.#throughExtenders(pod, victims).then(
      left => {
        const node = leastHurt(left)
        return this.#free(pod, node, left.get(node ?? '')?.pods)
      },
      cause => ({ status: prefixed(failed(NAME, messageOf(cause), cause)) }),
    )
  }

  /** Why the pod may not preempt others, if it may not. */
  #ineligible({ pod, uid, priority }: PodInfo, failure: FilterFailure): string | undefined {
    const { snapshot, nominator } = this.#handle
    // The placements of a group are tried without evictions; a single pod of it must not decide otherwise.
    if (pod.spec.schedulingGroup && this.#handle.enabled('TopologyAwareWorkloadScheduling'))
      return 'not eligible due to placement-based pod group scheduling limitation.'
    if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
    const hoped = snapshot.node(nominator.nodeOf(uid) ?? pod.status.nominatedNodeName ?? '')
    // Where nothing helps any more on that node, another is to be freed.
    if (!hoped || failure.statusOf(hoped).code === 'UnschedulableAndUnresolvable') return undefined
    for (const other of hoped.pods.values())
      if (other.priority < priority && isPreempted(other))
        return 'not eligible due to a terminating pod on the nominated node.'
    return undefined
  }

  /** The places of nodes that could be freed, those first whose freeing breaks no budget. */
  #candidates(answers: DryRunAnswers, failure: FilterFailure): number[] {
    const { snapshot, random } = this.#handle
    const { nodes } = snapshot
    const enough = this.#enoughOf(possibleNodes(failure))
    const kind: number[] = []
    const breaking: number[] = []
    // Elsewhere each time, so that not always the same nodes are freed.
    const offset = random.integer(nodes.length)
    for (let i = 0; i < nodes.length; i++) {
      const position = (offset + i) % nodes.length
      if (failure.statusAt(position, nodes).code !== 'Unschedulable') continue
      const violations = answers.violationsAt(position)
      if (violations < 0) continue
      ;(violations === 0 ? kind : breaking).push(position)
      if (kind.length > 0 && kind.length + breaking.length >= enough) break
    }
    return breaking.length === 0 ? kind : [...kind, ...breaking.slice(0, enough)]
  }

  /** Why no node could be freed. */
  #nowhere(answers: DryRunAnswers, failure: FilterFailure): PostFilterResult {
    const { nodes } = this.#handle.snapshot
    const refusals = new Map<Status, number>()
    let others = nodes.length
    let error: Status | undefined
    for (const node of nodes) {
      if (failure.statusOf(node).code !== 'Unschedulable') continue
      const found = answers.foundOn(node)
      if ('pods' in found) {
        error = failed(NAME, `expected at least one victim pod on node "${node.name}"`)
        continue
      }
      others--
      refusals.set(found, (refusals.get(found) ?? 0) + 1)
      if (found.code === 'Error') error = found
    }
    if (error) return { status: prefixed(error) }
    if (others > 0) refusals.set(NOT_HELPFUL, (refusals.get(NOT_HELPFUL) ?? 0) + others)
    const message = `0/${nodes.length} nodes are available: ${countedReasons(refusals)}.`
    return { status: prefixed(refusal(NAME, message)), nominatedNode: '' }
  }

  #enoughOf(nodes: number): number {
    const { minCandidateNodesPercentage, minCandidateNodesAbsolute } = this.#args
    const share = Math.trunc((nodes * minCandidateNodesPercentage) / 100)
    return Math.min(nodes, Math.max(share, minCandidateNodesAbsolute))
  }

  /** Each extender may strike nodes and change victims. Rejects where one fails that is needed. */
  async #throughExtenders(pod: PodInfo, candidates: Victims): Promise<Victims> {
    let left = candidates
    for (const extender of this.#handle.extenders) {
      if (!extender.preempt || !extender.isInterested(pod) || left.size === 0) continue
      try {
        const answer = await extender.preempt(pod, left, this.#handle.snapshot)
        const empty = [...answer].find(([, { pods }]) => pods.length === 0)
        if (empty && !extender.ignorable)
          throw new Error(`expected at least one victim pod on node "${empty[0]}"`)
        left = new Map([...answer].filter(([, { pods }]) => pods.length > 0))
      } catch (error) {
        if (!extender.ignorable) throw error
      }
    }
    return left
  }

  #free(
    pod: PodInfo,
    node: string | undefined,
    victims: readonly PodInfo[] | undefined,
  ): Eventually<PostFilterResult> {
    if (node === undefined || !victims)
      return { status: prefixed(refusal(NAME, 'no candidate node for preemption')) }
    const preemption = { pod, node, victims, plugin: NAME }
    if (this.#handle.enabled('SchedulerAsyncPreemption')) {
      void this.#evictBeside(preemption)
      return { nominatedNode: node }
    }
    return evictVictims(this.#handle, preemption).then(
      () => ({ nominatedNode: node }),
      cause => ({ status: prefixed(failed(NAME, messageOf(cause), cause)) }),
    )
  }

  /** The pod is kept out of the queue until its victims are told to go: trying it earlier would only find them still there. */
  async #evictBeside(preemption: Preemption): Promise<void> {
    const { pod, node } = preemption
    const state = { wanted: false }
    this.#underWay.set(pod.uid, state)
    try {
      await evictVictims(this.#handle, preemption)
    } catch (error) {
      state.wanted = true
      const { name } = pod.pod.metadata
      this.#handle.log.error('preemption failed', { pod: name, node, error })
    }
    this.#underWay.delete(pod.uid)
    if (state.wanted) this.#handle.activate([pod])
  }
}

/** How many nodes could be freed, as far as the filters can tell. */
function possibleNodes({ counts }: FilterFailure): number {
  let possible = 0
  for (const [{ code }, count] of counts) if (code === 'Unschedulable') possible += count
  return possible
}

function prefixed(status: Status): Status {
  return { ...status, reasons: [`preemption: ${messageOfStatus(status)}`] }
}
