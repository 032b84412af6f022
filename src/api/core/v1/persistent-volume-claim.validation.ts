import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { isDns1123Label, isDns1123Subdomain, isQualifiedName } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import { differencesOf } from './differences.ts'
import {
  type PersistentVolumeClaim,
  type PersistentVolumeClaimSpec,
  persistentVolumeClaimStatus,
} from './persistent-volume-claim.schema.ts'
import type { TypedLocalObjectReference, TypedObjectReference } from './references.ts'
import { isNativeResource } from './resource-names.ts'
import {
  CLASS_ANNOTATION,
  validateAccessModes,
  validateClassName,
  validateVolumeMode,
} from './storage.ts'
import { notNegativeAmount, positiveAmount, validateCapacity } from './validation.resources.ts'
import { validateLabelSelector } from './validation.selectors.ts'
import { given, immutable, needed, wrong } from './validation.ts'

/** Also for claims that are made from templates of pods and stateful sets. */
export function validateClaimSpec(
  path: string,
  spec: PersistentVolumeClaimSpec,
  previous?: PersistentVolumeClaimSpec,
): readonly FieldError[] {
  // Groups were not looked at once.
  const isAnyGroup = Boolean(previous?.dataSource?.apiGroup ?? previous?.dataSourceRef?.apiGroup)
  const { accessModes = [], resources, dataSource, dataSourceRef } = spec
  const errors: FieldError[] = []
  if (accessModes.length === 0)
    errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'))
  errors.push(
    ...validateLabelSelector(`${path}.selector`, spec.selector),
    ...validateAccessModes(`${path}.accessModes`, accessModes),
  )
  const size = resources.requests?.storage
  const sizeField = `${path}.resources[storage]`
  errors.push(...(size === undefined ? [required(sizeField)] : positiveAmount(sizeField, size)))
  errors.push(
    ...validateClassName(`${path}.storageClassName`, spec.storageClassName),
    ...validateVolumeMode(`${path}.volumeMode`, spec.volumeMode),
  )
  if (dataSource) errors.push(...validateDataSource(`${path}.dataSource`, dataSource, isAnyGroup))
  if (dataSourceRef)
    errors.push(
      ...validateDataSource(`${path}.dataSourceRef`, dataSourceRef, isAnyGroup),
      ...given(`${path}.dataSourceRef.namespace`, dataSourceRef.namespace, isDns1123Label),
    )
  return [
    ...errors,
    ...validateBothSources(path, spec),
    ...validateClassName(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName),
  ]
}

function validateDataSource(
  path: string,
  { apiGroup = '', kind, name }: TypedLocalObjectReference | TypedObjectReference,
  isAnyGroup: boolean,
): readonly FieldError[] {
  const errors = [...needed(`${path}.name`, name), ...needed(`${path}.kind`, kind)]
  if (!apiGroup && kind !== 'PersistentVolumeClaim')
    errors.push(
      invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
    )
  return isAnyGroup
    ? errors
    : [...errors, ...given(`${path}.apiGroup`, apiGroup, isDns1123Subdomain)]
}

