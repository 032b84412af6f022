/** PreFilter and Filter of a profile, for one pod. */
import type { CycleState } from '../framework/cycle-state.ts'
import type { Plugin, Verdict } from '../framework/plugin.ts'
import type { Profile, Taking } from '../framework/profile.ts'
import { isRejected, type Status, unresolvable } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { Nominator } from '../state/nominator.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'

export interface PreFiltered {
  /** Set where the pod is refused on all nodes, or a plugin failed. */
  readonly status?: Status
  /** Only these nodes come into question; undefined for all. */
  readonly nodes?: ReadonlySet<string>
  /** The plugins that said so. */
  readonly narrowedBy: readonly string[]
}

/** Asks every PreFilter plugin once. */
export function runPreFilter(
  profile: Profile,
  cycle: CycleState,
  pod: PodInfo,
  snapshot: Snapshot,
): PreFiltered {
  let nodes: ReadonlySet<string> | undefined
  let refused: Status | undefined
  const narrowedBy: string[] = []
  for (const plugin of profile.points.preFilter) {
    const result = plugin.preFilter(cycle, pod, snapshot)
    const status = result?.status
    if (status?.code === 'Skip') {
      cycle.skippedFilters.add(plugin.name)
      continue
    }
    if (status) {
      if (!isRejected(status) || status.code === 'UnschedulableAndUnresolvable')
        return { status, narrowedBy }
      // Another plugin may know that no eviction would help.
      refused = status
      continue
    }
    if (!result?.nodes) continue
    narrowedBy.push(plugin.name)
    nodes = inBoth(nodes, result.nodes)
    if (nodes.size === 0) return { status: nowhere(narrowedBy.sort()), narrowedBy }
  }
  narrowedBy.sort()
  return { narrowedBy, ...(refused ? { status: refused } : {}), ...(nodes ? { nodes } : {}) }
}

/** Without a first set, the second counts alone. */
export function inBoth(
  a: ReadonlySet<string> | undefined,
  b: ReadonlySet<string>,
): ReadonlySet<string> {
  return a ? new Set([...a].filter(name => b.has(name))) : b
}

function nowhere(plugins: readonly string[]): Status {
  const [first = ''] = plugins
  return unresolvable(
    first,
    plugins.length === 1
      ? `node(s) didn't satisfy plugin ${first}`
      : `node(s) didn't satisfy plugin(s) [${plugins.join(' ')}] simultaneously`,
  )
}

/** The Filter plugins that have something to say about this pod. */
export function activeFilters(profile: Profile, cycle: CycleState): readonly Taking<'filter'>[] {
  const { filter } = profile.points
  if (cycle.skippedFilters.size === 0) return filter
  return filter.filter(({ name }) => !cycle.skippedFilters.has(name))
}

/** The first refusal. */
export function runFilters(
  filters: readonly Taking<'filter'>[],
  cycle: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Verdict {
  for (const plugin of filters) {
    const status = plugin.filter(cycle, pod, node)
    if (status) return status
  }
  return undefined
}

export interface NominatedContext {
  readonly profile: Profile
  readonly nominator: Nominator
  readonly filters: readonly Taking<'filter'>[]
}

/** Whether pods of at least this importance hope for the node. */
export function hasNominated(nominator: Nominator, pod: PodInfo, node: NodeInfo): boolean {
  return nominator.size > 0 && nominatedFor(nominator, pod, node).length > 0
}

function nominatedFor(nominator: Nominator, pod: PodInfo, node: NodeInfo): PodInfo[] {
  return nominator
    .on(node.name)
    .filter(({ uid, priority }) => uid !== pod.uid && priority >= pod.priority)
}

/**
 * Filters twice: as if the nominated pods were there, whose room must be left to them, and without them, as they may never come
 * and affinity to them would then be unfulfilled.
 */
export function filterWithNominated(
  { profile, nominator, filters }: NominatedContext,
  cycle: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Verdict {
  const nominated = nominatedFor(nominator, pod, node)
  if (nominated.length > 0) {
    const crowded = node.clone()
    const crowdedCycle = cycle.clone()
    for (const other of nominated) {
      crowded.add(other)
      const status = addPod(profile, crowdedCycle, { pod, other, node: crowded })
      if (status) return status
    }
    const status = runFilters(filters, crowdedCycle, pod, crowded)
    if (status) return status
  }
  return runFilters(filters, cycle, pod, node)
}

export interface PodChange {
  readonly pod: PodInfo
  readonly other: PodInfo
  readonly node: NodeInfo
}

export function addPod(profile: Profile, cycle: CycleState, change: PodChange): Verdict {
  return tellAll(profile, cycle, plugin =>
    plugin.addPod?.(cycle, change.pod, change.other, change.node),
  )
}

export function removePod(profile: Profile, cycle: CycleState, change: PodChange): Verdict {
  return tellAll(profile, cycle, plugin =>
    plugin.removePod?.(cycle, change.pod, change.other, change.node),
  )
}

function tellAll(profile: Profile, cycle: CycleState, tell: (plugin: Plugin) => Verdict): Verdict {
  for (const plugin of profile.points.preFilter) {
    if (cycle.skippedFilters.has(plugin.name)) continue
    const status = tell(plugin)
    if (status) return status
  }
  return undefined
}
