/** A structural schema in our own schema language: enough of it to merge and to own fields by. */
import { objectMeta } from '../../machinery/metadata.ts'
import { setKey } from '../../machinery/plain.ts'
import {
  type AnySchema,
  Field,
  type Fields,
  type ObjectShape,
  type Presence,
  string,
  struct,
} from '../../machinery/schema.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { itemsOf } from './walk.ts'

/** What no schema describes: objects fall into their fields all the way down, lists are whole, and anything may be null. */
const UNDESCRIBED: AnySchema = (() => {
  const map = { type: 'map' as const, presence: 'optional' as const, mayBeNull: true as const }
  return Object.assign(map, { values: map as unknown as AnySchema })
})()

/** The fields that every object has, whatever its schema says. */
const META: Fields = {
  apiVersion: string().required().doc('Group and version in which the object is written.'),
  kind: string().required().doc('Name of the type in CamelCase.'),
  metadata: struct(undefined, objectMeta)
    .always()
    .doc('Name, labels and what else every object has.'),
}

/** The shape of whole objects, under the name by which it is published. */
export function shapeOf(
  schema: JsonSchemaProps,
  name: string,
  openApi: ObjectShape['openApi'],
): ObjectShape {
  const shape = structShape({ ...schema, 'x-kubernetes-embedded-resource': true }, name)
  return openApi ? Object.defineProperty(shape, 'openApi', { value: openApi }) : shape
}

function structShape(schema: JsonSchemaProps, name: string): ObjectShape {
  let fields: Fields | undefined
  return {
    name,
    doc: schema.description ?? '',
    // Made when somebody asks: definitions may describe thousands of fields, and most are never written.
    get fields() {
      fields ??= fieldsOf(schema, name)
      return fields
    },
    ...(schema['x-kubernetes-preserve-unknown-fields'] ? { unknown: UNDESCRIBED } : {}),
  }
}

function fieldsOf(schema: JsonSchemaProps, name: string): Fields {
  const fields: Record<string, Field<unknown, Presence>> = {}
  for (const [field, inner] of Object.entries(schema.properties ?? {}))
    setKey(fields, field, new Field(schemaOf(inner, `${name}.${field}`)))
  if (schema['x-kubernetes-embedded-resource']) Object.assign(fields, META)
  return fields
}

function schemaOf(schema: JsonSchemaProps, name: string): AnySchema {
  return { ...typeOf(schema, name), ...factsOf(schema) }
}

function factsOf(schema: JsonSchemaProps) {
  return {
    presence: 'optional' as const,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(schema['x-kubernetes-map-type'] === 'atomic' ? { atomic: true } : {}),
    ...(schema.nullable ? { mayBeNull: true as const } : {}),
  }
}

function typeOf(schema: JsonSchemaProps, name: string): AnySchema {
  if (schema['x-kubernetes-int-or-string']) return { type: 'intOrString', presence: 'optional' }
  switch (schema.type) {
    case 'object':
      return objectType(schema, name)
    case 'array': {
      const listType = schema['x-kubernetes-list-type']
      const items = itemsOf(schema)
      return {
        type: 'list',
        presence: 'optional',
        items: items ? schemaOf(items, name) : UNDESCRIBED,
        listType: listType === 'set' || listType === 'map' ? listType : 'atomic',
        listKeys: schema['x-kubernetes-list-map-keys'] ?? [],
      }
    }
    case 'string': {
      // As upstream, which has types of texts alone and of bytes; what has another format is any scalar to an apply.
      const { format = '' } = schema
      return { type: format === '' || format === 'byte' ? 'string' : 'time', presence: 'optional' }
    }
    case 'boolean':
      return { type: schema.type, presence: 'optional' }
    case 'integer':
      return { type: 'int64', presence: 'optional' }
    case 'number':
      return { type: 'double', presence: 'optional' }
    default:
      return UNDESCRIBED
  }
}

function objectType(schema: JsonSchemaProps, name: string): AnySchema {
  const { additionalProperties: values, properties } = schema
  if (values && !properties)
    return {
      type: 'map',
      presence: 'optional',
      values: values === true ? UNDESCRIBED : schemaOf(values, name),
    }
  return { type: 'struct', presence: 'optional', shape: structShape(schema, name) }
}
