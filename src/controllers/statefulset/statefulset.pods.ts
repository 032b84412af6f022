/** The identity of a StatefulSet's pods: their numbers, names, labels and volumes. */
import { type StatefulSet, statefulSet } from '#api/apps/v1/stateful-set.ts'
import type { Pod, PodTemplateSpec } from '#api/core/v1/pod/pod.ts'
import type { PartialObject } from '../runner/controller.ts'
import { podFromTemplate } from '../runner/pod-template.ts'
import { REVISION_HASH } from '../runner/revisions.ts'

const POD_NAME = 'statefulset.kubernetes.io/pod-name'
const POD_INDEX = 'apps.kubernetes.io/pod-index'
/** Ordinals are 32-bit numbers; a longer name is not one of ours. */
const MAXIMUM_ORDINAL = 2 ** 31 - 1

export const startOf = (set: StatefulSet): number => set.spec.ordinals?.start ?? 0
export const sizeOf = (set: StatefulSet): number => set.spec.replicas ?? 1
export const podName = (set: StatefulSet, ordinal: number): string =>
  `${set.metadata.name}-${ordinal}`
export const claimName = (set: StatefulSet, template: string, ordinal: number): string =>
  `${template}-${podName(set, ordinal)}`

/** The number at the end of a pod's name; undefined for a pod that is not named as this set names its pods. */
export function ordinalOf(set: StatefulSet, { metadata: { name = '' } }: Pod): number | undefined {
  const [, parent, digits] = /^(.*)-(\d+)$/.exec(name) ?? []
  if (parent !== set.metadata.name) return undefined
  const ordinal = Number(digits)
  return ordinal <= MAXIMUM_ORDINAL ? ordinal : undefined
}

export const isInRange = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= startOf(set) && ordinal < startOf(set) + sizeOf(set)

/** The pod of an ordinal, made from the template of a revision. */
export function newPod(
  set: StatefulSet,
  ordinal: number,
  { template, revision }: { template: PodTemplateSpec; revision: string },
): PartialObject {
  const made = podFromTemplate(template, { kind: statefulSet, object: set })
  const name = podName(set, ordinal)
  return {
    ...made,
    metadata: {
      // With `generateName`, which is of no use beside a name; upstream's have it, too.
      ...made.metadata,
      name,
      labels: { ...made.metadata.labels, ...identityOf(name, ordinal), [REVISION_HASH]: revision },
    },
    spec: {
      ...template.spec,
      hostname: name,
      subdomain: set.spec.serviceName,
      volumes: volumesOf(set, ordinal, template.spec.volumes ?? []),
    },
  }
}

/** The pod with the labels and volumes of its ordinal, or undefined when it has them. */
export function repaired(set: StatefulSet, ordinal: number, pod: Pod): Pod | undefined {
  const name = podName(set, ordinal)
  const volumes = pod.spec.volumes ?? []
  const hasVolumes = (set.spec.volumeClaimTemplates ?? []).every(({ metadata }) =>
    volumes.some(
      volume =>
        volume.name === metadata.name &&
        volume.persistentVolumeClaim?.claimName === claimName(set, metadata.name ?? '', ordinal),
    ),
  )
  if (pod.metadata.labels?.[POD_NAME] === name && hasVolumes) return undefined
  const labels = { ...pod.metadata.labels, ...identityOf(name, ordinal) }
  const metadata = { ...pod.metadata, labels }
  if (hasVolumes) return { ...pod, metadata }
  return { ...pod, metadata, spec: { ...pod.spec, volumes: volumesOf(set, ordinal, volumes) } }
}

const identityOf = (name: string, ordinal: number) => ({
  [POD_NAME]: name,
  [POD_INDEX]: String(ordinal),
})

type Volumes = NonNullable<Pod['spec']['volumes']>

/** The set's claims come first, and take the place of volumes of the template with the same name. */
function volumesOf(set: StatefulSet, ordinal: number, others: Volumes): Volumes {
  const names = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name ?? '')
  return [
    ...names.map(name => ({
      name,
      persistentVolumeClaim: { claimName: claimName(set, name, ordinal) },
    })),
    ...others.filter(({ name }) => !names.includes(name)),
  ]
}
