/** /openapi/v2, /openapi/v3 and the documents below it. */
import type { ApiResponse } from '#client/transport.ts'
import type { Remotes } from '../aggregation/remotes.ts'
import type { Exchange } from '../exchange.ts'
import { type Document, openApiOf } from '../openapi/openapi.ts'
import { OPENAPI_PROTOBUF_ACCEPTED, OPENAPI_PROTOBUF_TYPE } from '../openapi/openapi-protobuf.ts'
import { pageNotFound, respondValue } from '../respond.ts'
import { madeOfKinds } from './kinds.ts'

/** A year: a document is asked for by the hash of its content, so it never changes under its address. */
const HASHED_CACHE_CONTROL = 'public, immutable, max-age=31536000'

export function openapi(exchange: Exchange): ApiResponse | Promise<ApiResponse> {
  const { path } = exchange.info
  const [, format, ...rest] = path.split('/').filter(part => part !== '')
  if (path.endsWith('/')) return format === 'v3' ? documentNotFound() : pageNotFound()
  const documents = documentsOf(exchange.server)
  const { remotes } = exchange.server
  if (format === 'v3' && rest.length === 0)
    return respondValue(exchange, 200, withRemotePaths(documents.index(), remotes))
  if (format === 'v2' && rest.length === 0)
    return remotes.size > 0
      ? mergedV2(exchange, documents.v2())
      : acceptsProtobuf(exchange)
        ? answer(exchange, documents.v2Protobuf(), OPENAPI_PROTOBUF_TYPE)
        : answer(exchange, documents.v2())
  const remote = format === 'v3' ? remoteAt(remotes, rest) : undefined
  if (remote) return remote.handle(exchange)
  const document = format === 'v3' ? documents.document(rest.join('/')) : undefined
  if (document) return answer(exchange, document)
  return format === 'v3' ? documentNotFound() : pageNotFound()
}

/** Upstream's handler of all that is below /openapi/v3/ has no words for it. */
const documentNotFound = (): ApiResponse => ({ status: 404, headers: {}, body: { kind: 'empty' } })

/** Documents of other servers stand beside our own, and are theirs to hand out. */
function withRemotePaths({ paths }: { paths: Record<string, unknown> }, remotes: Remotes): object {
  const all = { ...paths }
  for (const { group, version, openApiHash } of remotes) {
    const path = group === '' ? `api/${version}` : `apis/${group}/${version}`
    delete all[path]
    if (openApiHash !== undefined)
      all[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${openApiHash}` }
  }
  return { paths: all }
}

function remoteAt(remotes: Remotes, [prefix, ...parts]: readonly string[]) {
  const [group = '', version = ''] = prefix === 'api' ? ['', ...parts] : parts
  const isVersion = parts.length === (prefix === 'api' ? 1 : 2)
  return isVersion ? remotes.find(group, version) : undefined
}

async function mergedV2(exchange: Exchange, own: Document): Promise<ApiResponse> {
  const { mergedOpenApi } = await import('../aggregation/openapi-v2.ts')
  const { json, protobuf } = mergedOpenApi(exchange.server.remotes, own)
  return acceptsProtobuf(exchange)
    ? answer(exchange, protobuf(), OPENAPI_PROTOBUF_TYPE)
    : answer(exchange, json)
}

/** Those who can read it name it first and have no use for JSON. */
function acceptsProtobuf({ request }: Exchange): boolean {
  return request.headers?.accept?.includes(OPENAPI_PROTOBUF_ACCEPTED) === true
}

function answer(
  { request, info }: Exchange,
  { bytes, hash }: Document,
  type = 'application/json',
): ApiResponse {
  const headers = {
    'content-type': type,
    etag: `"${hash}"`,
    vary: 'Accept',
    ...(info.query.has('hash') ? { 'cache-control': HASHED_CACHE_CONTROL } : {}),
  }
  if (request.headers?.['if-none-match'] === headers.etag)
    return { status: 304, headers, body: { kind: 'empty' } }
  return { status: 200, headers, body: { kind: 'bytes', bytes } }
}

const documentsOf = madeOfKinds((kinds, server) => openApiOf(kinds, server.version))
