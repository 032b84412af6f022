/** The paths of one group and version with their operations: enough for clients that look up what an operation accepts. */
import type { AnyKind } from '#api/machinery/kind.ts'
import { ALL_VERBS, type Verb } from '#api/machinery/kind.ts'
import type { Format, Json, Schemas } from './schemas.ts'

interface Parameter {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean'
  readonly description: string
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  type,
  description,
})

const PRETTY = query('pretty', 'string', 'If true, the answer is indented.')
const WRITE = [
  PRETTY,
  query('dryRun', 'string', 'All: do everything but store the result.'),
  query('fieldManager', 'string', 'The name under which the changes are owned.'),
  query(
    'fieldValidation',
    'string',
    'What to do with unknown and duplicate fields: Ignore, Warn or Strict.',
  ),
]
const LIST = [
  PRETTY,
  query('allowWatchBookmarks', 'boolean', 'Send bookmarks while watching.'),
  query('continue', 'string', 'Where the next page begins, from the page before.'),
  query('fieldSelector', 'string', 'Only objects whose fields have these values.'),
  query('labelSelector', 'string', 'Only objects whose labels match.'),
  query('limit', 'integer', 'At most so many objects.'),
  query('resourceVersion', 'string', 'The revision to read at or to watch from.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: NotOlderThan or Exact.'),
  query('sendInitialEvents', 'boolean', 'Begin a watch with the objects that exist.'),
  query('timeoutSeconds', 'integer', 'How long a watch may last.'),
  query('watch', 'boolean', 'Tell changes instead of listing.'),
]
const DELETE = [
  PRETTY,
  query('dryRun', 'string', 'All: do everything but store the result.'),
  query('gracePeriodSeconds', 'integer', 'Seconds given to end.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query(
    'propagationPolicy',
    'string',
    'What becomes of dependents: Orphan, Background or Foreground.',
  ),
]

const ACTIONS: Readonly<
  Record<Verb, { method: string; action: string; parameters: readonly Parameter[] }>
> = {
  get: { method: 'get', action: 'get', parameters: [PRETTY] },
  list: { method: 'get', action: 'list', parameters: LIST },
  watch: { method: 'get', action: 'watch', parameters: LIST },
  create: { method: 'post', action: 'post', parameters: WRITE },
  update: { method: 'put', action: 'put', parameters: WRITE },
  patch: {
    method: 'patch',
    action: 'patch',
    parameters: [...WRITE, query('force', 'boolean', 'Apply only: take fields from their owners.')],
  },
  delete: { method: 'delete', action: 'delete', parameters: DELETE },
  deletecollection: {
    method: 'delete',
    action: 'deletecollection',
    parameters: [...LIST, ...DELETE.slice(1)],
  },
}

const COLLECTION: readonly Verb[] = ['list', 'create', 'deletecollection']
const ITEM: readonly Verb[] = ['get', 'update', 'patch', 'delete']

const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]
const BODY_TYPES = ['application/json', 'application/yaml']

/** Adds the kinds' paths to `into`. */
export function addPaths(into: Json, kind: AnyKind, schemas: Schemas, format: Format): void {
  const base = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const reference = schemas.addKind(kind)
  const inNamespace = kind.scope === 'Namespaced' ? `${base}/namespaces/{namespace}` : base
  const verbs = kind.ephemeral
    ? (['create'] as const)
    : kind.verbs.filter(verb => ALL_VERBS.includes(verb))
  const collection = `${inNamespace}/${kind.plural}`
  const add = (path: string, offered: readonly Verb[]) => {
    const wanted = offered.filter(verb => verbs.some(its => its === verb))
    if (wanted.length > 0) into[path] = pathItem(path, { kind, reference, format }, wanted)
  }
  add(collection, COLLECTION)
  if (kind.scope === 'Namespaced') add(`${base}/${kind.plural}`, ['list'])
  add(`${collection}/{name}`, ITEM)
  const subresources = [
    ...(kind.subresources.status ? ['status'] : []),
    ...(kind.subresources.scale ? ['scale'] : []),
  ]
  for (const name of subresources) add(`${collection}/{name}/${name}`, ['get', 'update', 'patch'])
}

interface Described {
  readonly kind: AnyKind
  readonly reference: Json
  readonly format: Format
}

function pathItem(path: string, described: Described, verbs: readonly Verb[]): Json {
  const item: Json = {}
  for (const verb of verbs) item[ACTIONS[verb].method] = operation(path, described, verb)
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    description: `The ${name} of the ${name === 'name' ? described.kind.kind : 'object'}.`,
    ...typed('string', described.format),
    uniqueItems: true,
  }))
  if (inPath.length > 0) item.parameters = inPath
  return item
}

function operation(path: string, { kind, reference, format }: Described, verb: Verb): Json {
  const { action, parameters } = ACTIONS[verb]
  const inQuery = parameters.map(({ name, type, description }) => ({
    name,
    in: 'query',
    description,
    ...typed(type, format),
    uniqueItems: true,
  }))
  const takesBody = verb === 'create' || verb === 'update' || verb === 'patch'
  const types = verb === 'patch' ? PATCH_TYPES : BODY_TYPES
  const body = verb === 'patch' ? { type: 'object' } : reference
  return {
    description: `${verb} ${kind.kind}`,
    operationId: operationId(path, kind, verb),
    tags: [`${kind.group === '' ? 'core' : kind.group.replace(/\..*/, '')}_${kind.version}`],
    parameters:
      takesBody && format === 'v2'
        ? [{ name: 'body', in: 'body', required: true, schema: body }, ...inQuery]
        : inQuery,
    ...(takesBody && format === 'v3'
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(types.map(type => [type, { schema: body }])),
          },
        }
      : {}),
    ...(format === 'v2'
      ? { consumes: takesBody ? types : ['*/*'], produces: BODY_TYPES, schemes: ['https'] }
      : {}),
    responses: {
      200:
        format === 'v2'
          ? { description: 'OK', schema: reference }
          : { description: 'OK', content: { 'application/json': { schema: reference } } },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': {
      group: kind.group,
      kind: kind.kind,
      version: kind.version,
    },
  }
}

function typed(type: Parameter['type'], format: Format): Json {
  return format === 'v3' ? { schema: { type } } : { type }
}

/** Unique in a document: verb, group, version, and the path's own words. */
function operationId(path: string, kind: AnyKind, verb: Verb): string {
  const words = path
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map(word => word[0]?.toUpperCase() + word.slice(1))
  return `${verb}${words.join('')}${kind.kind}`
}
