/** The rules of definitions, in the order of upstream. What all versions share is told once, at the place that it had in v1beta1. */

import { loadCelEngine } from '../../cel/engine.ts'
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../machinery/names.ts'
import { equal } from '../../machinery/patch/json-patch.ts'
import { isSaid } from '../../machinery/said-lists.ts'
import { isKnownFormat } from '../custom/formats.ts'
import { schemasWithin } from '../custom/walk.ts'
import { isConditionTrue } from './conditions.ts'
import { wrongConversion } from './conversion.validation.ts'
import type {
  CustomResourceDefinition,
  CustomResourceNames,
  CustomResourceVersion,
} from './custom-resource-definition.schema.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'
import { wrongSchema } from './schema.validation.ts'
import {
  wrongColumns,
  wrongDeprecation,
  wrongSelectableFields,
  wrongSubresources,
} from './version.validation.ts'

type Spec = CustomResourceDefinition['spec']

const APPROVAL = 'api-approved.kubernetes.io'

/** Whatever is to be loaded before these rules can be asked. */
export const prepare = loadCelEngine

export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { spec } = definition
  return [
    ...wrongSpec(spec),
    ...validateDefinitionStatus(definition),
    ...wrongStoredVersions(definition),
    ...wrongApproval(definition),
    ...wrongPreservation(spec),
  ]
}

export function validateDefinitionUpdate(
  next: CustomResourceDefinition,
  previous: CustomResourceDefinition,
): FieldError[] {
  const [after, before] = [next.spec, previous.spec]
  const immutable: [string, unknown, unknown][] = [
    ...(isConditionTrue(previous, 'Established')
      ? ([
          ['spec.scope', after.scope, before.scope],
          ['spec.names.kind', after.names.kind, before.names.kind],
        ] as [string, unknown, unknown][])
      : []),
    ['spec.group', after.group, before.group],
    ['spec.names.plural', after.names.plural, before.names.plural],
  ]
  return [
    ...wrongSpec(after, { before, isEstablished: isConditionTrue(previous, 'Established') }),
    ...immutable
      .filter(([, now, then]) => now !== then)
      .map(([field, now]) => invalid(field, now, 'field is immutable')),
    ...validateDefinitionStatus(next),
    ...wrongStoredVersions(next),
    ...(approvalOf(next).state === approvalOf(previous).state ? [] : wrongApproval(next)),
    ...(before.preserveUnknownFields ? [] : wrongPreservation(after)),
  ]
}

export function validateDefinitionStatus({ status }: CustomResourceDefinition): FieldError[] {
  return wrongNames(status.acceptedNames, 'status.acceptedNames')
}

interface Past {
  readonly before: Spec
  /** The definition is in use. */
  readonly isEstablished: boolean
}

function wrongSpec(spec: Spec, past?: Past): FieldError[] {
  const { versions, scope } = spec
  return [
    ...wrongGroup(spec.group),
    ...(scope === ''
      ? [required('spec.scope')]
      : ['Cluster', 'Namespaced'].includes(scope)
        ? []
        : [notSupported('spec.scope', scope, ['Cluster', 'Namespaced'])]),
    ...wrongSchemas(spec, past),
    ...versions.flatMap((version, at) => wrongVersion(spec, version, `spec.versions[${at}]`, past)),
    ...wrongVersionList(versions),
    ...(['plural', 'singular', 'kind', 'listKind'] as const)
      .filter(name => !spec.names[name])
      .map(name => required(`spec.names.${name}`)),
    ...wrongNames(spec.names, 'spec.names'),
    ...wrongShared(spec, past),
    ...wrongConversion(spec, past?.isEstablished ? past.before : undefined),
  ]
}

function wrongGroup(group: string): FieldError[] {
  if (group === '') return [required('spec.group')]
  const why = isDns1123Subdomain(group)
  if (why.length > 0) return [invalid('spec.group', group, why.join(','))]
  return group.includes('.')
    ? []
    : [invalid('spec.group', group, 'should be a domain with at least one dot')]
}

