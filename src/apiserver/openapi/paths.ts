/** From the operations of kinds to the paths of a document, in version 2 and version 3 of the format. */
import { tokenRequest } from '#api/authentication/v1/token-request.ts'
import { scale } from '#api/autoscaling/v1/scale.ts'
import { binding } from '#api/core/v1/binding.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import {
  deleteOptionsKind,
  patchKind,
  statusKind,
  watchEventKind,
} from '#api/machinery/meta-kinds.ts'
import { eviction } from '#api/policy/v1/eviction.ts'
import { type Operation, operationsOf, tagOf } from './operations.ts'
import { type Parameter, PRETTY, pathParameters } from './parameters.ts'
import type { Format, Json, Schemas } from './schemas.ts'
import type { SharedParameters } from './shared-parameters.ts'

const OBJECT_TYPES = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
]
const EVENT_TYPES = [
  ...OBJECT_TYPES,
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
  'application/cbor-seq',
]
const PRODUCED: Readonly<Record<Operation['carries'], readonly string[]>> = {
  objects: OBJECT_TYPES,
  events: EVENT_TYPES,
  text: ['text/plain', ...OBJECT_TYPES],
  anything: ['*/*'],
}
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
]
/** Nothing says how to merge lists of custom resources strategically; clients look here for what they may send. */
const CUSTOM_PATCH_TYPES = PATCH_TYPES.filter(type => !/strategic|cbor/.test(type))
/** CBOR is spoken of them, too, but upstream does not tell. */
const CUSTOM_TYPES = ['application/json', 'application/yaml']
const TEXT: Json = { type: 'string' }
const ANSWERS: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

/** Adds the kind's paths to `into`, and to `target` what they mention. */
export function addPaths(into: Json, kind: AnyKind, target: Target): void {
  target.schemas.addKind(kind)
  for (const [path, operations] of Map.groupBy(operationsOf(kind), each => each.path))
    into[path] = pathItem(path, operations, kind, target)
}

export interface Target {
  readonly schemas: Schemas
  readonly format: Format
  /** Where it is missing, every operation describes its own. */
  readonly parameters?: SharedParameters
}

/** What all operations of a path can be told stands beside them and not in each. */
function pathItem(path: string, all: readonly Operation[], kind: AnyKind, target: Target): Json {
  const isShared = ({ name }: Parameter) =>
    all.every(({ parameters }) => parameters.some(each => each.name === name))
  const pretty = all.every(({ carries }) => carries === 'anything') ? [] : [PRETTY]
  const shared = all[0]?.parameters.filter(isShared) ?? []
  return {
    ...parametersOf([...pathParameters(path, kind.kind), ...pretty, ...shared], target),
    ...Object.fromEntries(
      all.map(operation => {
        const parameters = operation.parameters.filter(each => !isShared(each))
        return [operation.method, rendered({ ...operation, parameters }, kind, target)]
      }),
    ),
  }
}

/** In the order of their names, that of the body too. */
function parametersOf(parameters: readonly Parameter[], target: Target, body?: Json): Json {
  const all = [
    ...(body ? [{ ...body, name: 'body', in: 'body' }] : []),
    ...parameters.map(each => parameterOf(each, target.format)),
  ].sort((a, b) => (a.name < b.name ? -1 : 1))
  const shown = target.parameters ? all.map(each => target.parameters?.refer(each)) : all
  return all.length > 0 ? { parameters: shown } : {}
}

function rendered(operation: Operation, kind: AnyKind, target: Target): Json {
  const { format } = target
  const { action, speaks, id, parameters, body } = operation
  const bodySchema = body && schemaOf(body, operation, kind, target)
  const consumed = consumedBy(operation, kind)
  const required = body === 'deleteOptions' ? {} : { required: true }
  const inBody = bodySchema && format === 'v2' ? { ...required, schema: bodySchema } : undefined
  return {
    description: descriptionOf(operation),
    operationId: id,
    tags: [tagOf(kind)],
    ...parametersOf(parameters, target, inBody),
    ...(bodySchema && format === 'v3'
      ? {
          requestBody: {
            ...required,
            content: Object.fromEntries(consumed.map(type => [type, { schema: bodySchema }])),
          },
        }
      : {}),
    ...(format === 'v2'
      ? { consumes: consumed, produces: producedBy(operation, kind), schemes: ['https'] }
      : {}),
    responses: responsesOf(operation, kind, target),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': speaks,
  }
}

function consumedBy({ body }: Operation, { custom }: AnyKind): readonly string[] {
  if (body === 'patch') return custom ? CUSTOM_PATCH_TYPES : PATCH_TYPES
  return custom ? CUSTOM_TYPES : ['*/*']
}

const producedBy = ({ carries }: Operation, { custom }: AnyKind): readonly string[] =>
  custom ? CUSTOM_TYPES : PRODUCED[carries]

function responsesOf(operation: Operation, kind: AnyKind, target: Target): Json {
  const schema = schemaOf(operation.answer, operation, kind, target)
  const content =
    target.format === 'v2'
      ? { schema }
      : {
          content: Object.fromEntries(producedBy(operation, kind).map(type => [type, { schema }])),
        }
  return {
    ...Object.fromEntries(
      operation.codes.map(code => [code, { description: ANSWERS[code], ...content }]),
    ),
    401: { description: 'Unauthorized' },
  }
}

function schemaOf(
  content: Operation['answer'] | NonNullable<Operation['body']>,
  { speaks }: Operation,
  kind: AnyKind,
  { schemas }: Target,
): Json {
  switch (content) {
    case 'kind':
      return schemas.addKind(kind)
    case 'list':
      return schemas.listOf(kind)
    case 'scale':
      return schemas.addKind(scale)
    case 'special':
      return specialOf(speaks, schemas)
    case 'status':
      return schemas.meta(statusKind)
    case 'deleteOptions':
      return schemas.meta(deleteOptionsKind)
    case 'patch':
      return schemas.meta(patchKind)
    case 'event':
      return schemas.meta(watchEventKind)
    case 'text':
      return TEXT
  }
}

/** The kinds that subresources speak and that are nobody's own resource. */
const SPECIAL: readonly AnyKind[] = [binding, eviction, tokenRequest]

function specialOf({ group, kind }: Operation['speaks'], schemas: Schemas): Json {
  const found = SPECIAL.find(each => each.group === group && each.kind === kind)
  if (!found) throw new Error(`no schema is known for ${kind}`)
  return schemas.addKind(found)
}

const DOINGS: Readonly<Record<string, string>> = {
  get: 'Reads',
  list: 'Lists or watches',
  watch: 'Watches one',
  watchlist: 'Watches all',
  post: 'Creates',
  put: 'Replaces',
  patch: 'Changes a part of',
  delete: 'Deletes',
  deletecollection: 'Deletes all selected',
  connect: 'Connects to',
}

function descriptionOf({ action, speaks, path }: Operation): string {
  const old = path.includes('/watch/') ? ' Deprecated: list with the parameter watch instead.' : ''
  return `${DOINGS[action]} ${speaks.kind}.${old}`
}

function parameterOf({ name, in: where, type, description }: Parameter, format: Format) {
  return {
    name,
    in: where,
    ...(where === 'path' ? { required: true } : {}),
    description,
    ...(format === 'v3' ? { schema: { type, uniqueItems: true } } : { type, uniqueItems: true }),
  }
}
