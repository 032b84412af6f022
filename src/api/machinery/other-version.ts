/**
 * Another version of a kind that has exactly the same fields. Only names differ, so what is written in one version can be
 * read in the other, and nothing is lost.
 */
import { apiVersionOf, type KindDefinition } from './kind.ts'
import type { KubernetesObject } from './metadata.ts'
import { type AnySchema, Field, type Fields, type ObjectShape, type Presence } from './schema.ts'

/** `kind` in `version`, stored as `kind`. */
export function inVersion<T extends KubernetesObject>(
  kind: KindDefinition<T>,
  version: string,
): KindDefinition<T> {
  const served = { group: kind.group, version }
  const [from, to] = [apiVersionOf(kind), apiVersionOf(served)]
  return Object.freeze({
    ...kind,
    version,
    shape: renamed(kind.shape, `.${kind.version}.`, `.${version}.`),
    storedAs: {
      kind,
      toStored: (object: T) => ({ ...object, apiVersion: from }),
      fromStored: (object: T) => ({ ...object, apiVersion: to }),
    },
  })
}

/** The shape and those of its own package and version, under the names of the other version. */
function renamed(shape: ObjectShape, from: string, to: string): ObjectShape {
  const at = shape.name.lastIndexOf(from)
  const own = shape.name.slice(0, at + from.length)
  const visit = (part: ObjectShape): ObjectShape => {
    if (!part.name.startsWith(own)) return part
    const fields: Record<string, Field<unknown, Presence>> = {}
    for (const [name, { schema }] of Object.entries(part.fields))
      fields[name] = new Field(schemaWith(schema, visit))
    const name = part.name.slice(0, at) + to + part.name.slice(own.length)
    return Object.freeze({ ...part, name, fields: fields as Fields })
  }
  return visit(shape)
}

function schemaWith(schema: AnySchema, visit: (shape: ObjectShape) => ObjectShape): AnySchema {
  if (schema.type === 'struct') return { ...schema, shape: visit(schema.shape) }
  if (schema.type === 'list') return { ...schema, items: schemaWith(schema.items, visit) }
  if (schema.type === 'map') return { ...schema, values: schemaWith(schema.values, visit) }
  return schema
}
