/**
 * The typed client over any Transport. It asks for values (`objects: true`), so in process nothing is encoded or
 * copied: what comes back are the server's own frozen objects.
 */
import { parseExact, parseExactText } from '#api/machinery/exact-json.ts'
import type { NewObject } from '#api/machinery/given.ts'
import { type AnyKind, apiVersionOf, type ObjectOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import {
  badRequest,
  internalError,
  type Status,
  StatusError,
  type StatusReason,
} from '#api/machinery/status.ts'
import type {
  Client,
  DeleteOptions,
  ListQuery,
  ObjectList,
  PatchType,
  Reader,
  WriteOptions,
} from './client.ts'
import { iterableEvents } from './iterable-events.ts'
import type { ApiRequest, ApiResponse, EventSource, Transport, WatchEvent } from './transport.ts'
import { unreadAnswer } from './unread-answer.ts'

/** How many objects `listAll` asks for at a time: upstream's page size, which bounds one answer to a few MB. */
const PAGE_SIZE = 500

const PATCH_CONTENT_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** Whom an object's path names: `{ name: 'web', namespace: 'default' }`. */
export interface ObjectAddress {
  readonly name: string
  readonly namespace?: string
}

/** The path of a kind's collection, or of one object or subresource: `/apis/apps/v1/namespaces/a/deployments/web/scale`. */
export function pathOf(
  kind: AnyKind,
  at: Partial<ObjectAddress> = {},
  subresource?: string,
): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const namespace =
    kind.scope === 'Namespaced' && at.namespace
      ? `/namespaces/${encodeURIComponent(at.namespace)}`
      : ''
  const name = at.name ? `/${encodeURIComponent(at.name)}` : ''
  return `${root}${namespace}/${kind.plural}${name}${subresource ? `/${subresource}` : ''}`
}

/**
 * The path of one object. Throws where it has no name, or no namespace: the path would be that of all, which a DELETE would delete, or of
 * something that there is not, which nobody would understand.
 */
function objectPath(kind: AnyKind, at: ObjectAddress, subresource?: string): string {
  if (!at.name)
    throw badRequest(`resource name may not be empty: which of the ${kind.plural} is meant?`)
  if (kind.scope === 'Namespaced' && !at.namespace)
    throw new StatusError(
      'NotFound',
      `an empty namespace may not be set when a resource name is provided: ${kind.plural} "${at.name}" of which one?`,
    )
  return pathOf(kind, at, subresource)
}

/** A client that sends everything through `transport`; it has no state of its own. */
export function createClient(transport: Transport, more: { userAgent?: string } = {}): Client {
  // One set for all requests that are alike.
  const reading = Object.freeze({
    'user-agent': more.userAgent ?? 'proa',
    accept: 'application/json',
  })
  const writing = (contentType: string) =>
    Object.freeze({ ...reading, 'content-type': contentType })
  const json = writing('application/json')

  const send = async (request: ApiRequest): Promise<ApiResponse> => {
    const { method, path, headers = reading, body } = request
    const response = await transport.request({
      method,
      path,
      objects: true,
      headers,
      ...(body === undefined ? {} : { body }),
    })
    if (response.status >= 400) throw errorOf(response, request)
    return response
  }

  const read = async <K extends AnyKind>(request: ApiRequest): Promise<ObjectOf<K>> =>
    decodedBody(await send(request)) as ObjectOf<K>

  const addressOf = (object: Partial<KubernetesObject>): ObjectAddress => ({
    name: object.metadata?.name ?? '',
    ...(object.metadata?.namespace ? { namespace: object.metadata.namespace } : {}),
  })

  return {
    get: async (kind, name, namespace) => {
      const at = { name, ...(namespace ? { namespace } : {}) }
      return read({ method: 'GET', path: objectPath(kind, at) })
    },

    getPath: path => read({ method: 'GET', path }),

    async list<K extends AnyKind>(kind: K, query: ListQuery = {}) {
      const path = pathOf(kind, query.namespace ? { namespace: query.namespace } : {})
      const list = decodedBody(await send({ method: 'GET', path: path + listParameters(query) }))
      return withKinds(kind, list as ObjectList<ObjectOf<K>>)
    },

    async watch<K extends AnyKind>(kind: K, query: ListQuery = {}) {
      const path = pathOf(kind, query.namespace ? { namespace: query.namespace } : {})
      const response = await send({
        method: 'GET',
        path: path + listParameters(query, watchParameters(query)),
      })
      if (response.body.kind !== 'events')
        throw internalError(`a watch was answered with ${response.body.kind} instead of events`)
      return iterableEvents(response.body.events as EventSource<WatchEvent<ObjectOf<K>>>)
    },

    async create<K extends AnyKind>(kind: K, object: NewObject<K>, options?: WriteOptions) {
      const namespace = (object as Partial<KubernetesObject>).metadata?.namespace
      if (kind.scope === 'Namespaced' && !namespace)
        throw badRequest(
          `an empty namespace may not be set during creation: a ${kind.kind} needs metadata.namespace`,
        )
      return read<K>({
        method: 'POST',
        path: pathOf(kind, namespace ? { namespace } : {}) + writeParameters(options),
        headers: json,
        body: { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object },
      })
    },

    async update<K extends AnyKind>(kind: K, object: ObjectOf<K>, options?: WriteOptions) {
      return read<K>({
        method: 'PUT',
        path: objectPath(kind, addressOf(object), options?.subresource) + writeParameters(options),
        headers: json,
        body: object,
      })
    },

    patch: async (kind, at, type, patch, options) =>
      read({
        method: 'PATCH',
        path: objectPath(kind, at, options?.subresource) + writeParameters(options),
        headers: writing(PATCH_CONTENT_TYPES[type]),
        body: patch as object,
      }),

    async delete(kind, at, options) {
      await send({
        method: 'DELETE',
        path: objectPath(kind, at),
        headers: json,
        body: deleteOptions(options),
      })
    },

    async deleteAll(kind, query, options) {
      const path = pathOf(kind, query.namespace ? { namespace: query.namespace } : {})
      await send({
        method: 'DELETE',
        path: path + listParameters(query),
        headers: json,
        body: deleteOptions(options),
      })
    },

    async createSubresource(kind, at, subresource, body) {
      const response = await send({
        method: 'POST',
        path: objectPath(kind, at, subresource),
        headers: json,
        body,
      })
      return decodedBody(response)
    },
  }
}

