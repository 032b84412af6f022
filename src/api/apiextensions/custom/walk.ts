/** How values and their schemas fall into parts; everything that follows a value along its schema goes this way. */
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'

/** The schema of the items, where there is one for all of them. */
export function itemsOf(schema: JsonSchemaProps | undefined): JsonSchemaProps | undefined {
  const items = schema?.items
  return Array.isArray(items) ? undefined : items
}

/** The schema that a field has by its own name. */
export function propertyOf(
  schema: JsonSchemaProps | undefined,
  name: string,
): JsonSchemaProps | undefined {
  const properties = schema?.properties
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined
}

/** The schema of the values of a map. */
export function valuesOf(schema: JsonSchemaProps | undefined): JsonSchemaProps | undefined {
  const values = schema?.additionalProperties
  return typeof values === 'object' ? values : undefined
}

/** The schema of a field, by its name or as the value of a map. */
export const fieldOf = (schema: JsonSchemaProps | undefined, name: string) =>
  propertyOf(schema, name) ?? valuesOf(schema)

/** What schemas can say of a value. */
export const TYPES: readonly string[] = [
  'array',
  'boolean',
  'integer',
  'number',
  'object',
  'string',
]

/** What every Kubernetes object says about itself, and no schema has to mention. */
export const META_FIELDS: readonly string[] = ['apiVersion', 'kind', 'metadata']

/** Whether the schema or one within it is such a one. */
export function someSchema(
  schema: JsonSchemaProps | undefined,
  test: (schema: JsonSchemaProps) => boolean,
): boolean {
  if (!schema) return false
  return test(schema) || schemasWithin(schema).some(inner => someSchema(inner, test))
}

/** Every schema that stands directly in another, also where definitions do not allow one. */
export function schemasWithin(schema: JsonSchemaProps): JsonSchemaProps[] {
  const { items, additionalProperties, additionalItems, not } = schema
  const all = [
    ...(Array.isArray(items) ? items : [items]),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    not,
    ...Object.values(schema.properties ?? {}),
    additionalProperties,
    ...Object.values(schema.patternProperties ?? {}),
    additionalItems,
    ...Object.values(schema.definitions ?? {}),
    ...Object.values(schema.dependencies ?? {}),
  ]
  return all.filter(
    (inner): inner is JsonSchemaProps =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner),
  )
}