/** A version may do without a schema only where one did before, and then only where nothing is pruned or served. */
function wrongSchemas({ versions, preserveUnknownFields }: Spec, past?: Past): FieldError[] {
  const isOld = past?.before.versions.some(({ schema }) => !schema?.openAPIV3Schema) ?? false
  return versions.flatMap(({ schema, served }, at) => {
    if (schema?.openAPIV3Schema || (isOld && (preserveUnknownFields || !served))) return []
    const why = isOld ? 'because otherwise all fields are pruned' : ''
    return [required(`spec.versions[${at}].schema.openAPIV3Schema`, why)]
  })
}

/** Whether all versions say the same; then it is checked once. */
function isShared(versions: readonly CustomResourceVersion[], part: keyof CustomResourceVersion) {
  return versions.every(version => equal(version[part] ?? null, versions[0]?.[part] ?? null))
}

/** Whether the version had the same schema before. */
function isUnchanged({ name, schema }: CustomResourceVersion, past: Past | undefined): boolean {
  const old = past?.before.versions.find(version => version.name === name)
  return old !== undefined && equal(old.schema ?? null, schema ?? null)
}

function wrongVersion(
  spec: Spec,
  version: CustomResourceVersion,
  path: string,
  past: Past | undefined,
): FieldError[] {
  const { versions } = spec
  const { name, schema, subresources, additionalPrinterColumns, selectableFields } = version
  const why = isDns1035Label(name)
  const own = <T>(part: keyof CustomResourceVersion, value: T) =>
    isShared(versions, part) ? undefined : value
  return [
    ...(why.length > 0 ? [invalid(`${path}.name`, name, why.join(','))] : []),
    ...wrongDeprecation(version, path),
    ...wrongSchema(own('schema', schema?.openAPIV3Schema), `${path}.schema`, {
      hasStatus: subresources?.status !== undefined,
      isUnchanged: isUnchanged(version, past),
    }),
    ...wrongSubresources(own('subresources', subresources), `${path}.subresources`),
    ...wrongColumns(
      own('additionalPrinterColumns', additionalPrinterColumns),
      `${path}.additionalPrinterColumns`,
    ),
    ...wrongSelectableFields(own('selectableFields', selectableFields), {
      schema: schema?.openAPIV3Schema,
      path: `${path}.selectableFields`,
      without: 'may only be set when `version.schema.openAPIV3Schema` is not included',
    }),
  ]
}

/** What all versions have in common. */
function wrongShared({ versions }: Spec, past: Past | undefined): FieldError[] {
  const [first] = versions
  if (!first) return []
  const shared = <T>(part: keyof CustomResourceVersion, value: T) =>
    isShared(versions, part) ? value : undefined
  return [
    ...(first.name === '' ? [] : isDns1035Label(first.name)).map(why =>
      invalid('spec.version', first.name, why),
    ),
    ...wrongSchema(shared('schema', first.schema?.openAPIV3Schema), 'spec.validation', {
      hasStatus: versions.some(({ subresources }) => subresources?.status !== undefined),
      isUnchanged: isUnchanged(first, past),
    }),
    ...wrongSubresources(shared('subresources', first.subresources), 'spec.subresources'),
    ...wrongColumns(
      shared('additionalPrinterColumns', first.additionalPrinterColumns),
      'spec.additionalPrinterColumns',
    ),
    // As upstream, which looks for them in what the versions share, and so not in schemas that differ.
    ...wrongSelectableFields(shared('selectableFields', first.selectableFields), {
      schema: shared('schema', first.schema?.openAPIV3Schema),
      path: 'spec.selectableFields',
      without: 'may only be set when validations.schema is included',
    }),
  ]
}

