/**
 * What a path and a method ask for, in the words of the API: verb, group, version, resource, subresource, namespace and
 * name. Everything behind it (authorization first) relies on this reading, so odd paths are refused, not mended.
 */
import { parseFieldSelector } from '#api/machinery/field-selector.ts'
import { isPathSegment } from '#api/machinery/names.ts'
import { badRequest, StatusError } from '#api/machinery/status.ts'
import type { Method } from '#client/transport.ts'

export interface RequestInfo {
  readonly isResourceRequest: boolean
  /** Without the query; decoded where no resource is meant, as it came where one is. */
  readonly path: string
  readonly query: URLSearchParams
  /** The verb stands in the path, as of /api/v1/watch/pods, where any method asks for it. */
  readonly hasVerbInPath: boolean
  /** API verb, or the lower-case method where no resource is meant. */
  readonly verb: string
  /** `api` or `apis`. */
  readonly prefix: string
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** The segments after the resource's: name, subresource, and what a proxied path adds. */
  readonly rest: readonly string[]
}

const VERBS: Readonly<Record<Method, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  OPTIONS: '',
}

/** Subresources of namespaces; any other segment after a namespace's name is a resource in it. */
const NAMESPACE_SUBRESOURCES = ['status', 'finalize']
/** Below these anything goes that the target may understand, so odd segments are not ours to judge. */
const PROXY = 'proxy'

/** Words before a resource that are the verb whatever the method: the old forms of watching and proxying, /api/v1/watch/pods. */
const SPECIAL_VERBS = ['watch', PROXY]

/** Longest path with query; the longest that a client has reason to send is a list with a long selector. */
const MAXIMUM_PATH_LENGTH = 32 * 1024

const OF_API = /^\/apis?(?:\/|$)/

/** One for all that have none: nobody changes the query of a request. */
const NO_QUERY = new URLSearchParams()

/** A path that says what is to be done, but not with what. */
export class UnreadablePathError extends Error {
  override readonly message = 'unable to determine kind and namespace from url'
}

export function parseRequestInfo(method: Method, target: string): RequestInfo {
  if (target.length > MAXIMUM_PATH_LENGTH) throw badRequest('the request path is too long')
  const queryAt = target.indexOf('?')
  const rawPath = queryAt < 0 ? target : target.slice(0, queryAt)
  const query = queryAt < 0 ? NO_QUERY : new URLSearchParams(target.slice(queryAt + 1))
  // Only below these two does it matter what is in a segment; other paths are compared as they are.
  const isSpelledOut = OF_API.test(rawPath)
  const decodedPath = isSpelledOut ? rawPath : decode(rawPath)
  const isOfApi = isSpelledOut || OF_API.test(decodedPath)
  const none = {
    isResourceRequest: false,
    hasVerbInPath: false,
    path: decodedPath,
    query,
    verb: method.toLowerCase(),
    prefix: '',
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: [],
  }
  if (!rawPath.startsWith('/')) throw notFound()
  if (!isOfApi) return none
  const segments = segmentsOf(rawPath)
  const [prefix = ''] = segments
  const hasGroup = prefix === 'apis'
  const group = hasGroup ? (segments[1] ?? '') : ''
  const version = segments[hasGroup ? 2 : 1] ?? ''
  const parts = segments.slice(hasGroup ? 3 : 2)
  const known = { ...none, prefix, group, version }
  // Who judges such a path reads it as who answers does.
  if (parts.length === 0) return { ...known, path: decode(rawPath) }
  return resourceInfo({ ...known, path: rawPath }, VERBS[method], parts)
}

function resourceInfo(base: RequestInfo, methodVerb: string, parts: string[]): RequestInfo {
  let verb = methodVerb
  const [special = ''] = parts
  const hasVerbInPath = SPECIAL_VERBS.includes(special)
  if (hasVerbInPath) {
    if (parts.length < 2) throw new UnreadablePathError()
    parts.shift()
    verb = special
  }
  let namespace = ''
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1]
    if (parts[2] !== undefined && !NAMESPACE_SUBRESOURCES.includes(parts[2])) parts.splice(0, 2)
  }
  const [resource = '', name = '', third = ''] = parts
  const rest = parts.slice(1)
  const { query } = base
  if (name === '' && verb === 'get') verb = isTrue(query.get('watch')) ? 'watch' : 'list'
  if (name === '' && verb === 'delete') verb = 'deletecollection'
  return {
    ...base,
    isResourceRequest: true,
    hasVerbInPath,
    verb,
    namespace,
    resource,
    subresource: verb === PROXY ? '' : third,
    name: name || nameSelectedBy(verb, query),
    rest,
  }
}

/** Rights on one name are enough to list or watch just it. */
function nameSelectedBy(verb: string, query: URLSearchParams): string {
  if (verb !== 'list' && verb !== 'watch') return ''
  const text = query.get('fieldSelector')
  if (!text) return ''
  try {
    // Parsed, not searched: in `type!=a\\,metadata.name=x` the last part belongs to a value.
    const named = parseFieldSelector(text).find(
      ({ field, operator }) => field === 'metadata.name' && operator === '=',
    )
    // What no object can be called names none: the value stands in no path that could have been refused.
    return named && isPathSegment(named.value).length === 0 ? named.value : ''
  } catch {
    return '' // Whoever evaluates the selector answers 400.
  }
}

/** A boolean of a query as upstream reads it: present and not false. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

const notFound = () =>
  new StatusError('NotFound', 'the server could not find the requested resource', {})

/** What is decoded, or refused, between slashes; and segments that are empty or begin with a dot. */
const UNUSUAL = /[%\0\\]|\/[/.]/

function segmentsOf(rawPath: string): string[] {
  const raw = rawPath.slice(1).split('/')
  if (raw.at(-1) === '') raw.pop()
  // Nearly all are spelled as they are meant.
  if (!UNUSUAL.test(rawPath)) return raw
  const proxyAt = proxyIndexOf(raw)
  return raw.map((segment, at) => {
    // What follows …/proxy/ belongs to the target and is passed on as it came.
    if (proxyAt > 0 && at > proxyAt) return segment
    const decoded = decode(segment)
    if (decoded === '' || decoded === '.' || decoded === '..') throw notFound()
    if (decoded.includes('/') || decoded.includes('\0') || decoded.includes('\\')) throw notFound()
    return decoded
  })
}

/** Where the subresource `proxy` stands: a namespace or an object of that name does not count. */
function proxyIndexOf(raw: readonly string[]): number {
  let at = raw[0] === 'api' ? 2 : raw[0] === 'apis' ? 3 : Number.NaN
  if (raw[at] === 'watch' && raw[at + 1] !== undefined) at++
  if (raw[at] === 'namespaces' && !NAMESPACE_SUBRESOURCES.includes(raw[at + 2] ?? 'status')) at += 2
  return raw[at + 2] === PROXY ? at + 2 : -1
}

/** A path to a proxied target, cut in two: what leads to it, and what it is asked for (`''` or with its slash), as they came. */
export function cutAtProxy(rawPath: string): { readonly prefix: string; readonly path: string } {
  const raw = rawPath.slice(1).split('/')
  const at = proxyIndexOf(raw)
  // Its name was spelled with percent signs, to what end ever.
  if (at < 0) throw notFound()
  const prefix = `/${raw.slice(0, at + 1).join('/')}`
  return { prefix, path: rawPath.slice(prefix.length) }
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest(`the path segment ${JSON.stringify(segment)} is not valid percent-encoding`)
  }
}
