/**
 * Where the resources of a container may come from: each manager names the sets of memory nodes that would do, and a policy makes one
 * answer of them. Sets are bits, the lowest one being node 0. Pure.
 */

import type { AnyContainer, Pod } from '../pod-types.ts'

/** More would make too many combinations; upstream refuses such machines, too. */
export const MAXIMUM_NODES = 8

export interface Hint {
  /** Absent where it does not matter. */
  readonly nodes?: number | undefined
  /** No smaller set would do, however much of the machine were free. */
  readonly preferred: boolean
}

/** By the name of the resource; an empty list says that nothing would do, an absent one that nothing is asked for. */
export type Hints = Readonly<Record<string, readonly Hint[]>>

/** Whose things come from certain memory nodes, as far as others have to know of them. */
export interface HintSource {
  /** Undefined where the container wants nothing of it. */
  hints(pod: Pod, container: AnyContainer): Hints | undefined
  /** Of all containers of the pod together. */
  podHints(pod: Pod): Hints | undefined
}

/** Who gives away something that comes from certain memory nodes, at once: processors, memory. */
export interface HintProvider extends HintSource {
  /** From these nodes, where they are given and have it. Throws where it can't be had; gives whether anything changed. */
  allocate(pod: Pod, container: AnyContainer, nodes?: number): boolean
  /** Gives whether the pod had anything. */
  release(uid: string): boolean
}

export const topologyPolicies = ['none', 'best-effort', 'restricted', 'single-numa-node'] as const
export type TopologyPolicy = (typeof topologyPolicies)[number]

export interface Verdict {
  readonly hint: Hint
  readonly admitted: boolean
}

const ANYWHERE: Hint = { preferred: true }
const NOWHERE: Hint = { preferred: false }

export function judge(
  policy: TopologyPolicy,
  nodeIds: readonly number[],
  told: readonly Hints[],
): Verdict {
  if (policy === 'none') return { hint: ANYWHERE, admitted: true }
  const all = nodeIds.reduce((bits, id) => bits | (1 << id), 0)
  const lists = told
    .flatMap(hints => Object.values(hints))
    .map(each => (each.length === 0 ? [NOWHERE] : each))
  const isSingle = policy === 'single-numa-node'
  const merged = mergeHints(isSingle ? lists.map(onSingleNode) : lists, all)
  // All nodes together are no place in particular.
  const hint =
    isSingle && merged.nodes === all && count(all) > 1 ? { preferred: merged.preferred } : merged
  return { hint, admitted: policy === 'best-effort' || hint.preferred }
}

const onSingleNode = (hints: readonly Hint[]): readonly Hint[] =>
  hints.filter(({ nodes, preferred }) => preferred && (nodes === undefined || count(nodes) === 1))

/**
 * Of all ways to choose one hint of each list, the best set of nodes that all chosen ones have in common. It is preferred only where
 * all prefer the very same set.
 */
export function mergeHints(lists: readonly (readonly Hint[])[], all: number): Hint {
  let best: Hint | undefined
  // What one resource alone can't do without, all together can't either.
  const least = Math.max(1, ...lists.map(smallest))
  const choose = (at: number, nodes: number, preferred: boolean, wanted?: number): void => {
    if (nodes === 0) return
    const list = lists[at]
    if (!list) {
      const merged = { nodes, preferred }
      if (!best || isBetter(merged, best, least)) best = merged
      return
    }
    for (const hint of list) {
      const isSame = wanted === undefined || hint.nodes === undefined || hint.nodes === wanted
      choose(
        at + 1,
        nodes & (hint.nodes ?? all),
        preferred && hint.preferred && isSame,
        wanted ?? hint.nodes,
      )
    }
  }
  choose(0, all, true)
  return best ?? { nodes: all, preferred: false }
}

const smallest = (hints: readonly Hint[]): number =>
  Math.min(...hints.map(({ nodes }) => (nodes === undefined ? 1 : count(nodes))), MAXIMUM_NODES)

function isBetter(a: Hint, b: Hint, least: number): boolean {
  if (a.preferred !== b.preferred) return a.preferred
  const [width, other] = [count(a.nodes ?? 0), count(b.nodes ?? 0)]
  if (width !== other && !a.preferred && width < least !== other < least) return width >= least
  if (width !== other) return !a.preferred && width < least ? width > other : width < other
  return (a.nodes ?? 0) < (b.nodes ?? 0)
}

/** How many nodes. */
export function count(nodes: number): number {
  let bits = 0
  for (let rest = nodes; rest > 0; rest >>>= 1) bits += rest & 1
  return bits
}

export const nodesIn = (nodes: number, among: readonly number[]): number[] =>
  among.filter(id => nodes & (1 << id))

/** Every set of nodes that is not empty, the smaller ones first. */
export function setsOf(nodeIds: readonly number[]): number[] {
  const all = nodeIds.reduce<number[]>(
    (sets, id) => sets.concat(sets.map(set => set | (1 << id))),
    [0],
  )
  return all.slice(1).sort((a, b) => count(a) - count(b) || a - b)
}
