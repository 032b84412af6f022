/** What claims and volumes get on creation, and when a claim may grow. */
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { CLASS_ANNOTATION, classOf } from '#api/core/v1/storage.ts'
import { compareQuantities } from '#api/machinery/quantity.ts'
import { defaultOf } from '#api/storage/v1/storage-class.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { concerns, qualifiedName, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

type World = Pick<AdmissionWorld, 'storageClass' | 'storageClasses'>

const isWhole = (request: AdmissionRequest, resource: string, group = '') =>
  concerns(request, group, resource) && request.subresource === ''

/** Who lets go only when nobody uses the object any more. */
const PROTECTION: readonly { group: string; resource: string; finalizer: string }[] = [
  { group: '', resource: 'persistentvolumeclaims', finalizer: 'kubernetes.io/pvc-protection' },
  { group: '', resource: 'persistentvolumes', finalizer: 'kubernetes.io/pv-protection' },
  {
    group: 'storage.k8s.io',
    resource: 'volumeattributesclasses',
    finalizer: 'kubernetes.io/vac-protection',
  },
]

export const storageObjectInUseProtection: AdmissionStep = {
  name: 'StorageObjectInUseProtection',
  resources: PROTECTION.map(qualifiedName),
  mutate(request, draft) {
    if (request.operation !== 'CREATE') return
    const { finalizer } = PROTECTION.find(each => isWhole(request, each.resource, each.group)) ?? {}
    if (finalizer === undefined || draft.metadata.finalizers?.includes(finalizer)) return
    draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), finalizer]
  },
}

export function defaultStorageClass({ storageClasses }: World): AdmissionStep {
  return {
    name: 'DefaultStorageClass',
    resources: ['persistentvolumeclaims'],
    mutate(request, draft) {
      if (request.operation !== 'CREATE' || !isWhole(request, 'persistentvolumeclaims')) return
      const { metadata, spec } = draft as PersistentVolumeClaim
      const isAsked = metadata.annotations?.[CLASS_ANNOTATION] !== undefined
      // An empty name asks for no class, which is not the same as asking for nothing.
      if (isAsked || spec.storageClassName !== undefined) return
      const name = defaultOf(storageClasses())?.metadata.name
      if (name !== undefined) spec.storageClassName = name
    },
  }
}

export function persistentVolumeClaimResize({ storageClass }: World): AdmissionStep {
  return {
    name: 'PersistentVolumeClaimResize',
    resources: ['persistentvolumeclaims'],
    isFor: request => request.operation === 'UPDATE' && isWhole(request, 'persistentvolumeclaims'),
    async validate(request) {
      const next = request.object as PersistentVolumeClaim
      const previous = request.oldObject as PersistentVolumeClaim
      if (compareQuantities(sizeOf(next), sizeOf(previous)) <= 0) return
      if (previous.status.phase !== 'Bound')
        throw refused(request, 'Only bound persistent volume claims can be expanded')
      const name = classOf(next)
      const isSame = name !== '' && name === classOf(previous)
      if (isSame && (await storageClass(name))?.allowVolumeExpansion) return
      throw refused(
        request,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      )
    },
  }
}

const sizeOf = ({ spec }: PersistentVolumeClaim) => spec.resources.requests?.storage ?? '0'
