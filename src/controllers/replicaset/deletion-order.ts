/** Which pods go first when a ReplicaSet shrinks: those that do least, then those whose loss evens out the nodes. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isActive, isReady, readySinceMs } from '../runner/pods.ts'

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** The pods, first to be deleted first. `siblings` are the pods of the whole application. */
export function inOrderOfDeletion(
  pods: readonly Pod[],
  siblings: readonly Pod[],
  nowMs: number,
): readonly Pod[] {
  const onNode = new Map<string, number>()
  for (const sibling of siblings)
    if (isActive(sibling) && sibling.spec.nodeName)
      onNode.set(sibling.spec.nodeName, (onNode.get(sibling.spec.nodeName) ?? 0) + 1)
  const ranks = new Map(pods.map(found => [found, rankOf(found, onNode, nowMs)]))
  return [...pods].sort((a, b) => compare(ranks.get(a) ?? [], ranks.get(b) ?? []))
}

/** Numbers compared one after the other; the smaller goes first. */
function rankOf(found: Pod, onNode: ReadonlyMap<string, number>, nowMs: number): number[] {
  const ready = isReady(found)
  const since = readySinceMs(found)
  const created = found.metadata.creationTimestamp
  return [
    found.spec.nodeName ? 1 : 0,
    PHASE_RANK[found.status.phase ?? ''] ?? 0,
    ready ? 1 : 0,
    deletionCost(found),
    -(onNode.get(found.spec.nodeName ?? '') ?? 0),
    ready ? ageRank(since ?? 0, nowMs) : 0,
    -restarts(found),
    ageRank(created ? Date.parse(created) : 0, nowMs),
  ]
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, rank] of a.entries()) {
    const difference = rank - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function deletionCost(found: Pod): number {
  const cost = Number(found.metadata.annotations?.[DELETION_COST] ?? 0)
  return Number.isInteger(cost) ? cost : 0
}

/** Powers of two of the age: among pods of about the same age chance decides, so that not all new pods of one node go. */
function ageRank(sinceMs: number, nowMs: number): number {
  const seconds = (nowMs - sinceMs) / 1000
  return seconds < 1 ? 0 : Math.floor(Math.log2(seconds))
}

function restarts(found: Pod): number {
  const counts = (found.status.containerStatuses ?? []).map(status => status.restartCount ?? 0)
  return Math.max(0, ...counts)
}
