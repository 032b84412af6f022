/** /openapi/v2, /openapi/v3 and the documents below it. */
import { clausesOf } from '#client/serving/accept.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Remotes } from '../aggregation/remotes.ts'
import type { Exchange } from '../exchange.ts'
import { JSON_TYPE } from '../media-type.ts'
import { type Document, type OpenApi, openApiOf } from '../openapi/openapi.ts'
import { JSON_HEADERS, pageNotFound } from '../respond.ts'
import { madeOfKinds } from './kinds.ts'

/** A year: a document is asked for by the hash of its content, so it never changes under its address. */
const HASHED_CACHE_CONTROL = 'public, immutable, max-age=31536000'

export function openapi(exchange: Exchange): ApiResponse | Promise<ApiResponse> {
  const { path } = exchange.info
  const [format, ...rest] = path.split('/').slice(2)
  if (path.endsWith('/')) return format === 'v3' ? documentNotFound() : pageNotFound()
  const documents = documentsOf(exchange.server)
  const { remotes } = exchange.server
  if (format === 'v3' && rest.length === 0)
    return indexOf(withRemotePaths(documents.index(), remotes))
  if (format === 'v2' && rest.length === 0) {
    if (remotes.size > 0) return mergedV2(exchange, documents.v2())
    return answer(exchange, format, { json: documents.v2, protobuf: documents.v2Protobuf })
  }
  if (format !== 'v3') return pageNotFound()
  const remote = remoteAt(remotes, rest)
  return remote ? remote.handle(exchange) : documentAt(exchange, rest.join('/'), documents)
}

/** Whatever a client accepts: it has no other form. */
function indexOf(index: object): ApiResponse {
  const bytes = new TextEncoder().encode(JSON.stringify(index))
  return { status: 200, headers: JSON_HEADERS, body: { kind: 'bytes', bytes } }
}

function documentAt(exchange: Exchange, path: string, documents: OpenApi): ApiResponse {
  const json = documents.document(path)
  if (!json) return documentNotFound()
  const hash = documents.hashOf(path)
  const asked = exchange.info.query.get('hash')
  // An answer is kept for a year under its address, so what is another today has to have another address.
  if (asked && asked !== hash)
    return {
      status: 301,
      headers: { location: `/openapi/v3/${path}?hash=${hash}`, vary: 'Accept' },
      body: { kind: 'empty' },
    }
  const protobuf = () => documents.documentProtobuf(path) ?? json
  return answer(exchange, 'v3', { json: () => json, protobuf })
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
  return answer(exchange, 'v2', { json: () => json, protobuf })
}

/** In which forms there is a document, each made when it is asked for. */
interface Forms {
  readonly json: () => Document
  readonly protobuf: () => Document
}

type Format = 'v2' | 'v3'
const protobufType = (format: Format, separator: string) =>
  `application/com.github.proto-openapi.spec.${format}${separator}v1.0+protobuf`

/** The first that a client names and that there is; many name one with an @, which is no media type by the letter of the standard. */
function formOf(accept: string | undefined, format: Format): keyof Forms | undefined {
  if (!accept) return 'json'
  for (const { type } of clausesOf(accept)) {
    if (type === protobufType(format, '@') || type === protobufType(format, '.')) return 'protobuf'
    if (type === JSON_TYPE || type === 'application/*' || type === '*/*') return 'json'
  }
  return undefined
}

function answer({ request, info }: Exchange, format: Format, forms: Forms): ApiResponse {
  const form = formOf(request.headers?.accept, format)
  if (!form) return { status: 406, headers: { vary: 'Accept' }, body: { kind: 'empty' } }
  const { bytes, hash } = forms[form]()
  const type = form === 'json' ? JSON_TYPE : protobufType(format, '.')
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
