/** The claims of a pod: made before it, found again by its successor, and kept or deleted as the retention policy says. */
import { type StatefulSet, statefulSet } from '#api/apps/v1/stateful-set.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { OwnerReference } from '#api/machinery/metadata.ts'
import type { Write } from '../runner/controller.ts'
import { canonical } from '../runner/json.ts'
import { controllerReference } from '../runner/owners.ts'
import type { Plan, Slot } from './statefulset.plan.ts'
import { claimName, isInRange, podName } from './statefulset.pods.ts'

export interface ClaimWrites {
  readonly writes: Write[]
  /** A claim of the pod's predecessor that is about to go: the pod must wait for it. */
  readonly leaving?: PersistentVolumeClaim
}

/** Makes the claims of an ordinal that are missing. */
export function missingClaims({ set, world }: Plan, ordinal: number): ClaimWrites {
  const writes: Write[] = []
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = claimName(set, template.metadata.name ?? '', ordinal)
    const known = world.claimNamed(name)
    if (known?.metadata.deletionTimestamp) return { writes: [], leaving: known }
    if (!known) writes.push(creation(set, template, { name, ordinal }))
  }
  return { writes }
}

function creation(
  set: StatefulSet,
  template: PersistentVolumeClaim,
  { name, ordinal }: { name: string; ordinal: number },
): Write {
  const { metadata, spec } = template
  const ownerReferences = ownersWanted(set, { ordinal, pod: undefined })
  const of = `${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`
  return {
    verb: 'create',
    kind: persistentVolumeClaim,
    object: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        ...metadata,
        name,
        namespace: set.metadata.namespace ?? '',
        labels: { ...metadata.labels, ...set.spec.selector?.matchLabels },
        ...(ownerReferences.length > 0 ? { ownerReferences } : {}),
      },
      spec,
    },
    report: {
      about: set,
      success: { reason: 'SuccessfulCreate', message: () => `Create Claim ${of} success` },
      failure: {
        reason: 'FailedCreate',
        message: error => `Create Claim ${of.replace(' Pod', ' for Pod')} failed error: ${error}`,
      },
    },
  }
}

/**
 * A claim that still belongs to a former pod of this ordinal, which was scaled away: the garbage collector is about to delete it,
 * so that a new pod must not take it.
 */
export function hasStaleClaim({ set, world }: Plan, { ordinal, pod }: Slot): boolean {
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return false
  return (set.spec.volumeClaimTemplates ?? []).some(({ metadata }) => {
    const claim = world.claimNamed(claimName(set, metadata.name ?? '', ordinal))
    return claim?.metadata.ownerReferences?.some(
      ({ kind, name, uid }) =>
        kind === 'Pod' && name === podName(set, ordinal) && uid !== pod?.metadata.uid,
    )
  })
}

/** Makes whoever the policy says own the claims of a slot, so that they are deleted with it. */
export function retentionWrites({ set, world }: Plan, slot: Slot): Write[] {
  const writes: Write[] = []
  for (const { metadata } of set.spec.volumeClaimTemplates ?? []) {
    const claim = world.claimNamed(claimName(set, metadata.name ?? '', slot.ordinal))
    if (!claim || claim.metadata.deletionTimestamp) continue
    const before = claim.metadata.ownerReferences ?? []
    const others = before.filter(({ uid }) => !isOurs(uid, set, slot.pod))
    // Somebody else's claim stays theirs.
    const wanted = others.some(({ controller }) => controller) ? [] : ownersWanted(set, slot)
    const ownerReferences = [...others, ...wanted]
    if (canonical(ownerReferences) === canonical(before)) continue
    const object = { ...claim, metadata: { ...claim.metadata, ownerReferences } }
    writes.push({ verb: 'update', kind: persistentVolumeClaim, object })
  }
  return writes
}

const isOurs = (uid: string, set: StatefulSet, pod: Pod | undefined): boolean =>
  uid === set.metadata.uid || (pod !== undefined && uid === pod.metadata.uid)

function ownersWanted(set: StatefulSet, { ordinal, pod }: Slot): OwnerReference[] {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {}
  if (whenScaled === 'Delete' && !isInRange(set, ordinal))
    return pod ? [controllerReference(podKind, pod)] : []
  return whenDeleted === 'Delete' ? [controllerReference(statefulSet, set)] : []
}
