/** The schema of a custom resource as OpenAPI documents show it. */
import { objectMeta } from '../../machinery/metadata.ts'
import type { OpenApiOf } from '../../machinery/schema.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'

type Json = Record<string, unknown>

/** Clients look for how some of these begin. */
const OWN = {
  apiVersion: {
    description: 'APIVersion defines in which group and version the object is written.',
    type: 'string',
  },
  kind: { description: 'Kind is the name of the type in CamelCase.', type: 'string' },
}
const METADATA = "Standard object's metadata: name, labels and what else every object has."

type Refer = Parameters<OpenApiOf>[1]

/** Says what objects with this schema look like, in either version of OpenAPI. */
export function openApiOf(schema: JsonSchemaProps): OpenApiOf {
  return (format, refer) => {
    // What a reader of version 2 took from it would be wrong for some objects.
    if (format === 'v2' && isOpen(schema)) return { type: 'object' }
    const { 'x-kubernetes-embedded-resource': _, ...root } = schema
    const body = format === 'v3' ? fuller(root, refer) : plainer(root, refer)
    return { ...body, type: 'object', properties: withOwn(body.properties, refer) }
  }
}

const withOwn = (properties: unknown, refer: Refer): Json => ({
  ...(properties as Json | undefined),
  ...OWN,
  metadata: refer(objectMeta, METADATA),
})

/** What version 2 has no words for; a value that could be more than the rest would say is left open instead. */
const UNKNOWN_TO_V2 = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'default'])

const preservesUnknown = (schema: JsonSchemaProps) =>
  schema['x-kubernetes-preserve-unknown-fields'] === true

const isOpen = (schema: JsonSchemaProps): boolean =>
  schema.nullable === true ||
  schema['x-kubernetes-int-or-string'] === true ||
  preservesUnknown(schema)

function plainer(schema: JsonSchemaProps, refer: Refer): Json {
  const open = isOpen(schema)
  const result: Json = {}
  for (const [name, value] of Object.entries(schema)) {
    if (UNKNOWN_TO_V2.has(name)) continue
    if (open && (name === 'type' || name === 'items' || name === 'properties')) continue
    result[name] = within(name, value, inner => plainer(inner, refer))
  }
  return preservesUnknown(schema) ? result : asEmbedded(schema, result, refer)
}

/** With what follows from an extension said in words of OpenAPI, too. */
function fuller(schema: JsonSchemaProps, refer: Refer): Json {
  const result: Json = {}
  for (const [name, value] of Object.entries(schema))
    result[name] = within(name, value, inner => fuller(inner, refer))
  if (schema['x-kubernetes-int-or-string'] && !schema.anyOf && !schema.allOf)
    result.anyOf = [{ type: 'integer' }, { type: 'string' }]
  return asEmbedded(schema, result, refer)
}

/** A whole object within another has what every object has, and has to say what it is. */
function asEmbedded(schema: JsonSchemaProps, shown: Json, refer: Refer): Json {
  if (!schema['x-kubernetes-embedded-resource']) return shown
  const required = new Set([...(schema.required ?? []), 'kind', 'apiVersion'])
  return { ...shown, required: [...required], properties: withOwn(shown.properties, refer) }
}

function within(name: string, value: unknown, inner: (schema: JsonSchemaProps) => Json): unknown {
  if (name === 'properties')
    return Object.fromEntries(
      Object.entries(value as Record<string, JsonSchemaProps>).map(([field, schema]) => [
        field,
        inner(schema),
      ]),
    )
  const isSchema = name === 'items' || name === 'additionalProperties'
  return isSchema && typeof value === 'object' ? inner(value as JsonSchemaProps) : value
}
