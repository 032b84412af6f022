/** What an update leaves alone: an ordinary one the status, one of a part all the rest. */
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { resizedSpec } from '#api/core/v1/pod/resize.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { hooksOf } from './hooks.ts'
import { rulesOf } from './registry.ts'
import type { Write } from './write.ts'

export function keepMetadata(
  { metadata }: KubernetesObject,
  { metadata: kept }: KubernetesObject,
  names: readonly (keyof KubernetesObject['metadata'])[],
): void {
  const own = metadata as Record<string, unknown>
  for (const name of names)
    if (kept[name] === undefined) delete own[name]
    else own[name] = kept[name]
}

/** An ordinary write keeps the status; one of the status keeps everything else. */
export function keepOtherHalf(
  write: Write,
  draft: KubernetesObject,
  previous: KubernetesObject,
): void {
  const part = PARTS[write.subresource]
  if (part) {
    part(draft as never, previous as never)
    return
  }
  const { subresources } = rulesOf(write.resource)
  if (!subresources.status || (write.subresource !== '' && write.subresource !== 'status')) return
  const next = draft as unknown as Record<string, unknown>
  const kept = previous as unknown as Record<string, unknown>
  const isStatus = write.subresource === 'status'
  const isWritten = (field: string) => field === 'metadata' || (field === 'status') === isStatus
  for (const field of Object.keys(next))
    if (kept[field] === undefined && !isWritten(field)) delete next[field]
  for (const field of Object.keys(kept))
    if (kept[field] !== undefined && !isWritten(field)) next[field] = kept[field]
  if (!isStatus) return
  const { statusIsAlone, statusKeepsOwners, statusKeepsDeletion } = hooksOf(write.resource)
  if (statusIsAlone || statusKeepsOwners) keepMetadata(draft, previous, OWNERS)
  if (statusIsAlone) keepMetadata(draft, previous, BESIDE_STATUS)
  if (statusIsAlone === 'wholly') keepMetadata(draft, previous, WHOLLY_BESIDE_STATUS)
  if (statusKeepsDeletion) keepMetadata(draft, previous, ['deletionTimestamp'])
}

const OWNERS = ['ownerReferences'] as const
const BESIDE_STATUS = [
  'labels',
  'annotations',
  'finalizers',
  'deletionTimestamp',
  'selfLink',
] as const
const WHOLLY_BESIDE_STATUS = ['generateName', 'deletionGracePeriodSeconds'] as const

const BESIDE_PART = [...OWNERS, 'labels', 'annotations', 'finalizers', 'deletionTimestamp'] as const

/** Subresources that write one part of the object and keep the rest. */
const PARTS: Readonly<Record<string, (draft: never, previous: never) => void>> = {
  approval(draft: CertificateSigningRequest, previous: CertificateSigningRequest) {
    const { conditions } = draft.status
    const { conditions: _, ...status } = previous.status
    Object.assign(draft, { ...previous, metadata: draft.metadata })
    draft.status = { ...status, ...(conditions ? { conditions } : {}) }
  },
  finalize(draft: Namespace, previous: Namespace) {
    const { finalizers } = draft.spec
    draft.spec = finalizers?.length ? { finalizers } : {}
    draft.status = previous.status
  },
  ephemeralcontainers(draft: Pod, previous: Pod) {
    const { ephemeralContainers } = draft.spec
    Object.assign(draft, { ...previous, metadata: draft.metadata })
    keepMetadata(draft, previous, BESIDE_PART)
    draft.spec = { ...previous.spec, ...(ephemeralContainers ? { ephemeralContainers } : {}) }
  },
  resize(draft: Pod, previous: Pod) {
    const spec = resizedSpec(previous.spec, draft.spec)
    Object.assign(draft, { ...previous, metadata: draft.metadata })
    keepMetadata(draft, previous, BESIDE_PART)
    draft.spec = spec
  },
}
