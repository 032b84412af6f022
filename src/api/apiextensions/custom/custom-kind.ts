/** From a definition to the kinds that the server serves: from here on custom and built-in kinds share every path. */

import { loadCelEngine } from '../../cel/engine.ts'
import { type AnyKind, apiVersionOf, defineKind } from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { equal } from '../../machinery/patch/json-patch.ts'
import { loadPatternEngine } from '../../machinery/patterns.ts'
import type { PlainObject } from '../../machinery/plain.ts'
import { isConditionTrue } from '../v1/conditions.ts'
import type {
  CustomResourceDefinition,
  CustomResourceVersion,
} from '../v1/custom-resource-definition.schema.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { hasRules } from './cel-rules.ts'
import { columnsOf } from './columns.ts'
import { defaulterOf } from './defaults.ts'
import { finalizerWarnings } from './finalizers.ts'
import { prune } from './prune.ts'
import { openApiOf } from './published.ts'
import { rulesOf } from './rules.ts'
import { scaleMappingOf, valueAt } from './scale.ts'
import { shapeOf } from './shape.ts'
import { compareVersions } from './versions.ts'
import { someSchema } from './walk.ts'

/** What a definition without a schema means: anything goes. */
const OPEN: JsonSchemaProps = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
}

export function schemaOf({ schema }: CustomResourceVersion, { spec }: CustomResourceDefinition) {
  const own = schema?.openAPIV3Schema ?? OPEN
  return spec.preserveUnknownFields ? { ...own, 'x-kubernetes-preserve-unknown-fields': true } : own
}

/** What is defined, without comparing it. */
export const revisionOf = ({ metadata }: CustomResourceDefinition) =>
  `${metadata.uid} ${metadata.generation}`

/** Loads what kinds with such schemas need. */
export async function loadFor({ spec }: CustomResourceDefinition): Promise<void> {
  const hasPattern = ({ pattern }: JsonSchemaProps) => Boolean(pattern)
  if (spec.versions.some(({ schema }) => someSchema(schema?.openAPIV3Schema, hasPattern)))
    await loadPatternEngine()
  if (spec.versions.some(({ schema }) => hasRules(schema?.openAPIV3Schema))) await loadCelEngine()
}

/** The kind of one version. */
export function customKind(
  definition: CustomResourceDefinition,
  version: CustomResourceVersion,
): AnyKind {
  const { spec, status } = definition
  const { group } = spec
  const { plural, singular, shortNames, kind, listKind, categories } = status.acceptedNames
  const schema = schemaOf(version, definition)
  const { subresources } = version
  const deprecation = deprecationOf(definition, version)
  const applyDefaults = defaulterOf(schema)
  return defineKind<KubernetesObject>({
    group,
    version: version.name,
    kind,
    plural,
    scope: spec.scope as 'Namespaced' | 'Cluster',
    ...(singular ? { singular } : {}),
    ...(listKind ? { listKind } : {}),
    shortNames: shortNames ?? [],
    categories: categories ?? [],
    shape: shapeOf(schema, publishedName(group, version.name, kind), openApiOf(schema)),
    subresources: {
      ...(subresources?.status ? { status: true } : {}),
      ...(subresources?.scale ? { scale: scaleMappingOf(subresources.scale) } : {}),
    },
    hasGeneration: true,
    custom: {
      decode: raw => decode(schema, raw),
      decodeApplied: raw => decode(schema, raw, true),
      isTerminating: isConditionTrue(definition, 'Terminating'),
      revision: revisionOf(definition),
      storageVersion: spec.versions.find(({ storage }) => storage)?.name ?? version.name,
    },
    defaults: draft => applyDefaults?.(draft),
    prepareForCreate: draft => {
      if (subresources?.status) delete (draft as { status?: unknown }).status
    },
    ...rulesOf(schema, subresources),
    columns: columnsOf(version),
    fieldSelectors: selectorsOf(version),
    warnings: finalizerWarnings,
    ...(deprecation ? { deprecation } : {}),
  })
}

/** `com.example.v1.CronTab`, as the documents of OpenAPI name it. */
const publishedName = (group: string, version: string, kind: string) =>
  [...group.split('.').reverse(), version, kind].join('.')

function decode(
  schema: JsonSchemaProps,
  raw: Readonly<Record<string, unknown>>,
  keepsNulls = false,
) {
  const { value, unknownFields } = prune(schema, raw, { isResource: true, keepsNulls })
  const object = value as KubernetesObject
  object.metadata ??= {}
  return { object: inOrder(object), unknownFields: [...unknownFields] }
}

/** As built-in objects come out: what every object has goes first. */
function inOrder({ apiVersion, kind, metadata, ...rest }: KubernetesObject): KubernetesObject {
  return { apiVersion, kind, metadata, ...rest }
}

/**
 * A stored object as the version shows it now. It may have been stored in another version, or before the schema became
 * what it is: then its defaults are those of today, and what the schema no longer knows is not shown.
 */
export function reread(kind: AnyKind, stored: KubernetesObject): KubernetesObject {
  const raw = { ...stored, apiVersion: apiVersionOf(kind), kind: kind.kind }
  const object = kind.custom?.decode(raw as unknown as PlainObject).object ?? raw
  kind.defaults(object)
  return equal(object, stored) ? stored : object
}

function selectorsOf({ selectableFields = [] }: CustomResourceVersion) {
  return Object.fromEntries(
    selectableFields.map(({ jsonPath }) => [
      jsonPath.replace(/^\./, ''),
      (object: KubernetesObject) => {
        const value = valueAt(object, jsonPath)
        return value === undefined || value === null ? '' : String(value)
      },
    ]),
  )
}

function deprecationOf(
  { spec }: CustomResourceDefinition,
  { name, deprecated, deprecationWarning }: CustomResourceVersion,
): string | undefined {
  if (!deprecated) return undefined
  if (deprecationWarning !== undefined) return deprecationWarning
  const [better] = spec.versions
    .filter(other => other.served && !other.deprecated && compareVersions(other.name, name) < 0)
    .sort((a, b) => compareVersions(a.name, b.name))
  const { kind } = spec.names
  const use = better ? `; use ${spec.group}/${better.name} ${kind}` : ''
  return `${spec.group}/${name} ${kind} is deprecated${use}`
}
