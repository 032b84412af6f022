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

/** Says what objects with this schema look like, in either version of OpenAPI. */
export function openApiOf(schema: JsonSchemaProps): OpenApiOf {
  return (format, refer) => {
    // What a reader of version 2 took from it would be wrong for some objects.
    if (format === 'v2' && isOpen(schema)) return { type: 'object' }
    const body = format === 'v3' ? fuller(schema) : plainer(schema)
    return {
      ...body,
      type: 'object',
      properties: {
        ...(body.properties as Json | undefined),
        ...OWN,
        metadata: refer(objectMeta, METADATA),
      },
    }
  }
}

/** What version 2 has no words for; a value that could be more than the rest would say is left open instead. */
const UNKNOWN_TO_V2 = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'example', 'default'])

const isOpen = (schema: JsonSchemaProps): boolean =>
  schema.nullable === true ||
  schema['x-kubernetes-int-or-string'] === true ||
  schema['x-kubernetes-preserve-unknown-fields'] === true

function plainer(schema: JsonSchemaProps): Json {
  const open = isOpen(schema)
  const result: Json = {}
  for (const [name, value] of Object.entries(schema)) {
    if (UNKNOWN_TO_V2.has(name)) continue
    if (open && ['type', 'items', 'properties', 'additionalProperties'].includes(name)) continue
    result[name] = within(name, value, plainer)
  }
  return result
}

/** With what follows from an extension said in words of OpenAPI, too. */
function fuller(schema: JsonSchemaProps): Json {
  const result: Json = {}
  for (const [name, value] of Object.entries(schema)) result[name] = within(name, value, fuller)
  if (schema['x-kubernetes-int-or-string'] && !schema.anyOf && !schema.allOf)
    result.anyOf = [{ type: 'integer' }, { type: 'string' }]
  return result
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
