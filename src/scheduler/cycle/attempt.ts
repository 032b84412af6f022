/** One attempt to find a node for one pod. Nothing is written; extenders are the only ones that are waited for. */
import type { CycleState } from '../framework/cycle-state.ts'
import { timedPoint } from '../framework/durations.ts'
import { EXTENDER_NAME, type Extender, MAXIMUM_EXTENDER_SCORE } from '../framework/extender.ts'
import { MAXIMUM_NODE_SCORE } from '../framework/plugin.ts'
import type { Profile } from '../framework/profile.ts'
import {
  type Code,
  isRejected,
  messageOfStatus,
  refusal,
  type Status,
  unresolvable,
} from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { Nominator } from '../state/nominator.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { Failure, NO_NODES, NO_NODES_MESSAGE } from './failure.ts'
import { enoughOf, type Feasible, type FeasibleNodes, type Search } from './feasible.ts'
import { runPreFilter } from './filters.ts'
import { bestOf, isStatus, scoresOf } from './scores.ts'

export interface AttemptContext {
  readonly snapshot: Snapshot
  readonly nominator: Nominator
  readonly feasibleNodes: FeasibleNodes
  readonly extenders: readonly Extender[]
  readonly percentageOfNodesToScore: number
  /** Chooses among equally good nodes: a whole number in [0, bound). */
  readonly choose: (bound: number) => number
}

export type Attempt =
  | { readonly node: NodeInfo }
  | { readonly failure: Failure }
  /** Not a verdict: a plugin or an extender failed, or there are no nodes at all. */
  | { readonly status: Status }

/** Waits only where an extender has a say. */
export function attempt(
  context: AttemptContext,
  profile: Profile,
  cycle: CycleState,
  pod: PodInfo,
): Attempt | Promise<Attempt> {
  const { snapshot, nominator } = context
  const total = snapshot.nodes.length
  if (total === 0) return { status: unresolvable(NO_NODES, NO_NODES_MESSAGE) }
  const preFiltered = timedPoint(cycle, 'PreFilter', () =>
    runPreFilter(profile, cycle, pod, snapshot),
  )
  const { status } = preFiltered
  if (status && !isRejected(status)) return { status }
  if (status) {
    const failure = new Failure(total)
    failure.notePreFilter(status)
    for (const plugin of preFiltered.narrowedBy) failure.blame(plugin)
    return { failure }
  }
  const extenders = context.extenders.filter(extender => extender.isInterested(pod))
  const scores = profile.points.score.length > 0 || extenders.some(extender => extender.prioritize)
  const percentage = profile.percentageOfNodesToScore ?? context.percentageOfNodesToScore
  const among = preFiltered.nodes?.size ?? total
  const wanted =
    scores || extenders.some(extender => extender.filter) ? enoughOf(among, percentage) : 1
  const search: Search = { profile, cycle, pod, snapshot, nominator, wanted }
  const findAll = () =>
    timedPoint(
      cycle,
      'Filter',
      () => context.feasibleNodes.find(search, preFiltered),
      ({ error }) => error?.code ?? 'Success',
    )
  const finish = (found: Feasible): Attempt | Promise<Attempt> =>
    extenders.length > 0
      ? withExtenders(context, search, { extenders, found })
      : choose(context, search, found)
  const hoped = hopedFor(context, search)
  if (hoped && hoped.nodes.length > 0) {
    const first = finish(hoped)
    // An extender may refuse what the filters granted; then all nodes come into question.
    if (!(first instanceof Promise)) return first
    return first.then(result => ('node' in result ? result : finish(findAll())))
  }
  return finish(findAll())
}

/** The node that was made free for this pod is tried before all others. */
function hopedFor({ snapshot, feasibleNodes }: AttemptContext, search: Search) {
  const { nominatedNodeName } = search.pod.pod.status
  const name = search.nominator.nodeOf(search.pod.uid) ?? nominatedNodeName
  const node = name ? snapshot.node(name) : undefined
  return node && feasibleNodes.findOn({ ...search, wanted: 1 }, node)
}

