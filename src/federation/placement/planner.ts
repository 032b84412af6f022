/**
 * How many replicas each cluster gets: first the minima, then (unless they may be moved) what runs already, then the rest by weight, never beyond a
 * maximum or what a cluster has room for. Who comes first where not all can be served is decided by weight, then by a hash of cluster and
 * workload, so that not all workloads of one replica meet in the same cluster. But for that hash, the outcome is that of Federation v1.
 */
import type { ClusterPreferences, Preferences } from './preferences.ts'

export interface PlanRequest {
  readonly replicas: number
  readonly preferences: Preferences
  /** Names of the clusters that may be used. */
  readonly clusters: readonly string[]
  /** What runs there now. */
  readonly current: ReadonlyMap<string, number>
  /** How many a cluster has room for, where it is known to have too little. */
  readonly capacity: ReadonlyMap<string, number>
  /** Of the workload, `namespace/name`. */
  readonly key: string
}

export interface Plan {
  /** Of every cluster that may be used, zero where it gets none. Their sum is at most what was asked for. */
  readonly replicas: ReadonlyMap<string, number>
  /** How many more a cluster should have by weight, if only it had room: nice to have there, should room appear. */
  readonly overflow: ReadonlyMap<string, number>
}

interface Share {
  readonly name: string
  readonly weight: number
  readonly maximum: number
  readonly capacity: number
  readonly minimum: number
  readonly rank: number
  planned: number
  /** Of the planned ones, those that are there because they run already and were not yet counted against the weight. */
  held: number
}

export function planReplicas(request: PlanRequest): Plan {
  const { preferences, clusters, replicas } = request
  const shares = clusters
    .flatMap(name => {
      const wanted = preferencesOf(preferences, name)
      return wanted ? [shareOf(name, wanted, request)] : []
    })
    .sort((one, other) => other.weight - one.weight || one.rank - other.rank)
  const overflow = new Map<string, number>()
  let left = replicas - giveMinima(shares, replicas)
  if (!preferences.rebalance) left -= holdRunning(shares, request.current, left)
  left -= spread(shares, left, overflow)
  const planned = new Map(clusters.map(name => [name, 0]))
  for (const share of shares) planned.set(share.name, share.planned)
  return { replicas: planned, overflow: worthWaitingFor(overflow, preferences.rebalance, left) }
}

/** Where nothing may be moved, only what found no place at all is worth waiting for. */
function worthWaitingFor(
  overflow: ReadonlyMap<string, number>,
  mayMove: boolean,
  left: number,
): ReadonlyMap<string, number> {
  if (mayMove) return overflow
  return new Map(
    [...overflow].flatMap(([name, count]) => {
      const some = Math.min(count, left)
      return some > 0 ? [[name, some] as const] : []
    }),
  )
}

function giveMinima(shares: readonly Share[], replicas: number): number {
  let given = 0
  for (const share of shares) {
    share.planned = Math.min(share.minimum, share.capacity, replicas - given)
    given += share.planned
  }
  return given
}

function holdRunning(
  shares: readonly Share[],
  current: ReadonlyMap<string, number>,
  left: number,
): number {
  let given = 0
  for (const share of shares) {
    const running = Math.min(current.get(share.name) ?? 0, share.maximum, share.capacity)
    share.held = Math.max(0, Math.min(running - share.planned, left - given))
    share.planned += share.held
    given += share.held
  }
  return given
}

/**
 * Rounds: in each, everybody is offered the part of what is left that fits the weight, rounded up. What a cluster holds already counts against what it is
 * offered; who is full takes no part in the next round. It ends when nothing is left or a round changed nothing.
 */
function spread(shares: readonly Share[], toGive: number, overflow: Map<string, number>): number {
  let open = shares
  let given = 0
  for (let changed = true; changed && given < toGive; ) {
    changed = false
    const weights = open.reduce((sum, { weight }) => sum + weight, 0)
    if (weights === 0) break
    const atStart = toGive - given
    open = open.filter(share => {
      const offered = Math.min(Math.ceil((atStart * share.weight) / weights), toGive - given)
      const covered = Math.min(offered, share.held)
      share.held -= covered
      const wanted = share.planned + offered - covered
      const most = Math.min(share.maximum, share.capacity)
      const reached = Math.max(share.planned, Math.min(wanted, most))
      const short = Math.min(wanted, share.maximum) - share.capacity
      if (short > 0) overflow.set(share.name, short)
      if (covered > 0 || reached > share.planned) changed = true
      given += reached - share.planned
      share.planned = reached
      return wanted <= most
    })
  }
  return given
}

function shareOf(
  name: string,
  { minReplicas, maxReplicas, weight }: ClusterPreferences,
  { capacity, key }: PlanRequest,
): Share {
  return {
    name,
    weight,
    minimum: minReplicas,
    maximum: maxReplicas ?? Number.POSITIVE_INFINITY,
    capacity: Math.max(0, capacity.get(name) ?? Number.POSITIVE_INFINITY),
    rank: hash(name + key),
    planned: 0,
    held: 0,
  }
}

const preferencesOf = ({ clusters }: Preferences, name: string): ClusterPreferences | undefined =>
  (Object.hasOwn(clusters, name) ? clusters[name] : undefined) ?? clusters['*']

/** FNV-1 of 32 bits, well stirred: without that, keys of one length rank clusters alike. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text))
    value = (Math.imul(value, 0x01000193) ^ byte) >>> 0
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
