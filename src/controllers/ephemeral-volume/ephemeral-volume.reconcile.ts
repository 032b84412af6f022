/** The claims that a pod's ephemeral volumes need: made for the pod, and deleted with it. */
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { ephemeralClaimName, isMadeFor } from '../runner/claims.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { controllerReference } from '../runner/owners.ts'

export interface EphemeralVolumeWorld {
  readonly pod: Pod
  readonly claimNamed: (name: string) => PersistentVolumeClaim | undefined
}

export function reconcile({ pod, claimNamed }: EphemeralVolumeWorld): Outcome {
  if (pod.metadata.deletionTimestamp) return { writes: [] }
  const writes: Write[] = []
  for (const { name, ephemeral } of pod.spec.volumes ?? []) {
    if (!ephemeral) continue
    const claim = ephemeralClaimName(pod, name)
    const known = claimNamed(claim)
    if (!known) writes.push(creation(pod, name, ephemeral.volumeClaimTemplate))
    else if (!isMadeFor(known, pod)) {
      const { namespace } = pod.metadata
      const of = `PVC ${namespace}/${claim} was not created for pod ${namespace}/${pod.metadata.name}`
      const message = `ephemeral volume ${name}: ${of} (pod is not owner)`
      writes.push({
        verb: 'event',
        about: pod,
        type: 'Warning',
        reason: 'FailedBinding',
        text: { message },
      })
    }
  }
  return { writes }
}

type ClaimTemplate = NonNullable<
  NonNullable<NonNullable<Pod['spec']['volumes']>[number]['ephemeral']>['volumeClaimTemplate']
>

function creation(pod: Pod, volume: string, template: ClaimTemplate | undefined): Write {
  const name = ephemeralClaimName(pod, volume)
  const { labels, annotations } = template?.metadata ?? {}
  return {
    verb: 'create',
    kind: persistentVolumeClaim,
    object: {
      metadata: {
        name,
        namespace: pod.metadata.namespace ?? '',
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
        ownerReferences: [controllerReference(podKind, pod)],
      },
      spec: template?.spec,
    },
    report: {
      about: pod,
      failure: {
        reason: 'FailedBinding',
        message: error => `ephemeral volume ${volume}: create PVC ${name}: ${error}`,
      },
    },
  }
}
