/** The rules that metadata obeys in every kind, on create and on update. */
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
} from './field-error.ts'
import type { AnyKind, NameRule } from './kind.ts'
import type {
  KubernetesObject,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
} from './metadata.ts'
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isPathSegment,
  isPathSegmentPrefix,
  isQualifiedName,
  maskedPrefix,
  utf8Length,
} from './names.ts'

/** All keys and values of annotations together; they count toward the size of every read. */
const MAXIMUM_ANNOTATION_BYTES = 256 * 1024
const MAXIMUM_FIELD_MANAGER_BYTES = 128
const MAXIMUM_SUBRESOURCE_BYTES = 256

const NAME_RULES = {
  dns1123Subdomain: isDns1123Subdomain,
  dns1123Label: isDns1123Label,
  dns1035Label: isDns1035Label,
  pathSegment: isPathSegment,
} satisfies Record<NameRule<unknown> & string, (text: string) => string[]>

/** What is wrong with the metadata of an object that is to be created. Its name is made already. */
export function validateMetadata(kind: AnyKind, object: KubernetesObject): FieldError[] {
  const { metadata } = object
  return [
    ...wrongNames(kind, object),
    ...wrongNamespace(kind, metadata),
    ...wrongCommonParts(metadata),
  ]
}

type Named = Pick<AnyKind, 'nameRule'>

/** What holds of names of every kind, since they stand in paths; told where the kind itself finds nothing wrong. */
export const ANY_NAME: Named = { nameRule: 'pathSegment' }

/** Upstream judges both in most updates too, though nothing is made of the prefix any more. */
export function wrongNames({ nameRule }: Named, object: KubernetesObject): FieldError[] {
  const { name = '' } = object.metadata
  const errors = wrongGenerateName({ nameRule }, object)
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'))
  else
    for (const why of typeof nameRule === 'string'
      ? NAME_RULES[nameRule](name)
      : nameRule(name, object, false))
      errors.push(invalid('metadata.name', name, why))
  return errors
}

export function wrongGenerateName({ nameRule }: Named, object: KubernetesObject): FieldError[] {
  const { generateName = '' } = object.metadata
  if (generateName === '') return []
  const whys =
    typeof nameRule === 'string'
      ? wrongPrefix(nameRule, generateName)
      : nameRule(generateName, object, true)
  return whys.map(why => invalid('metadata.generateName', generateName, why))
}

function wrongPrefix(rule: keyof typeof NAME_RULES, prefix: string): string[] {
  if (rule === 'pathSegment') return isPathSegmentPrefix(prefix)
  return NAME_RULES[rule](maskedPrefix(prefix))
}

function wrongNamespace(kind: AnyKind, { namespace = '' }: ObjectMeta): FieldError[] {
  if (kind.scope === 'Cluster')
    return namespace === '' ? [] : [forbidden('metadata.namespace', 'not allowed on this type')]
  if (namespace === '') return [required('metadata.namespace')]
  return isDns1123Label(namespace).map(why => invalid('metadata.namespace', namespace, why))
}

function wrongCommonParts(metadata: ObjectMeta, before: ObjectMeta = {}): FieldError[] {
  const errors: FieldError[] = []
  const {
    generation = 0,
    labels,
    annotations,
    ownerReferences,
    managedFields,
    finalizers,
  } = metadata
  if (generation < 0)
    errors.push(invalid('metadata.generation', generation, 'must be greater than or equal to 0'))
  // What is the very value of before was looked at when it came. Not by `push(...)`: there may be more errors than a call may have arguments.
  return [
    ...errors,
    ...(labels === before.labels ? [] : validateLabels('metadata.labels', labels)),
    ...(annotations === before.annotations
      ? []
      : validateAnnotations('metadata.annotations', annotations)),
    ...(ownerReferences === before.ownerReferences ? [] : wrongOwners(ownerReferences ?? [])),
    ...wrongFinalizers(finalizers),
    ...wrongManagedFields(managedFields ?? [], before.managedFields),
  ]
}

/** Checks labels wherever they stand, e.g. also in a pod template. */
export function validateLabels(
  field: string,
  labels: Readonly<Record<string, string>> | undefined,
): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const why of isQualifiedName(key)) errors.push(invalid(field, key, why))
    for (const why of isLabelValue(value)) errors.push(invalid(field, value, why))
  }
  return errors
}

/** Checks annotations wherever they stand. Their keys obey the rule for labels, whatever their case. */
export function validateAnnotations(
  field: string,
  annotations: Readonly<Record<string, string>> | undefined,
): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const why of isQualifiedName(key.toLowerCase())) errors.push(invalid(field, key, why))
    bytes += utf8Length(key) + utf8Length(value)
  }
  if (bytes > MAXIMUM_ANNOTATION_BYTES) errors.push(tooLong(field, MAXIMUM_ANNOTATION_BYTES))
  return errors
}

function wrongOwners(owners: readonly OwnerReference[]): FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  for (const owner of owners) {
    errors.push(...wrongOwner(owner))
    if (owner.controller !== true) continue
    const name = `${owner.kind}/${owner.name}`
    if (controller === undefined) controller = name
    else
      errors.push(
        invalid(
          'metadata.ownerReferences',
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
        ),
      )
  }
  return errors
}

