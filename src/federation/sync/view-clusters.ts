/** What is known of every cluster, as far as it concerns one object. */
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { MemberState, Members } from '../inventory/members.ts'
import type { Capacities } from './capacities.ts'
import type { CopyWriter } from './copy-writer.ts'
import type { ClusterView } from './decide.ts'
import type { FederatedKind } from './federated-kinds.ts'
import { replicasOf, statusOf } from './fields.ts'
import { LOOK_AGAIN_MS, type Obstacles } from './obstacles.ts'
import { countUnschedulable } from './unschedulable.ts'

export interface Viewed {
  readonly key: string
  readonly kind: FederatedKind
  readonly object: KubernetesObject
  readonly members: Members
  readonly copies: CopyWriter
  readonly obstacles: Obstacles
  readonly capacities: Capacities
  readonly clock: Clock
  readonly log: Log
}

const ASK_AGAIN_MS = 5_000

export interface View {
  readonly clusters: readonly ClusterView[]
  /** When something may be different although nobody tells of it. */
  readonly againAfterMs?: number
}

export async function viewClusters(of: Viewed): Promise<View> {
  const viewed = await Promise.all(of.members.list().map(each => viewCluster(of, each)))
  const waits = viewed.flatMap(({ againAfterMs }) => againAfterMs ?? [])
  return {
    clusters: viewed
      .map(({ cluster }) => cluster)
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    ...(waits.length > 0 ? { againAfterMs: Math.min(...waits) } : {}),
  }
}

async function viewCluster(
  of: Viewed,
  { name, labels, state, member }: MemberState,
): Promise<{ cluster: ClusterView; againAfterMs?: number }> {
  const { kind, object, members, log } = of
  const copy = member?.copy(kind.kind, keyOf(object))
  const isSynced = member?.isSynced(kind.kind) ?? false
  const seen = { name, labels, state, isSynced, copy }
  if (!member || state !== 'Ready' || !isSynced) return { cluster: seen }
  try {
    if (!copy) return await behindObstacle(of, seen, member)
    if (kind.shares !== 'replicas') return { cluster: seen }
    return await withRoom(of, { ...seen, copy }, member)
  } catch (error) {
    // One cluster that cannot be asked is no reason to leave the others alone: it keeps what it has.
    log.debug('a cluster cannot be asked', { cluster: name, key: of.key, error: messageOf(error) })
    if (!(error instanceof StatusError)) members.suspect(name)
    return { cluster: { ...seen, isSynced: false }, againAfterMs: ASK_AGAIN_MS }
  }
}

async function withRoom(
  { key, clock, capacities }: Viewed,
  seen: ClusterView & { readonly copy: KubernetesObject },
  { client }: NonNullable<MemberState['member']>,
): Promise<{ cluster: ClusterView; againAfterMs?: number }> {
  const { name, copy } = seen
  const { count, againAfterMs } = await countUnschedulable(client, copy, clock.now())
  if (count > 0) capacities.note(key, name, Math.max(0, replicasOf(copy) - count))
  const running = Number(statusOf(copy).readyReplicas ?? 0)
  const known = capacities.of(key, name, running)
  const waits = [againAfterMs ?? [], known?.leftMs ?? []].flat()
  return {
    cluster: known ? { ...seen, capacity: known.capacity } : seen,
    ...(waits.length > 0 ? { againAfterMs: Math.min(...waits) } : {}),
  }
}

async function behindObstacle(
  { key, kind, object, copies, obstacles }: Viewed,
  seen: ClusterView,
  { client }: NonNullable<MemberState['member']>,
): Promise<{ cluster: ClusterView; againAfterMs?: number }> {
  const leftMs = obstacles.leftMs(key, seen.name)
  if (leftMs === undefined) return { cluster: seen }
  if (leftMs === 0) {
    if (await copies.isFree(client, kind.kind, object)) {
      obstacles.gone(key, seen.name)
      return { cluster: seen }
    }
    obstacles.note(key, seen.name)
  }
  return { cluster: { ...seen, blocked: 'Conflict' }, againAfterMs: leftMs || LOOK_AGAIN_MS }
}
