/** What a schema may not use, and how the extensions of Kubernetes have to be used; for every schema within it. */
import { type FieldError, forbidden, invalid, notSupported } from '../../machinery/field-error.ts'
import { META_FIELDS, TYPES } from '../custom/walk.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'
import { wrongListType, wrongMapType } from './list-type.validation.ts'
import { wrongExpressionsOf, wrongRuleForms } from './validation-rules.validation.ts'

/** Where the schema stands. */
interface Place {
  readonly isRoot: boolean
  readonly isInMetadata: boolean
  /** Without a structure and with wrong defaults there are no types that expressions could be checked against. */
  readonly isTyped: boolean
  /** Why defaults are not allowed here. */
  readonly noDefaults?: string
  /** The path of the outermost list around it whose items have no past. */
  readonly uncorrelatable?: string
}

/** What the schema itself has wrong is told before what its expressions have. */
interface Wrong {
  readonly ofSchema: FieldError[]
  readonly ofExpressions: FieldError[]
}

export function wrongExtensions(schema: JsonSchemaProps, path: string, place: Place): FieldError[] {
  const { ofSchema, ofExpressions } = wrongHere(schema, path, place)
  return [...ofSchema, ...ofExpressions]
}

function wrongHere(schema: JsonSchemaProps, path: string, place: Place): Wrong {
  const below = within(schema, path, { ...place, isRoot: false }, place.isRoot)
  const ofSchema = [
    ...unsupported(schema, path, place),
    ...below.flatMap(each => each.ofSchema),
    ...(schema['x-kubernetes-preserve-unknown-fields'] === false
      ? [
          invalid(
            `${path}.x-kubernetes-preserve-unknown-fields`,
            false,
            'must be true or undefined',
          ),
        ]
      : []),
    ...wrongMapType(schema, path),
    ...wrongListType(schema, path),
    ...wrongRuleForms(schema, path),
  ]
  const ofExpressions = below.flatMap(each => each.ofExpressions)
  // What is wrong in a schema makes its types wrong, and nobody can mend an expression for that.
  if (place.isTyped && ofSchema.length === 0)
    ofExpressions.push(
      ...wrongExpressionsOf(schema, path, {
        isResource: place.isRoot || schema['x-kubernetes-embedded-resource'] === true,
        uncorrelatable: place.uncorrelatable,
      }),
    )
  return { ofSchema, ofExpressions }
}

function unsupported(schema: JsonSchemaProps, path: string, place: Place): FieldError[] {
  const { type, items } = schema
  const errors: FieldError[] = []
  const forbid = (part: string, why: string) => errors.push(forbidden(`${path}.${part}`, why))
  if (type && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES))
  if (schema.default !== undefined && schema.default !== null && place.noDefaults !== undefined)
    forbid('default', `must not be set ${place.noDefaults}`)
  if (schema.id) forbid('id', 'id is not supported')
  if (schema.additionalItems !== undefined)
    forbid('additionalItems', 'additionalItems is not supported')
  for (const part of ['patternProperties', 'definitions', 'dependencies'] as const)
    if (Object.keys(schema[part] ?? {}).length > 0) forbid(part, `${part} is not supported`)
  if (schema.$ref !== undefined) forbid('$ref', '$ref is not supported')
  if (type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(items) && items.length > 0)
    forbid('items', 'items must be a schema object and not an array')
  if (place.isInMetadata && schema['x-kubernetes-embedded-resource'])
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')
  if (schema.uniqueItems)
    forbid(
      'uniqueItems',
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    )
  const values = schema.additionalProperties
  if (values !== undefined && values !== true && Object.keys(schema.properties ?? {}).length > 0)
    forbid('additionalProperties', 'additionalProperties and properties are mutual exclusive')
  return errors
}

function within(schema: JsonSchemaProps, path: string, place: Place, isRoot: boolean): Wrong[] {
  const { additionalProperties: values, items, not } = schema
  const all = (part: 'allOf' | 'anyOf' | 'oneOf') =>
    (schema[part] ?? []).map((inner, at) => wrongHere(inner, `${path}.${part}[${at}]`, place))
  const inMap = place.isInMetadata
    ? { ...place, noDefaults: 'inside additionalProperties applying to object metadata' }
    : place
  const isKeyed = schema['x-kubernetes-list-type'] === 'map'
  const inList = isKeyed ? place : { uncorrelatable: path, ...place }
  const isResource = isRoot || schema['x-kubernetes-embedded-resource'] === true
  const placeOf = (name: string): Place => {
    if (!isResource || !META_FIELDS.includes(name)) return place
    const noDefaults = isRoot ? { noDefaults: `in top-level ${name}` } : {}
    return { ...place, isInMetadata: true, ...noDefaults }
  }
  return [
    ...(typeof values === 'object'
      ? [wrongHere(values, `${path}.additionalProperties`, inMap)]
      : []),
    ...Object.entries(schema.properties ?? {}).map(([name, inner]) =>
      wrongHere(inner, `${path}.properties[${name}]`, placeOf(name)),
    ),
    ...(not ? [wrongHere(not, `${path}.not`, place)] : []),
    ...all('allOf'),
    ...all('oneOf'),
    ...all('anyOf'),
    ...(Array.isArray(items)
      ? items.map((inner, at) => wrongHere(inner, `${path}.items[${at}]`, place))
      : items
        ? [wrongHere(items, `${path}.items`, inList)]
        : []),
  ]
}
