/**
 * The rules of the schema of one version. First it must be structural: what values look like is said at one place, and
 * allOf, anyOf, oneOf and not only narrow it. Then its defaults must be valid, and its extensions make sense.
 */
import { type FieldError, forbidden, invalid } from '../../machinery/field-error.ts'
import { wrongDefaults } from './defaults.validation.ts'
import { wrongExtensions } from './extensions.validation.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'
import { wrongRuleCosts } from './rule-costs.validation.ts'
import { wrongStructure } from './structural.validation.ts'

/** With a status subresource the root may say no more than this, since the status is checked without it. */
const ALLOWED_AT_ROOT = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
]
/** Go's names of the fields whose JSON names differ by more than their case. */
const GO_NAMES: Readonly<Record<string, string>> = {
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
}

export interface SchemaPlace {
  readonly hasStatus: boolean
  /** Taken before: what its rules cost is not held against it. */
  readonly isUnchanged?: boolean
}

const OF_RULES = /\.x-kubernetes-validations/

export function wrongSchema(
  schema: JsonSchemaProps | undefined,
  path: string,
  { hasStatus, isUnchanged = false }: SchemaPlace,
): FieldError[] {
  if (!schema) return []
  const field = `${path}.openAPIV3Schema`
  const errors: FieldError[] = []
  if (hasStatus) errors.push(...wrongRoot(schema, field))
  if (schema.nullable)
    errors.push(forbidden(`${field}.nullable`, 'nullable cannot be true at the root'))
  const unsupported = unsupportedIn(schema)
  let isTyped = false
  if (unsupported === undefined) {
    const structure = wrongStructure(schema, field)
    errors.push(...structure)
    const presets = structure.length === 0 ? wrongDefaults(schema, field) : []
    errors.push(...presets)
    isTyped = structure.length + presets.length === 0
  }
  const wrong = wrongExtensions(schema, field, {
    isRoot: true,
    isInMetadata: false,
    isTyped,
  })
  errors.push(...wrong)
  // What the schema itself has wrong comes first.
  if (isTyped && !isUnchanged && wrong.every(({ field: at }) => OF_RULES.test(at)))
    errors.push(...wrongRuleCosts(schema, field, withoutCost(wrong)))
  if (errors.length === 0 && unsupported !== undefined)
    errors.push(invalid(field, '', `OpenAPIV3Schema '${unsupported}' is not supported`))
  return errors
}

/** Where expressions are that are none. One that only looks where there is no past costs what it costs. */
const withoutCost = (wrong: readonly FieldError[]): ReadonlySet<string> =>
  new Set(wrong.filter(({ message }) => !UNCORRELATABLE.test(message)).map(({ field }) => field))
const UNCORRELATABLE = /: oldSelf cannot be used on the uncorrelatable portion of the schema/

function wrongRoot(schema: JsonSchemaProps, field: string): FieldError[] {
  if (schema.type !== undefined && schema.type !== '' && schema.type !== 'object')
    return [
      invalid(
        `${field}.type`,
        schema.type,
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      ),
    ]
  const goName = (name: string) => GO_NAMES[name] ?? name.charAt(0).toUpperCase() + name.slice(1)
  if (Object.keys(schema).every(name => ALLOWED_AT_ROOT.includes(goName(name)))) return []
  return [
    invalid(
      field,
      schema,
      `only [${ALLOWED_AT_ROOT.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`,
    ),
  ]
}

/** A part of OpenAPI that cannot be structural; what it says is not looked at any further. */
function unsupportedIn(schema: JsonSchemaProps): string | undefined {
  if (schema.id) return 'id'
  if (schema.$schema) return 'schema'
  if (schema.$ref) return '$ref'
  for (const part of ['patternProperties', 'dependencies', 'definitions'] as const)
    if (Object.keys(schema[part] ?? {}).length > 0) return part
  if (schema.additionalItems !== undefined) return 'additionalItems'
  if (Array.isArray(schema.items)) return 'items'
  const { not, items, additionalProperties: values } = schema
  const inner = [
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(not ? [not] : []),
    ...(items ? [items] : []),
    ...(typeof values === 'object' ? [values] : []),
    ...Object.values(schema.properties ?? {}),
  ]
  for (const each of inner) {
    const found = unsupportedIn(each)
    if (found !== undefined) return found
  }
  return undefined
}
