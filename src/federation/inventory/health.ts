/** What a probe of a cluster found, as conditions of its profile; and what the conditions say of where objects may be placed. */
import type { Condition } from '#api/machinery/metadata.ts'
import { rfc3339 } from '#base/clock.ts'
import type { ClusterProfile } from './cluster-profile.ts'

/** What came of asking a cluster how it is. */
export type Health =
  | { readonly kind: 'healthy' }
  /** It answers, but not well. */
  | { readonly kind: 'unhealthy'; readonly why: string }
  | { readonly kind: 'unreachable'; readonly why: string }

/**
 * `Ready` takes objects. `Unreachable` keeps what it has for a while, since most clusters come back; `Offline` counts for nothing until it does.
 */
export type ClusterState = 'Ready' | 'Unreachable' | 'Offline'

export const HEALTHY = 'ControlPlaneHealthy'

type Seen = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/** The standard condition, and those of Federation v1. */
function seen(health: Health): readonly Seen[] {
  const of = (type: string, status: Condition['status'], reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
  })
  switch (health.kind) {
    case 'healthy':
      return [
        of(HEALTHY, 'True', 'ClusterReady', '/readyz responded with ok'),
        of('Ready', 'True', 'ClusterReady', '/readyz responded with ok'),
        of('Offline', 'False', 'ClusterReachable', 'cluster is reachable'),
      ]
    case 'unhealthy':
      return [
        of(HEALTHY, 'False', 'ClusterNotReady', health.why),
        of('Ready', 'False', 'ClusterNotReady', health.why),
        of('Offline', 'False', 'ClusterReachable', 'cluster is reachable'),
      ]
    case 'unreachable':
      return [
        of(HEALTHY, 'Unknown', 'ClusterNotReachable', health.why),
        of('Ready', 'Unknown', 'ClusterNotReachable', health.why),
        of('Offline', 'True', 'ClusterNotReachable', health.why),
      ]
  }
}

/** The conditions of now; the time of one moves on only when its status changes. Undefined where nothing changed but messages. */
export function conditionsAfter(
  before: readonly Condition[],
  health: Health,
  nowMs: number,
): readonly Condition[] | undefined {
  const now = seen(health)
  const changed = now.some(({ type, status, reason }) => {
    const known = before.find(each => each.type === type)
    return known?.status !== status || known.reason !== reason
  })
  if (!changed) return undefined
  const types = new Set(now.map(({ type }) => type))
  const kept = before.filter(({ type }) => !types.has(type))
  const next = now.map(each => {
    const known = before.find(({ type }) => type === each.type)
    const lastTransitionTime =
      known?.status === each.status ? known.lastTransitionTime : rfc3339(nowMs)
    return { ...each, lastTransitionTime } as Condition
  })
  return [...kept, ...next]
}

/** The state, and in how many milliseconds it becomes another one by itself. */
export function stateOf(
  profile: ClusterProfile,
  nowMs: number,
  graceMs: number,
): { readonly state: ClusterState; readonly endsInMs?: number } {
  const healthy = profile.status?.conditions?.find(({ type }) => type === HEALTHY)
  if (healthy?.status === 'True') return { state: 'Ready' }
  // Nobody has reached it yet: there is nothing to wait for.
  if (!healthy) return { state: 'Offline' }
  const leftMs = Date.parse(healthy.lastTransitionTime ?? '') + graceMs - nowMs
  // A clock that was set must not keep a cluster for longer than the grace.
  return leftMs > 0
    ? { state: 'Unreachable', endsInMs: Math.min(leftMs, graceMs) }
    : { state: 'Offline' }
}