/** Every object of a query, page by page at one revision. Starts anew once when the pages expire under way. */
export async function listAll<K extends AnyKind>(
  reader: Reader,
  kind: K,
  query: ListQuery = {},
): Promise<{ items: ObjectOf<K>[]; resourceVersion: string }> {
  for (let attempt = 0; ; attempt++) {
    try {
      const items: ObjectOf<K>[] = []
      let page = await reader.list(kind, { limit: PAGE_SIZE, ...query })
      items.push(...page.items)
      while (page.metadata.continue) {
        const { resourceVersion: _, ...rest } = query
        page = await reader.list(kind, {
          limit: PAGE_SIZE,
          ...rest,
          continue: page.metadata.continue,
        })
        items.push(...page.items)
      }
      return { items, resourceVersion: page.metadata.resourceVersion }
    } catch (error) {
      if (attempt === 0 && error instanceof StatusError && error.code === 410) continue
      throw error
    }
  }
}

/** Over the wire, items of built-in kinds leave to the list to say what they are. */
function withKinds<T extends KubernetesObject>(kind: AnyKind, list: ObjectList<T>): ObjectList<T> {
  if (list.items[0]?.kind !== undefined || list.items.length === 0) return list
  const type = { kind: kind.kind, apiVersion: apiVersionOf(kind) }
  return { ...list, items: list.items.map(item => ({ ...type, ...item })) }
}

function listParameters(query: ListQuery, more: Readonly<Record<string, string>> = {}): string {
  const parameters = new URLSearchParams(more)
  if (query.labelSelector) parameters.set('labelSelector', query.labelSelector)
  if (query.fieldSelector) parameters.set('fieldSelector', query.fieldSelector)
  if (query.limit) parameters.set('limit', String(query.limit))
  if (query.continue) parameters.set('continue', query.continue)
  if (query.resourceVersion) parameters.set('resourceVersion', query.resourceVersion)
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

/** Without a revision to go on from, the server sends the present state first and marks its end. */
function watchParameters(query: ListQuery): Record<string, string> {
  const always = { watch: 'true', allowWatchBookmarks: 'true' }
  return query.resourceVersion
    ? always
    : { ...always, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
}

function writeParameters(options: WriteOptions = {}): string {
  const parameters = new URLSearchParams()
  if (options.fieldManager) parameters.set('fieldManager', options.fieldManager)
  if (options.dryRun) parameters.set('dryRun', 'All')
  if (options.force) parameters.set('force', 'true')
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

function deleteOptions(options: DeleteOptions = {}): object {
  const { gracePeriodSeconds, propagationPolicy, uid, resourceVersion } = options
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
  }
}

/** The decoded body of an answer, from whichever form the transport gave it. */
export function decodedBody(response: ApiResponse): unknown {
  const { body } = response
  switch (body.kind) {
    case 'object':
      return body.object
    case 'bytes':
      return parseExact(body.bytes)
    case 'chunks': {
      const decoder = new TextDecoder()
      const text = body.chunks.map(chunk => decoder.decode(chunk, { stream: true })).join('')
      return parseExactText(text + decoder.decode())
    }
    case 'empty':
      return undefined
    default:
      throw internalError(`an answer came as ${body.kind} where one object was expected`)
  }
}

/** The StatusError that an answer of 400 and above tells, also where its body is no Status. */
export function errorOf(
  response: ApiResponse,
  request: Pick<ApiRequest, 'method' | 'path'>,
): StatusError {
  let status: Partial<Status> | undefined
  try {
    status = decodedBody(response) as Partial<Status> | undefined
  } catch {
    // A proxy's HTML page or an empty body; the code alone must do.
  }
  return statusErrorOf(
    status?.kind === 'Status'
      ? { code: response.status, ...status }
      : { code: response.status, message: unreadAnswer(response, request) },
  )
}

/** A Status, such as a watch's ERROR event carries, as the error it stands for. */
export function statusErrorOf(status: Partial<Status>): StatusError {
  const code = status.code ?? 500
  const reason = (status.reason || REASON_OF_CODE[code] || 'InternalError') as StatusReason
  return new StatusError(reason, status.message ?? `HTTP ${code}`, status.details, code)
}

const REASON_OF_CODE: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}
