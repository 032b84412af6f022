/** Which nodes will do for a pod. */
import type { CycleState } from '../framework/cycle-state.ts'
import type { Plugin, Verdict } from '../framework/plugin.ts'
import type { Profile, Taking } from '../framework/profile.ts'
import { isRejected, type Status, unresolvable } from '../framework/status.ts'
import { Derived } from '../state/derived.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { Nominator } from '../state/nominator.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { Failure } from './failure.ts'
import {
  activeFilters,
  filterWithNominated,
  hasNominated,
  type PreFiltered,
  runFilters,
} from './filters.ts'
import { LikePods } from './like-pods.ts'

/** Of so few nodes, all are looked at. */
const MINIMUM_FEASIBLE = 100
/** The share of nodes to find falls from half by 1 % per 125 nodes, down to 5 %: upstream's adaptive rule. */
const HIGHEST_PERCENTAGE = 50
const LOWEST_PERCENTAGE = 5
const NODES_PER_PERCENT = 125
/** Sorts of pods whose answers are kept; each needs about 50 bytes a node. */
const SORTS_LIMIT = 64

/** How many nodes that will do are enough to choose from; 0 % takes the adaptive rule. */
export function enoughOf(nodes: number, percentage = 0): number {
  if (nodes < MINIMUM_FEASIBLE) return nodes
  const adaptive = Math.max(
    HIGHEST_PERCENTAGE - Math.trunc(nodes / NODES_PER_PERCENT),
    LOWEST_PERCENTAGE,
  )
  return Math.max(MINIMUM_FEASIBLE, Math.trunc((nodes * (percentage || adaptive)) / 100))
}

export interface Search {
  readonly profile: Profile
  readonly cycle: CycleState
  readonly pod: PodInfo
  readonly snapshot: Snapshot
  readonly nominator: Nominator
  /** How many nodes are enough. */
  readonly wanted: number
}

export interface Like {
  readonly known: LikePods
  /** The plugins whose raw scores are kept, to be brought into proportion with those of the other nodes that will do. */
  readonly scorers: readonly Taking<'score'>[]
  /** Those whose scores count as they are: their sum is kept. */
  readonly summed: readonly Taking<'score'>[]
}

export interface Feasible {
  readonly nodes: readonly NodeInfo[]
  readonly failure: Failure
  readonly like?: Like
  /** Set where a plugin failed. */
  readonly error?: Status
}

export class FeasibleNodes {
  readonly #kept = new Derived<LikePods>(SORTS_LIMIT)
  /** Where among the nodes the next search begins, so that all get their turn when not all are looked at. */
  #startAt = 0
  readonly #isKeeping: boolean

  /** Without `isKeeping`, each pod is judged anew, also if it asks for the same as another. */
  constructor(isKeeping = true) {
    this.#isKeeping = isKeeping
  }

  find(search: Search, { nodes: only, narrowedBy }: PreFiltered): Feasible {
    if (only) return this.#findAmong(search, only, narrowedBy)
    const { profile, cycle, pod, snapshot } = search
    const filters = activeFilters(profile, cycle)
    const sort = sortOf(profile, filters, pod)
    const { nodes } = snapshot
    // Who is less important leaves nodes to others that hope for them.
    const key = `${snapshot.layout} ${pod.priority} ${sort.key}`
    const ask = () => new LikePods(nodes.length, sort.scorers.length)
    const known = this.#isKeeping ? this.#kept.get(key, snapshot, ask) : ask()
    if (this.#isKeeping && sort.filters.length === filters.length) cycle.sort = key
    // Where the pod itself hopes to go, the others' answer is not its own.
    const hoped = snapshot.node(search.nominator.nodeOf(pod.uid) ?? '')
    if (hoped) known.forget(hoped.position)
    const failure = new Failure(nodes.length, position => known.verdict(position) ?? undefined)
    const round = { ...search, filters, failure, known, kept: sort.filters, hoped }
    const found: NodeInfo[] = []
    const start = this.#startAt % nodes.length
    const error =
      collect(round, { from: start, to: nodes.length }, found) ??
      (found.length < search.wanted ? collect(round, { from: 0, to: start }, found) : undefined)
    const last = found.at(-1)
    if (last && found.length >= search.wanted) this.#startAt = last.position + 1
    const like = { known, scorers: sort.scorers, summed: sort.summed }
    if (found.length === 0) failure.countAll(known.counts)
    return { nodes: found, failure, like, ...(error ? { error } : {}) }
  }

  /** Looks at one node, the one that the pod has been nominated for. */
  findOn(search: Search, node: NodeInfo): Feasible {
    return this.#findAmong(search, new Set([node.name]), [])
  }

  #findAmong(
    { profile, cycle, pod, snapshot, nominator, wanted }: Search,
    names: ReadonlySet<string>,
    narrowedBy: readonly string[],
  ): Feasible {
    const failure = new Failure(snapshot.nodes.length)
    const filters = activeFilters(profile, cycle)
    const found: NodeInfo[] = []
    for (const name of names) {
      const node = snapshot.node(name)
      if (!node) continue
      const status = filterWithNominated({ profile, nominator, filters }, cycle, pod, node)
      if (status && !isRejected(status)) return { nodes: [], failure, error: status }
      if (status) failure.note(node, status)
      else if (found.push(node) >= wanted) break
    }
    const [first = ''] = narrowedBy
    if (found.length === 0 && narrowedBy.length > 0)
      failure.noteRest(
        unresolvable(first, `node(s) didn't satisfy plugin(s) [${narrowedBy.join(' ')}]`),
      )
    return { nodes: found, failure }
  }
}

