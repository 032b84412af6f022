/** Schemas as types of the expression language, so that rules can be checked before there is a value. */
import { environmentOf, type Fields, fieldsFrom } from '../../cel/checker/environment.ts'
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  optionalOf,
  STRING,
  struct,
  TIMESTAMP,
  type Type,
} from '../../cel/checker/types.ts'
import { type Compiled, compiled } from '../../cel/compile.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { celName, RESERVED } from './cel-values.ts'
import { itemsOf, valuesOf } from './walk.ts'

const SCALARS: Readonly<Record<string, Type>> = {
  boolean: BOOL,
  integer: INT,
  number: DOUBLE,
  string: STRING,
}
const FORMATS: Readonly<Record<string, Type>> = {
  byte: BYTES,
  duration: DURATION,
  date: TIMESTAMP,
  'date-time': TIMESTAMP,
  datetime: TIMESTAMP,
}
/** What rules see of every whole object, whatever its schema says. */
const METADATA = { name: STRING, generateName: STRING }
/** Upstream has a number behind that is another each time. */
const SELF = 'selfType1'

/** `mayBeNew` says that the old value is one that there may be or not. */
export type RuleCheck = (expression: string, mayBeNew?: boolean) => Compiled

/**
 * Makes the check for rules at this schema. Undefined for what has no type that rules could be written for. `isResource` says that it is a
 * whole object.
 */
export function ruleChecker(schema: JsonSchemaProps, isResource: boolean): RuleCheck | undefined {
  const types = new SchemaTypes()
  const type = types.of(schema, SELF, isResource)
  if (type === undefined) return undefined
  const seeing = (oldSelf: Type) =>
    environmentOf({
      variables: [
        ['self', type],
        ['oldSelf', oldSelf],
      ],
      structs: name => types.structs.get(name),
    })
  const ordinary = seeing(type)
  const optional = seeing(optionalOf(type))
  return (expression, mayBeNew = false) => compiled(expression, mayBeNew ? optional : ordinary)
}

/** Structs are named after the ways to them. */
class SchemaTypes {
  readonly structs = new Map<string, Fields>()

  of(
    schema: JsonSchemaProps,
    name: string,
    isResource = schema['x-kubernetes-embedded-resource'] === true,
  ): Type | undefined {
    const { type = '', format = '' } = schema
    if (schema['x-kubernetes-int-or-string']) return DYN
    if (type === 'array') return this.#list(schema, name)
    if (type === 'object') return this.#object(schema, name, isResource)
    return type === 'string' ? (FORMATS[format] ?? STRING) : SCALARS[type]
  }

  #list(schema: JsonSchemaProps, name: string): Type | undefined {
    const items = itemsOf(schema)
    const type = items && this.of(items, `${name}.@idx`)
    return type && listOf(type)
  }

  #object(schema: JsonSchemaProps, name: string, isResource: boolean): Type | undefined {
    const values = valuesOf(schema)
    if (values && !isResource) {
      const type = this.of(values, `${name}.@elem`)
      return type && mapOf(STRING, type)
    }
    const fields: Record<string, Type> = {}
    for (const [property, inner] of Object.entries(schema.properties ?? {})) {
      const celled = celName(property)
      const type = celled === undefined ? undefined : this.of(inner, `${name}.${celled}`)
      if (type !== undefined && celled !== undefined) fields[celled] = type
    }
    if (!isResource) return this.#struct(name, fields)
    const metadata = this.#struct(`${name}.metadata`, METADATA)
    return this.#struct(name, { ...fields, apiVersion: STRING, kind: STRING, metadata })
  }

  #struct(name: string, fields: Readonly<Record<string, Type>>): Type {
    const own = fieldsFrom(fields)
    // Words of the language may be written either way.
    this.structs.set(
      name,
      field => own(field) ?? (RESERVED.has(field) ? own(`__${field}__`) : undefined),
    )
    return struct(name)
  }
}
