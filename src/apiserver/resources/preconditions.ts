/** What a draft says of the object that it is to replace: its revision and its identity. */
import { invalid as invalidField } from '#api/machinery/field-error.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { conflict, invalid, type StatusError } from '#api/machinery/status.ts'
import { keyIn } from '../storage/keys.ts'
import type { Write } from './write.ts'

/** Whether the draft is meant for one revision alone, rather than for whichever is there. */
export const namesRevision = ({ metadata: { resourceVersion = '' } }: KubernetesObject): boolean =>
  resourceVersion !== '' && resourceVersion !== '0'

export function revisionNeeded({ resource, name }: Write): StatusError {
  const { group, plural } = resource.kind
  // Upstream names the resource here, not the kind.
  return invalid({ group, kind: plural }, name, [
    invalidField('metadata.resourceVersion', 0, 'must be specified for an update'),
  ])
}

/** What a patch makes is no condition: another identity is refused with all else that may not change. */
export const isPatch = ({ exchange }: Write) => exchange.info.verb === 'patch'

/** Upstream finds it out where it stores the object, and tells so; of trials it knows a shorter key. */
export function checkUid(
  { resource, namespace, name, dryRun }: Write,
  uid: string,
  itsUid = '',
): void {
  if (uid === itsUid) return
  const whole = keyIn(resource.storage.prefix, namespace, name)
  const key = dryRun ? whole.replace(/^\/registry/, '') : whole
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${itsUid}`
  throw conflict(
    resource.name,
    name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  )
}