interface Sort {
  readonly key: string
  /** The filters whose answers are kept: the first ones, up to one that must be asked each time. */
  readonly filters: readonly Taking<'filter'>[]
  readonly scorers: Like['scorers']
  readonly summed: Like['summed']
}

/** What the pod has in common with others that get the same answers. */
function sortOf(profile: Profile, filters: readonly Taking<'filter'>[], pod: PodInfo): Sort {
  const parts: string[] = [profile.name]
  const signed = new Map<Plugin, boolean>()
  const signs = (plugin: Plugin): boolean => {
    const before = signed.get(plugin)
    if (before !== undefined) return before
    const text = plugin.sign?.(pod)
    signed.set(plugin, text !== undefined)
    if (text !== undefined) parts.push(plugin.name, text)
    return text !== undefined
  }
  let length = 0
  for (const plugin of filters) {
    if (!signs(plugin)) break
    length++
  }
  const signing = profile.points.score.filter(signs)
  const scorers = signing.filter(({ normalize }) => normalize)
  const summed = signing.filter(({ normalize }) => !normalize)
  return { key: parts.join('\n'), filters: filters.slice(0, length), scorers, summed }
}

interface Round extends Search {
  readonly filters: readonly Taking<'filter'>[]
  readonly kept: readonly Taking<'filter'>[]
  readonly known: LikePods
  readonly failure: Failure
  /** The node that was made free for this pod. */
  readonly hoped: NodeInfo | undefined
}

/** Adds the nodes of a stretch that will do, until there are enough; gives the error of a plugin that failed. */
function collect(
  round: Round,
  { from, to }: { from: number; to: number },
  found: NodeInfo[],
): Verdict {
  const { cycle, pod, snapshot, known, failure, wanted, hoped } = round
  const { nodes } = snapshot
  const asked = round.filters.slice(round.kept.length)
  // Mostly there is nothing else to ask, and this loop is what a pod costs.
  const settled = asked.length === 0
  for (
    let position = known.nextCandidate(from, to);
    position >= 0;
    position = known.nextCandidate(position + 1, to)
  ) {
    const node = nodes[position]
    if (!node) continue
    const isOwn = settled && node === hoped
    if (known.verdict(position) === undefined && !isOwn) {
      const verdict = settled ? askAll(round, node) : runFilters(round.kept, cycle, pod, node)
      if (verdict && !isRejected(verdict)) return verdict
      known.note(position, verdict)
      if (verdict) continue
    }
    const status = settled && !isOwn ? undefined : askAll(round, node, isOwn ? undefined : asked)
    if (!status) {
      if (found.push(node) >= wanted) return undefined
    } else if (isRejected(status)) failure.note(node, status)
    else return status
  }
  return undefined
}

/** Asks all filters where other pods hope for the node, elsewhere those of `rest`: what the others said is kept. */
function askAll(round: Round, node: NodeInfo, rest = round.filters): Verdict {
  const { cycle, pod, nominator } = round
  return hasNominated(nominator, pod, node)
    ? filterWithNominated(round, cycle, pod, node)
    : runFilters(rest, cycle, pod, node)
}