function validateBothSources(
  path: string,
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
): FieldError[] {
  if (!dataSource || !dataSourceRef) return []
  // Upstream shows the path as an empty object.
  if (dataSourceRef.namespace)
    return [invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified')]
  const same = (['apiGroup', 'kind', 'name'] as const).every(
    field => dataSource[field] === dataSourceRef[field],
  )
  return same ? [] : [invalid(path, {}, 'must match dataSourceRef')]
}

const IMMUTABLE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

export function validateClaimUpdate(
  next: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
): readonly FieldError[] {
  const allowed = withAllowedChanges(next, previous)
  const before = { ...previous.spec }
  if (!before.volumeName) takeOver(before, next.spec, 'volumeName')
  const errors: FieldError[] = []
  if (takesClassFromAnnotation(next, previous)) delete allowed.storageClassName
  else errors.push(...validateClassAnnotation(next, previous))
  // No class is another thing than a class that is empty.
  const isSameClass = allowed.storageClassName === before.storageClassName
  const found = differencesOf(allowed, before, 'spec')
  if (!isSameClass || found.length > 0) {
    const lines = found.length > 0 ? found : ['- spec.storageClassName: ""']
    errors.push(forbidden('spec', `${IMMUTABLE}\n${lines.join('\n')}\n`))
  }
  return [
    ...errors,
    ...validateNewSize(next, previous),
    ...immutable('volumeMode', next.spec.volumeMode, previous.spec.volumeMode),
  ]
}

/** The next spec with all that may change put back: what still differs is forbidden. */
function withAllowedChanges(
  { spec, status }: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
): PersistentVolumeClaimSpec {
  const allowed = structuredClone(spec)
  const before = previous.spec
  const annotation = previous.metadata.annotations?.[CLASS_ANNOTATION]
  if (before.storageClassName === undefined && spec.storageClassName !== undefined) {
    if (annotation === undefined || annotation === spec.storageClassName)
      takeOver(allowed, before, 'storageClassName')
  }
  if (status.phase !== 'Bound') return allowed
  const size = before.resources.requests?.storage
  if (allowed.resources.requests && size !== undefined) allowed.resources.requests.storage = size
  takeOver(allowed, before, 'volumeAttributesClassName')
  return allowed
}

function takeOver<K extends keyof PersistentVolumeClaimSpec>(
  target: PersistentVolumeClaimSpec,
  source: PersistentVolumeClaimSpec,
  field: K,
): void {
  if (source[field] === undefined) delete target[field]
  else target[field] = source[field]
}

/** A claim that had its class in the annotation alone may get it in the field. */
function takesClassFromAnnotation(
  next: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
): boolean {
  const before = previous.metadata.annotations?.[CLASS_ANNOTATION]
  const after = next.metadata.annotations?.[CLASS_ANNOTATION]
  return (
    before !== undefined &&
    previous.spec.storageClassName === undefined &&
    next.spec.storageClassName === before &&
    (after === undefined || after === before)
  )
}

function validateClassAnnotation(
  next: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
): readonly FieldError[] {
  const after = next.metadata.annotations?.[CLASS_ANNOTATION] ?? ''
  return after === (previous.metadata.annotations?.[CLASS_ANNOTATION] ?? '')
    ? []
    : [invalid(`metadata.${CLASS_ANNOTATION}`, after, 'field is immutable')]
}

/** A claim may shrink only while growing it has not been done, and never to what it has. */
function validateNewSize(
  next: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
): readonly FieldError[] {
  const before = previous.spec.resources.requests?.storage ?? '0'
  const after = next.spec.resources.requests?.storage ?? '0'
  const has = previous.status.capacity?.storage ?? '0'
  if (compareQuantities(after, before) >= 0 || compareQuantities(after, has) > 0) return []
  return [
    forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'),
  ]
}

const resizeStates =
  (
    persistentVolumeClaimStatus.fields.allocatedResourceStatuses.schema as {
      values: { enum?: readonly string[] }
    }
  ).values.enum?.toSorted() ?? []

export function validateClaimStatus({
  spec,
  status,
}: PersistentVolumeClaim): readonly FieldError[] {
  const errors: FieldError[] = []
  if ((spec.accessModes ?? []).length === 0) errors.push(required('Spec.accessModes'))
  errors.push(...validateCapacity('status.capacity', status.capacity))
  const states = 'status.allocatedResourceStatuses'
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    errors.push(...validateResourceKey(states, name))
    if (!resizeStates.includes(state)) errors.push(notSupported(states, name, resizeStates))
  }
  for (const [name, amount] of Object.entries(status.allocatedResources ?? {})) {
    const field = 'status.allocatedResources'
    const wrongKey = validateResourceKey(field, name)
    errors.push(
      ...(wrongKey.length > 0 ? wrongKey : notNegativeAmount(`${field}[${name}]`, amount)),
    )
  }
  return errors
}

function validateResourceKey(field: string, name: string): readonly FieldError[] {
  const messages = isQualifiedName(name)
  if (messages.length > 0) return wrong(field, name, messages)
  return isNativeResource(name) && name !== 'storage'
    ? [notSupported(field, name, ['storage'])]
    : []
}
