import { goQuote } from '#api/machinery/go-quote.ts'
import { isPathSegment } from '#api/machinery/names.ts'
import { badRequest, StatusError } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import { UnreadableValueError } from '#store'
import { noteDeprecation } from '../audit/notes.ts'
import { serveEndpoint } from '../endpoints/endpoints.ts'
import type { Exchange, Step } from '../exchange.ts'
import { create } from '../resources/create.ts'
import { remove, removeCollection } from '../resources/delete.ts'
import { patch } from '../resources/patch.ts'
import { get, handleWatch, list } from '../resources/read.ts'
import { isStored, type ServedResource, type StoredResource } from '../resources/registry.ts'
import { specialHandlers } from '../resources/special.ts'
import { nothingThere, unknownResource } from '../resources/unknown-resource.ts'
import { update } from '../resources/update.ts'
import { pageNotFound, wantedBy } from '../respond.ts'
import { methodNotAllowed } from './method-not-allowed.ts'
import { isElsewhere, serveCustom } from './serve-custom.ts'

/** The last step: finds who answers, and lets them. */
export const serve: Step = exchange => {
  try {
    const answer = served(exchange)
    return answer instanceof Promise
      ? answer.catch(error => servedOnceMore(exchange, error))
      : answer
  } catch (error) {
    return servedOnceMore(exchange, error)
  }
}

/** Where the key of a value had to be fetched, and may be here now. A write reads what is there before it changes anything. */
async function servedOnceMore(exchange: Exchange, error: unknown): Promise<ApiResponse> {
  if (!(error instanceof UnreadableValueError) || !error.retry) throw error
  await error.retry
  return served(exchange)
}

function served(exchange: Exchange): ReturnType<Step> {
  const { info, server } = exchange
  // Whoever serves a version also says what is in it.
  const remote = info.prefix === '' ? undefined : server.remotes.find(info.group, info.version)
  if (remote) return remote.handle(exchange)
  if (!info.isResourceRequest) return serveEndpoint(exchange)
  // Refused before anything is written, not after.
  const isAnsweredElsewhere = info.subresource === 'log' || info.subresource === 'proxy'
  if (!exchange.request.objects && !isAnsweredElsewhere && !exchange.wantsStream) wantedBy(exchange)
  // An empty cache would answer "not found" for what is only not read yet.
  if (server.notReady.has('informer-sync'))
    throw new StatusError('ServiceUnavailable', 'the server is starting', { retryAfterSeconds: 1 })
  const resource = server.registry.find(info.group, info.version, info.resource)
  if (!resource) return Promise.resolve(nothingThere(exchange))
  if (resource.kind.custom) {
    if (isElsewhere(exchange, resource)) return Promise.resolve(pageNotFound())
    exchange.isCustom = true
  } else {
    if (info.rest.length > 2 && info.subresource !== 'proxy') throw unknownResource()
    const refusal = scopeRefusal(exchange, resource) ?? oldPathRefusal(exchange, resource)
    if (refusal) throw refusal
  }
  if (isStored(resource)) refuseName(info.rest[0])
  const isWrite = info.verb !== 'get' && info.verb !== 'list' && info.verb !== 'watch'
  const waiting = isWrite ? resource.kind.prepareWrites?.() : undefined
  return waiting ? waiting.then(() => handle(exchange, resource)) : handle(exchange, resource)
}

function handle(exchange: Exchange, resource: ServedResource): Promise<ApiResponse> {
  const { info } = exchange
  if (resource.kind.custom && isStored(resource)) {
    warnOfDeprecation(exchange, resource)
    return serveCustom(exchange, resource, handlers)
  }
  const special = specialHandlers(resource, info.subresource)
  if (special) {
    const handler = special[info.verb]
    if (isQuestion(resource) && info.rest.length > 0) throw unknownResource()
    if (!handler || isHeadOfRoute(exchange)) throw methodNotAllowed()
    warnOfDeprecation(exchange, resource)
    return Promise.resolve(handler(exchange, resource))
  }
  if (!isStored(resource) || !isServedSubresource(resource, info.subresource))
    throw unknownResource()
  if (isHeadOfRoute(exchange)) throw methodNotAllowed()
  return ordinary(exchange, resource)
}