/** As upstream, the field is named without its place in the list. */
function wrongOwner(owner: OwnerReference): FieldError[] {
  const field = 'metadata.ownerReferences'
  const errors: FieldError[] = []
  const { apiVersion = '' } = owner
  if (!/^([^/]+\/)?[^/]+$/.test(apiVersion))
    errors.push(invalid(`${field}.apiVersion`, apiVersion, 'version must not be empty'))
  for (const part of ['kind', 'name', 'uid'] as const)
    if (!owner[part]) errors.push(invalid(`${field}.${part}`, '', 'must not be empty'))
  if (owner.apiVersion === 'v1' && owner.kind === 'Event')
    errors.push(invalid(field, owner, '/v1, Kind=Event is disallowed from being an owner'))
  return errors
}

function wrongFinalizers(finalizers: readonly string[] = []): FieldError[] {
  const field = 'metadata.finalizers'
  const errors = finalizers.flatMap(finalizer =>
    isQualifiedName(finalizer).map(why => invalid(field, finalizer, why)),
  )
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(
      invalid(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'),
    )
  return errors
}

/** Those that upstream knows by themselves. */
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set([
  'kubernetes',
  'orphan',
  'foregroundDeletion',
])

/** Finalizers that nobody can tell from those of others, for they name no domain. */
export function unqualifiedFinalizers({ finalizers = [] }: ObjectMeta): FieldError[] {
  return finalizers.flatMap((finalizer, index) =>
    finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)
      ? []
      : [
          invalid(
            `metadata.finalizers[${index}]`,
            finalizer,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  )
}

function wrongManagedFields(
  entries: readonly ManagedFieldsEntry[],
  before: readonly ManagedFieldsEntry[] = [],
): FieldError[] {
  const errors: FieldError[] = []
  let known: ReadonlySet<ManagedFieldsEntry> | undefined
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as ManagedFieldsEntry
    // Mostly only the last is another one than before.
    if (entry === before[index]) continue
    known ??= new Set(before)
    if (known.has(entry)) continue
    const field = `metadata.managedFields[${index}]`
    if (!entry.operation) errors.push(required(`${field}.operation`, 'must not be empty'))
    else if (entry.operation !== 'Apply' && entry.operation !== 'Update')
      errors.push(notSupported(`${field}.operation`, entry.operation, ['Apply', 'Update']))
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1')
      errors.push(invalid(`${field}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'))
    errors.push(...validateFieldManager(`${field}.manager`, entry.manager ?? ''))
    if (utf8Length(entry.subresource ?? '') > MAXIMUM_SUBRESOURCE_BYTES)
      errors.push(tooLong(`${field}.subresource`, MAXIMUM_SUBRESOURCE_BYTES))
  }
  return errors
}

/** Nearly all names are, and every write checks those of all who own a field. */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

/** Checks a field manager's name; also for the `fieldManager` query parameter. */
export function validateFieldManager(field: string, manager: string): FieldError[] {
  if (manager.length <= MAXIMUM_FIELD_MANAGER_BYTES && PRINTABLE_ASCII.test(manager)) return []
  const errors: FieldError[] = []
  if (utf8Length(manager) > MAXIMUM_FIELD_MANAGER_BYTES)
    errors.push(tooLong(field, MAXIMUM_FIELD_MANAGER_BYTES))
  let position = 0
  for (const letter of manager) {
    if (letter !== ' ' && /[\p{C}\p{Z}]/u.test(letter)) {
      const number = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      errors.push(
        invalid(field, manager, `invalid character U+${number} (at position ${position})`),
      )
    }
    position += utf8Length(letter)
  }
  return errors
}

/** What is wrong with the metadata of an update: the rules of any metadata come first, then what may not change. */
export function validateMetadataUpdate(
  _kind: AnyKind,
  next: KubernetesObject,
  previous: KubernetesObject,
): FieldError[] {
  const after = next.metadata
  const before = previous.metadata
  const errors = [
    // Of any kind; the rules of the kind itself come with those of its other fields.
    ...wrongGenerateName(ANY_NAME, next),
    ...wrongCommonParts(after, before),
  ]
  if (before.deletionTimestamp)
    errors.push(...newFinalizers(after.finalizers ?? [], before.finalizers ?? []))
  if (!after.resourceVersion)
    errors.push(
      invalid(
        'metadata.resourceVersion',
        after.resourceVersion ?? '',
        'must be specified for an update',
      ),
    )
  const { generation = 0 } = after
  if (generation < (before.generation ?? 0))
    errors.push(invalid('metadata.generation', generation, 'must not be decremented'))
  for (const field of IDENTITY)
    if ((after[field] ?? '') !== (before[field] ?? ''))
      errors.push(invalid(`metadata.${field}`, after[field] ?? '', 'field is immutable'))
  for (const field of TIMES)
    if (after[field] !== before[field])
      errors.push(invalid(`metadata.${field}`, after[field], 'field is immutable'))
  return errors
}

const IDENTITY = ['name', 'namespace', 'uid'] as const
const TIMES = ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

function newFinalizers(next: readonly string[], previous: readonly string[]): FieldError[] {
  const added = [...new Set(next)].filter(finalizer => !previous.includes(finalizer)).sort()
  if (added.length === 0) return []
  const list = added.map(finalizer => JSON.stringify(finalizer)).join(', ')
  return [
    forbidden(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    ),
  ]
}
