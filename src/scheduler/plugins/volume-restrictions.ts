import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { claimKeysOf, claimsUsedBy } from '#api/core/v1/pod/claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { actions, type ClusterEvent } from '../framework/cluster-event.ts'
import { cycleKey } from '../framework/cycle-state.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin, Verdict } from '../framework/plugin.ts'
import { refusal, SKIP, unresolvable } from '../framework/status.ts'
import type { Change } from '../state/change-log.ts'
import { Derived } from '../state/derived.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { concernsOwnClaim } from './volume-events.ts'

const NAME = 'VolumeRestrictions'
const DISK_IN_USE = refusal(NAME, 'node(s) had no available disk')
const CLAIM_IN_USE = refusal(
  NAME,
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
)

interface State {
  /** Keys of the pod's claims that one pod alone may use. */
  readonly exclusive: ReadonlySet<string>
  /** How often pods that are placed use them. */
  readonly uses: number
}
const STATE = cycleKey<State>('VolumeRestrictions')

type Volume = NonNullable<Pod['spec']['volumes']>[number]

/** Disks that can only be in one place at a time, and claims that only one pod may use. */
export function volumeRestrictions(_args: unknown, { informers }: Handle): Plugin {
  const claims = informers.for(persistentVolumeClaim)
  const placed = new Derived<ClaimUses>(1)
  const count = (by: 1 | -1): NonNullable<Plugin['addPod']> => {
    return (cycle, _pod, other) => {
      const state = cycle.get(STATE)
      if (!state) return
      const shared = claimKeysOf(other.pod).filter(key => state.exclusive.has(key)).length
      if (shared > 0) cycle.set(STATE, { ...state, uses: state.uses + by * shared })
    }
  }
  return {
    name: NAME,
    preFilter(cycle, { pod }, snapshot) {
      const exclusive = new Set<string>()
      for (const { name, isEphemeral } of claimsUsedBy(pod)) {
        // Made for this pod alone.
        if (isEphemeral) continue
        const key = `${pod.metadata.namespace}/${name}`
        const claim = claims.get(key)
        if (!claim)
          return { status: unresolvable(NAME, `persistentvolumeclaim "${name}" not found`) }
        if (claim.spec.accessModes?.includes('ReadWriteOncePod')) exclusive.add(key)
      }
      const uses = usesOf(exclusive, snapshot, placed)
      if (uses === 0 && !pod.spec.volumes?.some(isExclusiveDisk)) return { status: SKIP }
      cycle.set(STATE, { exclusive, uses })
      return undefined
    },
    addPod: count(1),
    removePod: count(-1),
    filter(cycle, { pod }, node): Verdict {
      const disks = pod.spec.volumes?.filter(isExclusiveDisk) ?? []
      if (disks.length > 0)
        for (const other of node.pods.values())
          if (disks.some(disk => conflicts(disk, other.pod))) return DISK_IN_USE
      return (cycle.get(STATE)?.uses ?? 0) > 0 ? CLAIM_IN_USE : undefined
    },
    events: () => [
      { resource: 'AssignedPod', action: actions.delete, hint: isFreedBy },
      { resource: 'Node', action: actions.add },
      {
        resource: 'PersistentVolumeClaim',
        action: actions.add | actions.updateOther,
        hint: concernsOwnClaim,
      },
    ],
  }
}

/** How often claims are used, by key, over all nodes. */
class ClaimUses {
  readonly counts = new Map<string, number>()

  apply({ pod, by }: Change): void {
    if (!pod || by === 0) return
    for (const key of claimKeysOf(pod.pod)) {
      const count = (this.counts.get(key) ?? 0) + by
      if (count > 0) this.counts.set(key, count)
      else this.counts.delete(key)
    }
  }
}

function usesOf(
  exclusive: ReadonlySet<string>,
  snapshot: Snapshot,
  placed: Derived<ClaimUses>,
): number {
  if (exclusive.size === 0) return 0
  const { counts } = placed.get('', snapshot, () => {
    const uses = new ClaimUses()
    for (const node of snapshot.nodes)
      for (const pod of node.pods.values()) uses.apply({ node, pod, by: 1 })
    return uses
  })
  return [...exclusive].filter(key => counts.has(key)).length
}

function isExclusiveDisk(volume: Volume): boolean {
  const { gcePersistentDisk, awsElasticBlockStore, rbd, iscsi } = volume
  return Boolean(gcePersistentDisk || awsElasticBlockStore || rbd || iscsi)
}

function conflicts(disk: Volume, other: Pod): boolean {
  return other.spec.volumes?.some(existing => isSameDisk(disk, existing)) === true
}

/** The same disk twice, unless both only read it; of AWS, not even then. */
function isSameDisk(a: Volume, b: Volume): boolean {
  const writes = (one: { readOnly?: boolean }, other: { readOnly?: boolean }) =>
    !(one.readOnly && other.readOnly)
  const [gce, ebs, iscsi, rbd] = [
    [a.gcePersistentDisk, b.gcePersistentDisk] as const,
    [a.awsElasticBlockStore, b.awsElasticBlockStore] as const,
    [a.iscsi, b.iscsi] as const,
    [a.rbd, b.rbd] as const,
  ]
  if (gce[0] && gce[1] && gce[0].pdName === gce[1].pdName && writes(gce[0], gce[1])) return true
  if (ebs[0] && ebs[1] && ebs[0].volumeID === ebs[1].volumeID) return true
  if (iscsi[0] && iscsi[1] && iscsi[0].iqn === iscsi[1].iqn && writes(iscsi[0], iscsi[1]))
    return true
  const [one, other] = rbd
  if (!one || !other || one.pool !== other.pool || one.image !== other.image) return false
  return writes(one, other) && one.monitors.some(monitor => other.monitors.includes(monitor))
}

/** Whether a pod that is gone used a disk or a claim that this one waits for. */
function isFreedBy({ pod }: PodInfo, { previous }: ClusterEvent): boolean {
  const gone = previous as Pod
  const keys = new Set(claimKeysOf(gone))
  if (claimKeysOf(pod).some(key => keys.has(key))) return true
  return pod.spec.volumes?.some(volume => conflicts(volume, gone)) === true
}