/** Asked and forgotten: there is no path to one that was asked, nor to those of all namespaces. */
const isQuestion = ({ kind }: ServedResource): boolean =>
  kind.ephemeral && !kind.verbs.includes('get')

type Handler = (exchange: Exchange, resource: StoredResource) => Promise<ApiResponse>

const handlers: Readonly<Record<string, Handler>> = {
  get,
  list,
  watch: handleWatch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
}

function ordinary(exchange: Exchange, resource: StoredResource): Promise<ApiResponse> {
  const { verb, subresource, rest } = exchange.info
  const handler = handlers[verb]
  const isCollectionVerb = verb === 'list' || verb === 'create' || verb === 'deletecollection'
  const namesOne = rest.length > 0
  if (!handler || !resource.kind.verbs.some(each => each === verb)) throw methodNotAllowed()
  if (verb !== 'watch' && isCollectionVerb === namesOne) throw methodNotAllowed()
  if (subresource && !['get', 'update', 'patch'].includes(verb)) throw methodNotAllowed()
  warnOfDeprecation(exchange, resource)
  return handler(exchange, resource)
}

/** Whoever asks for what is not there learns nothing of its age. */
function warnOfDeprecation(exchange: Exchange, { kind }: ServedResource): void {
  const { request, warnings } = exchange
  const { deprecation } = kind
  // Of custom resources it is noted where somebody answers.
  if (!kind.custom) noteDeprecation(exchange, kind)
  if (deprecation !== undefined && !request.objects) warnings.push(deprecation)
}

/** Upstream's routes of built-in kinds are for GET alone; proxied targets know HEAD. */
const isHeadOfRoute = ({ request, info }: Exchange): boolean =>
  request.method === 'HEAD' && info.subresource !== 'proxy'

/** What lives in namespaces is written there, and nothing else is to be found under them (CVE-2019-11247). */
function scopeRefusal({ info }: Exchange, resource: ServedResource): StatusError | undefined {
  const { kind } = resource
  const isNamespaceItself = kind.group === '' && kind.plural === 'namespaces'
  if (kind.scope === 'Cluster') {
    if (info.namespace !== '' && !isNamespaceItself) return unknownResource()
  } else if (info.namespace === '') {
    if (isQuestion(resource)) return unknownResource()
    if (info.rest.length > 0) return unknownResource()
    // Nobody makes anything in all namespaces at once, nor empties them.
    if (info.verb === 'create' || info.verb === 'deletecollection') return methodNotAllowed()
  }
  return undefined
}

/** What nothing can be called is no name of anything that is not there. Throws BadRequest. */
function refuseName(name: string | undefined): void {
  if (name === undefined || !name.includes('%')) return
  const why = isPathSegment(name).join(';')
  throw badRequest(`Name parameter invalid: ${goQuote(name)}: ${why}`)
}

/** Of the old paths those for watching are left: whole objects, with GET. */
function oldPathRefusal(
  { info, request }: Exchange,
  resource: ServedResource,
): StatusError | undefined {
  if (!info.hasVerbInPath) return undefined
  const isThere = isStored(resource) && resource.kind.verbs.some(each => each === info.verb)
  if (!isThere || info.subresource !== '') return unknownResource()
  return request.method === 'GET' ? undefined : methodNotAllowed()
}

/** Those that write a part of the object itself. */
const ORDINARY_SUBRESOURCES = new Set([
  'pods/ephemeralcontainers',
  'pods/resize',
  'certificatesigningrequests/approval',
])

function isServedSubresource(resource: StoredResource, subresource: string): boolean {
  if (subresource === '') return true
  if (subresource === 'status') return resource.kind.subresources.status === true
  return ORDINARY_SUBRESOURCES.has(`${resource.name.resource}/${subresource}`)
}
