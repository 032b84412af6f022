/**
 * Another version of a kind. Mostly it has exactly the same fields, and only names differ; so what is written in one version
 * can be read in the other, and nothing is lost.
 */
import { apiVersionOf, defineKind, type KindDefinition } from './kind.ts'
import type { KubernetesObject } from './metadata.ts'
import {
  type AnySchema,
  Field,
  type Fields,
  type InlinedFields,
  type ObjectShape,
  type Presence,
} from './schema.ts'

export interface OtherVersion {
  /** Fields that this version describes otherwise, by type and name: `MatchResources.matchPolicy`. */
  readonly fields?: Fields
  /** Told in the Warning header of every answer in this version. */
  readonly deprecation?: string
}

/** `kind` in `version`, stored as `kind`. */
export function inVersion<T extends KubernetesObject>(
  kind: KindDefinition<T>,
  version: string,
  { fields, ...more }: OtherVersion = {},
): KindDefinition<T> {
  const served = { group: kind.group, version }
  const [from, to] = [apiVersionOf(kind), apiVersionOf(served)]
  // One version may be on its way out while another stays.
  const { deprecation: _, ...same } = kind
  return Object.freeze({
    ...same,
    ...more,
    version,
    shape: shapeInVersion(kind.shape, version, fields),
    storedAs: {
      kind,
      toStored: (object: T) => ({ ...object, apiVersion: from }),
      fromStored: (object: T) => ({ ...object, apiVersion: to }),
    },
  })
}

/** What a version with fields of its own brings. */
export interface OwnVersion<S, T> extends OtherVersion {
  readonly version: string
  readonly shape: ObjectShape
  readonly defaults?: (draft: S) => void
  readonly toStored: (object: S) => T
  readonly fromStored: (stored: T) => S
}

/** Another version of a kind, whose fields differ. What is asked of its objects is asked of their stored form. */
export function convertedVersion<S extends KubernetesObject, T extends KubernetesObject>(
  kind: KindDefinition<T>,
  { toStored, fromStored, ...own }: OwnVersion<S, T>,
): KindDefinition<S> {
  const { group, plural, shortNames, categories, scope, nameRule: rule } = kind
  const { hasGeneration, returnsDeleted, judgesChangesFirst, takesAnyPrefix } = kind
  return defineKind<S>({
    ...{ group, kind: kind.kind, plural, shortNames, categories, scope },
    nameRule:
      typeof rule === 'string'
        ? rule
        : (name, object, isPrefix) => rule(name, toStored(object), isPrefix),
    ...{ hasGeneration, returnsDeleted, judgesChangesFirst, takesAnyPrefix },
    ...(kind.prepareWrites ? { prepareWrites: kind.prepareWrites } : {}),
    ...(kind.subresources.status ? { subresources: { status: true } } : {}),
    ...own,
    storedAs: { kind, toStored, fromStored },
    validate: (object, previous) => kind.validate(toStored(object), previous && toStored(previous)),
    validateCreate: object => kind.validateCreate(toStored(object)),
    validateUpdate: (next, previous) => kind.validateUpdate(toStored(next), toStored(previous)),
    validateStatusUpdate: (next, previous) =>
      kind.validateStatusUpdate(toStored(next), toStored(previous)),
    warnings: (object, previous) => kind.warnings(toStored(object), previous && toStored(previous)),
    columns: kind.columns.map(({ cell, ...column }) => ({
      ...column,
      cell: (object: S, now: number) => cell(toStored(object), now),
    })),
    fieldSelectors: Object.fromEntries(
      Object.entries(kind.fieldSelectors).map(([field, read]) => [
        field,
        (object: S) => read(toStored(object)),
      ]),
    ),
  })
}

/** Of which shape another was made, so that one made of it again is the same as one made of the first. */
const origins = new WeakMap<ObjectShape, ObjectShape>()
const made = new WeakMap<ObjectShape, Map<string, ObjectShape>>()

/** The shape, and those of its own package within it, under the names of another version; always the same one. */
export function shapeInVersion<S extends ObjectShape>(
  shape: S,
  version: string,
  others: Fields = {},
): S {
  const origin = (origins.get(shape) ?? shape) as S
  const versions = made.get(origin) ?? new Map<string, ObjectShape>()
  made.set(origin, versions)
  const known = versions.get(version)
  if (known) return known as S
  const own = packageOf(origin)
  const rename = (name: string) =>
    `${own.slice(0, own.lastIndexOf('.'))}.${version}${name.slice(own.length)}`
  const visit = (part: ObjectShape) =>
    packageOf(part) === own ? shapeInVersion(part, version, others) : part
  const fields: Record<string, Field<unknown, Presence>> = {}
  for (const [name, { schema }] of Object.entries(origin.fields))
    fields[name] =
      others[`${origin.name.slice(own.length + 1)}.${name}`] ?? new Field(schemaWith(schema, visit))
  const renamed: ObjectShape = Object.freeze({
    ...origin,
    name: rename(origin.name),
    fields: fields as Fields,
    ...(origin.inlined && {
      inlined: origin.inlined.map(part => renamedPart(part, rename)),
    }),
  })
  versions.set(version, renamed)
  origins.set(renamed, origin)
  return renamed as S
}

function renamedPart(part: InlinedFields, rename: (name: string) => string): InlinedFields {
  const { inlined } = part
  return {
    ...part,
    shapeName: rename(part.shapeName),
    ...(inlined && { inlined: inlined.map(each => renamedPart(each, rename)) }),
  }
}

/** `io.k8s.api.core.v1` of `io.k8s.api.core.v1.Pod`. */
const packageOf = ({ name }: ObjectShape) => name.slice(0, name.lastIndexOf('.'))

function schemaWith(schema: AnySchema, visit: (shape: ObjectShape) => ObjectShape): AnySchema {
  if (schema.type === 'struct') return { ...schema, shape: visit(schema.shape) }
  if (schema.type === 'list') return { ...schema, items: schemaWith(schema.items, visit) }
  if (schema.type === 'map') return { ...schema, values: schemaWith(schema.values, visit) }
  return schema
}