function wrongVersionList(versions: readonly CustomResourceVersion[]): FieldError[] {
  const errors: FieldError[] = []
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(invalid('spec.versions', versions, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(
      // Go tells nothing from an empty list.
      invalid(
        'spec.versions',
        versions.length === 0 && !isSaid(versions) ? null : versions,
        'must have exactly one version marked as storage version',
      ),
    )
  return errors
}

function wrongNames(names: CustomResourceNames, path: string): FieldError[] {
  const label = (field: string, value = '', prefix = '') => {
    const why = value === '' ? [] : isDns1035Label(prefix === '' ? value : value.toLowerCase())
    return why.length > 0 ? [invalid(`${path}.${field}`, value, prefix + why.join(','))] : []
  }
  const each = (field: string, values: readonly string[] = []) =>
    values.flatMap((value, at) => {
      const why = isDns1035Label(value)
      return why.length > 0 ? [invalid(`${path}.${field}[${at}]`, value, why.join(','))] : []
    })
  const mixedCase = 'may have mixed case, but should otherwise match: '
  const { kind, listKind } = names
  return [
    ...label('plural', names.plural),
    ...label('singular', names.singular),
    ...label('kind', kind, mixedCase),
    ...label('listKind', listKind, mixedCase),
    ...each('shortNames', names.shortNames),
    ...(kind !== '' && kind === listKind
      ? [invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same')]
      : []),
    ...each('categories', names.categories),
  ]
}

function wrongStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const field = 'status.storedVersions'
  const { storedVersions } = status
  if (storedVersions.length === 0)
    return [invalid(field, null, 'must have at least one stored version')]
  const names = spec.versions.map(({ name }) => name)
  // Each name that was stored stands for one version: a second of that name lacks it.
  const lacking = spec.versions
    .filter(
      ({ storage, name }, at) =>
        storage && (!storedVersions.includes(name) || names.indexOf(name) < at),
    )
    .map(({ name }) => invalid(field, storedVersions, `must have the storage version ${name}`))
  const gone = storedVersions.flatMap((name, at) =>
    names.includes(name)
      ? []
      : [
          invalid(
            `${field}[${at}]`,
            name,
            `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
          ),
        ],
  )
  return [...lacking, ...gone]
}

/** Groups of the Kubernetes community are for resources that it reviewed. */
export function approvalOf({ metadata, spec }: CustomResourceDefinition): {
  readonly state: 'free' | 'missing' | 'bypassed' | 'approved' | 'invalid'
  readonly reason: string
} {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group)) return { state: 'free', reason: '' }
  const text = metadata.annotations?.[APPROVAL] ?? ''
  const wanted = `protected groups must have approval annotation ${JSON.stringify(APPROVAL)}`
  const link = 'see https://github.com/kubernetes/enhancements/pull/1111'
  if (text === '') return { state: 'missing', reason: `${wanted}, ${link}` }
  if (text.startsWith('unapproved'))
    return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` }
  if (URL.canParse(text) && new URL(text).host !== '')
    return { state: 'approved', reason: `approved in ${text}` }
  return {
    state: 'invalid',
    reason: `${wanted} with either a URL or a reason starting with "unapproved", ${link}`,
  }
}

function wrongApproval(definition: CustomResourceDefinition): FieldError[] {
  const field = `metadata.annotations[${APPROVAL}]`
  const { state, reason } = approvalOf(definition)
  if (state === 'missing') return [required(field, reason)]
  if (state !== 'invalid') return []
  return [invalid(field, definition.metadata.annotations?.[APPROVAL], reason)]
}

function wrongPreservation({ preserveUnknownFields }: Spec): FieldError[] {
  if (!preserveUnknownFields) return []
  const instead =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
  return [invalid('spec.preserveUnknownFields', true, instead)]
}

/** Formats that nobody checks, unless they were there before. */
export function formatWarnings(
  next: CustomResourceDefinition,
  previous: CustomResourceDefinition | undefined,
): string[] {
  const known = new Set(previous ? unknownFormats(previous) : [])
  return unknownFormats(next)
    .filter(format => !known.has(format))
    .map(format => `unrecognized format ${JSON.stringify(format)}`)
}

function unknownFormats({ spec }: CustomResourceDefinition): string[] {
  const found = (schema: JsonSchemaProps): string[] => [
    ...(schema.format && !isKnownFormat(schema.format, schema.type) ? [schema.format] : []),
    ...schemasWithin(schema).flatMap(found),
  ]
  return spec.versions.flatMap(({ schema }) =>
    schema?.openAPIV3Schema ? found(schema.openAPIV3Schema) : [],
  )
}