function choose(
  { choose }: AttemptContext,
  { profile, cycle, pod }: Search,
  { nodes, failure, like, error }: Feasible,
): Attempt {
  if (error) return { status: error }
  const [only] = nodes
  if (!only) return { failure }
  if (nodes.length === 1) return { node: only }
  const sums = scoresOf({ profile, cycle, pod, ...(like ? { like } : {}) }, nodes)
  if (isStatus(sums)) return { status: sums }
  return { node: nodes[bestOf(sums, choose)] ?? only }
}

interface Asked {
  readonly extenders: readonly Extender[]
  readonly found: Feasible
}

async function withExtenders(
  context: AttemptContext,
  search: Search,
  { extenders, found }: Asked,
): Promise<Attempt> {
  const { profile, cycle, pod } = search
  if (found.error) return { status: found.error }
  const passed = await filterByExtenders(extenders, pod, found)
  if ('code' in passed) return { status: passed }
  const [only] = passed
  if (!only) return { failure: found.failure }
  if (passed.length === 1) return { node: only }
  const { like } = found
  const scored = scoresOf({ profile, cycle, pod, ...(like ? { like } : {}) }, passed)
  if (isStatus(scored)) return { status: scored }
  const sums = scored.slice()
  const given = await Promise.allSettled(
    extenders.map(async extender => {
      const scores = await extender.prioritize?.(pod, passed)
      return { scores, weight: extender.weight }
    }),
  )
  const unit = MAXIMUM_NODE_SCORE / MAXIMUM_EXTENDER_SCORE
  // An extender that fails to score gives no score; the others decide.
  for (const result of given)
    if (result.status === 'fulfilled')
      for (const [i, { name }] of passed.entries())
        sums[i] =
          (sums[i] ?? 0) + (result.value.scores?.get(name) ?? 0) * result.value.weight * unit
  return { node: passed[bestOf(sums, context.choose)] ?? only }
}

/** One after the other: each sees what the ones before it left. */
async function filterByExtenders(
  extenders: readonly Extender[],
  pod: PodInfo,
  { nodes, failure }: Feasible,
): Promise<readonly NodeInfo[] | Status> {
  let left = nodes
  for (const extender of extenders) {
    if (left.length === 0) break
    if (!extender.filter) continue
    try {
      const result = await extender.filter(pod, left)
      for (const node of left) {
        const never = result.failedAndUnresolvable.get(node.name)
        const now = result.failed.get(node.name)
        if (never !== undefined) failure.note(node, unresolvable('', never))
        else if (now !== undefined) failure.note(node, refusal('', now))
      }
      left = result.nodes
    } catch (error) {
      if (extender.ignorable) continue
      return {
        code: 'Error',
        reasons: [error instanceof Error ? error.message : String(error)],
        plugin: '',
        cause: error,
      }
    }
  }
  if (left.length !== nodes.length) failure.blame(EXTENDER_NAME)
  return left
}

export interface PostFiltered {
  /** Of the status that it comes to. */
  readonly code: Code | 'Success'
  readonly message: string
  readonly nominatedNode?: string | undefined
  readonly error?: Status
}

/** Asks the PostFilter plugins to make a node fit later on; the first success ends it. */
export function runPostFilter(
  profile: Profile,
  cycle: CycleState,
  pod: PodInfo,
  failure: Failure,
): Promise<PostFiltered> {
  const ask = () => askPostFilters(profile, cycle, pod, failure)
  return timedPoint(cycle, 'PostFilter', ask, ({ code }) => code)
}

async function askPostFilters(
  profile: Profile,
  cycle: CycleState,
  pod: PodInfo,
  failure: Failure,
): Promise<PostFiltered> {
  const reasons: string[] = []
  let nominatedNode: string | undefined
  for (const plugin of profile.points.postFilter) {
    const result = await plugin.postFilter(cycle, pod, failure)
    const status = result?.status
    if (!status) return { code: 'Success', message: '', nominatedNode: result?.nominatedNode }
    if (status.code === 'UnschedulableAndUnresolvable')
      return {
        code: status.code,
        message: messageOfStatus(status),
        nominatedNode: result?.nominatedNode,
      }
    if (!isRejected(status)) {
      const told = { code: status.code, message: messageOfStatus(status) }
      return status.isLasting ? told : { ...told, error: status }
    }
    if (result?.nominatedNode !== undefined) nominatedNode = result.nominatedNode
    reasons.push(...status.reasons)
  }
  return { code: 'Unschedulable', message: reasons.join(', '), nominatedNode }
}
