/** The schema of a custom resource as OpenAPI documents show it. */
import { objectMeta } from '../../machinery/metadata.ts'
import type { OpenApiOf } from '../../machinery/schema.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'

type Json = Record<string, unknown>

/** Says what objects with this schema look like, in either version of OpenAPI. */
export function openApiOf(schema: JsonSchemaProps): OpenApiOf {
  return (format, refer) => {
    const body = format === 'v3' ? (schema as Json) : plainer(schema)
    return {
      ...body,
      type: 'object',
      properties: {
        ...(body.properties as Json | undefined),
        apiVersion: {
          description: 'Group and version in which the object is written.',
          type: 'string',
        },
        kind: { description: 'Name of the type in CamelCase.', type: 'string' },
        metadata: refer(objectMeta, 'Name, labels and what else every object has.'),
      },
    }
  }
}

/** What version 2 has no words for; a value that could be more than the rest would say is left open instead. */
const UNKNOWN_TO_V2 = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'example'])

function plainer(schema: JsonSchemaProps): Json {
  const isOpen =
    schema.nullable === true ||
    schema['x-kubernetes-int-or-string'] === true ||
    schema['x-kubernetes-preserve-unknown-fields'] === true
  const result: Json = {}
  for (const [name, value] of Object.entries(schema)) {
    if (UNKNOWN_TO_V2.has(name)) continue
    if (isOpen && ['type', 'items', 'properties', 'additionalProperties'].includes(name)) continue
    result[name] = within(name, value)
  }
  return result
}

function within(name: string, value: unknown): unknown {
  if (name === 'properties')
    return Object.fromEntries(
      Object.entries(value as Record<string, JsonSchemaProps>).map(([field, inner]) => [
        field,
        plainer(inner),
      ]),
    )
  const isSchema = name === 'items' || name === 'additionalProperties'
  return isSchema && typeof value === 'object' ? plainer(value as JsonSchemaProps) : value
}
