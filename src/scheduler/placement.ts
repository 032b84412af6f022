/** Where a pod goes: snapshot in, placement out. Reads nothing but its arguments. */
import type { NodeFilter, Plugin } from './plugin.ts'
import type { PodInfo } from './pod-info.ts'
import type { NodeInfo, Snapshot } from './snapshot.ts'

export type Placement =
  | { readonly node: string }
  | { readonly message: string; readonly refusedBy: ReadonlySet<string> }

export interface PlacementOptions {
  readonly plugins: readonly Plugin[]
  /** Where among the nodes to begin, so that all get their turn when not all are looked at. */
  readonly startAt: number
  /** Chooses among equally good nodes: a whole number in [0, bound). */
  readonly choose: (bound: number) => number
}

/** Of so few nodes, all are looked at. */
const MINIMUM_FEASIBLE = 100
/** The share of nodes to find falls from half by 1 % per 125 nodes, down to 5 %: upstream's adaptive rule. */
const HIGHEST_PERCENTAGE = 50
const LOWEST_PERCENTAGE = 5
const NODES_PER_PERCENT = 125

/** How many nodes that will do are enough to choose from. */
export function enoughOf(nodes: number): number {
  if (nodes < MINIMUM_FEASIBLE) return nodes
  const share = Math.max(HIGHEST_PERCENTAGE - nodes / NODES_PER_PERCENT, LOWEST_PERCENTAGE)
  return Math.max(MINIMUM_FEASIBLE, Math.trunc((nodes * Math.trunc(share)) / 100))
}

export function place(pod: PodInfo, snapshot: Snapshot, options: PlacementOptions): Placement {
  const { nodes } = snapshot
  if (nodes.length === 0)
    return { message: 'no nodes available to schedule pods', refusedBy: new Set(['nodes']) }
  const filters = options.plugins.flatMap(({ name, filter }) => {
    const check = filter?.(pod, snapshot)
    return check ? { name, check } : []
  })
  const wanted = enoughOf(nodes.length)
  const feasible: NodeInfo[] = []
  const failure = createFailure(nodes.length)
  for (let i = 0; i < nodes.length && feasible.length < wanted; i++) {
    const node = nodes[(options.startAt + i) % nodes.length]
    if (!node) continue
    if (isFeasible(node, filters, failure)) feasible.push(node)
  }
  const [only] = feasible
  if (!only) return { message: failure.message(), refusedBy: failure.refusedBy }
  if (feasible.length === 1) return { node: only.name }
  return { node: best(pod, snapshot, feasible, options) }
}

interface NamedFilter {
  readonly name: string
  readonly check: NodeFilter
}

function isFeasible(node: NodeInfo, filters: readonly NamedFilter[], failure: Failure): boolean {
  for (const { name, check } of filters) {
    const refusal = check(node)
    if (!refusal) continue
    failure.refusedBy.add(name)
    failure.count(refusal.reasons, refusal.unresolvable)
    return false
  }
  return true
}

function best(
  pod: PodInfo,
  snapshot: Snapshot,
  nodes: readonly NodeInfo[],
  { plugins, choose }: PlacementOptions,
): string {
  const sums = new Array<number>(nodes.length).fill(0)
  for (const { score, weight = 1 } of plugins) {
    const scores = score?.(pod, snapshot, nodes)
    if (scores)
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + weight * (scores[i] ?? 0)
  }
  const highest = Math.max(...sums)
  const winners = nodes.filter((_, i) => sums[i] === highest)
  return (winners[winners.length > 1 ? choose(winners.length) : 0] ?? nodes[0])?.name ?? ''
}

interface Failure {
  readonly refusedBy: Set<string>
  count(reasons: readonly string[], unresolvable: boolean): void
  /** Upstream's sentence: how many nodes, why each was refused, and whether evicting others would help. */
  message(): string
}

function createFailure(total: number): Failure {
  const counts = new Map<string, number>()
  let resolvable = 0
  let unresolvableCount = 0
  return {
    refusedBy: new Set(),
    count(reasons, unresolvable) {
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
      if (unresolvable) unresolvableCount++
      else resolvable++
    },
    message() {
      const preemption = new Map<string, number>()
      if (resolvable > 0) preemption.set('No preemption victims found for incoming pod', resolvable)
      if (unresolvableCount > 0)
        preemption.set('Preemption is not helpful for scheduling', unresolvableCount)
      const why = sentence(total, counts)
      return `${why} no new claims to deallocate, preemption: ${sentence(total, preemption)}`
    },
  }
}

function sentence(total: number, counts: ReadonlyMap<string, number>): string {
  const texts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${total} nodes are available: ${texts.join(', ')}.`
}
