/** From what a handler found to the answer in the form that the client asked for. */
import { asGoJson, stringifyJson } from '#api/machinery/exact-json.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Status } from '#api/machinery/status.ts'
import { partialMetadataOf } from '#api/machinery/table.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import type { Exchange } from './exchange.ts'
import { noList } from './go-types.ts'
import {
  CBOR_TYPE,
  JSON_TYPE,
  type Negotiation,
  negotiate,
  PROTOBUF_TYPE,
  type Representing,
  YAML_TYPE,
} from './media-type.ts'
import { type Encodable, encodeValueProtobuf, protobufOf } from './protobuf.ts'
import { emptyAsNull } from './storage/empty-lists.ts'
import { lineOf, type Representation } from './storage/stored-object.ts'

const encoder = new TextEncoder()
export const JSON_HEADERS = Object.freeze({ 'content-type': JSON_TYPE })
export const CBOR_HEADERS = Object.freeze({ 'content-type': CBOR_TYPE })
export const PROTOBUF_HEADERS = Object.freeze({ 'content-type': PROTOBUF_TYPE })

/** Of the subresources that show a whole object, upstream has no table for these. */
const WITHOUT_TABLE: ReadonlySet<string> = new Set(['ephemeralcontainers', 'finalize', 'resize'])

/** What the client of this exchange wants; throws NotAcceptable. */
export function wantedBy(
  { request, info, isCustom }: Exchange,
  more: Pick<Negotiation, 'hasNoTable' | 'hasOneShape'> = {},
): Representing {
  const { headers } = request
  return negotiate(headers?.accept, {
    pretty: prefersPretty(info.query.get('pretty'), headers?.['user-agent']),
    isCustom,
    isStream: info.verb === 'watch',
    hasNoTable: WITHOUT_TABLE.has(info.subresource),
    ...more,
  })
}

/** Asked before anything is written: who could not be told of it is refused. Throws NotAcceptable. */
export function checkAccepted(exchange: Exchange): void {
  if (!exchange.request.objects) wantedBy(exchange)
}

/** Behind these are people, who read the text itself. */
const FOR_PEOPLE = /^(curl|Wget|Mozilla\/5\.0)/
const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True']

export function prefersPretty(asked: string | null, userAgent = ''): boolean {
  return asked ? TRUE.includes(asked) : FOR_PEOPLE.test(userAgent)
}

/** A stored object as it is: its bytes are shared, never made again. */
export function respondStored(
  exchange: Exchange,
  status: number,
  { kind, shown }: { readonly kind: Encodable; readonly shown: Representation },
): ApiResponse | Promise<ApiResponse> {
  exchange.audit?.answersStored(shown)
  if (exchange.request.objects) return objectResponse(status, shown.object)
  const wanted = wantedBy(exchange)
  if (wanted.encoding === 'json' && !wanted.pretty)
    return { status, headers: JSON_HEADERS, body: { kind: 'bytes', bytes: lineOf(shown) } }
  if (wanted.encoding === 'protobuf') return respondProtobuf(status, protobufOf(kind, shown))
  if (wanted.encoding === 'cbor')
    return cbor().then(({ cborOf }) => respondCbor(status, cborOf(kind, shown)))
  return encode(wanted, status, emptyAsNull(shown.object))
}

export const respondProtobuf = (status: number, bytes: Uint8Array): ApiResponse => ({
  status,
  headers: PROTOBUF_HEADERS,
  body: { kind: 'bytes', bytes },
})

/** Its reader and writer are loaded with the first client that offers CBOR. */
const cbor = () => import('./cbor.ts')

const respondCbor = (status: number, bytes: Uint8Array): ApiResponse => ({
  status,
  headers: CBOR_HEADERS,
  body: { kind: 'bytes', bytes },
})

/** A value made for this answer alone. `kind` says how it is written in protobuf; without one it is answered in JSON. */
export function respondValue(
  exchange: Exchange,
  status: number,
  value: unknown,
  kind?: Encodable,
): ApiResponse | Promise<ApiResponse> {
  if (exchange.info.prefix !== '') exchange.audit?.answers(value)
  if (exchange.request.objects) return objectResponse(status, value)
  return encode(wantedBy(exchange), status, value, kind)
}

/** What nobody can have in another shape; throws NotAcceptable for who takes nothing else. */
export function respondDocument(exchange: Exchange, document: object) {
  exchange.audit?.answers(document)
  if (exchange.request.objects) return objectResponse(200, document)
  return encode(wantedBy(exchange, { hasOneShape: true }), 200, document)
}

/**
 * Answers with what is made for this request alone and that no table shows: the answer to a review, a token, the word that something was
 * done. Asked before anything is done, since it throws NotAcceptable for who takes nothing but a table.
 */
export function respondMade(
  exchange: Exchange,
): (value: unknown, kind?: AnyKind) => ApiResponse | Promise<ApiResponse> {
  if (exchange.request.objects)
    return value => {
      exchange.audit?.answers(value)
      return objectResponse(201, value)
    }
  const wanted = wantedBy(exchange, { hasNoTable: true })
  return (value, kind) => {
    exchange.audit?.answers(value)
    if (kind && wanted.as === 'PartialObjectMetadataList') throw noList(kind)
    return kind && wanted.as === 'PartialObjectMetadata'
      ? encode(wanted, 201, partialMetadataOf(kind, value as KubernetesObject, wanted.version))
      : encode(wanted, 201, value, kind)
  }
}

const objectResponse = (status: number, object: unknown): ApiResponse => ({
  status,
  headers: JSON_HEADERS,
  body: { kind: 'object', object },
})

/** A failure, in the client's representation as far as that can be told. */
export function respondStatus(
  request: ApiRequest,
  status: Status,
  { isForPeople = status.reason === 'NotAcceptable' } = {},
): ApiResponse | Promise<ApiResponse> {
  const code = status.code ?? 500
  if (request.objects) return objectResponse(code, status)
  let wanted: Representing = { encoding: 'json', pretty: true }
  try {
    const { accept, 'user-agent': userAgent } = request.headers ?? {}
    const asked = new URLSearchParams(request.path.split('?')[1]).get('pretty')
    const { encoding, pretty } = negotiate(accept, { pretty: prefersPretty(asked, userAgent) })
    // What could not be told as wished is told to people.
    wanted = { encoding, pretty: pretty || isForPeople }
  } catch {
    // What cannot be served as wished is served as JSON for people; an error has to be told somehow.
  }
  return encode(wanted, code, status)
}

/** What no handler knows, as Go's servers say it. */
export const pageNotFound = (): ApiResponse => respondText(404, '404 page not found\n')

export function respondText(status: number, text: string): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: { kind: 'bytes', bytes: encoder.encode(text) },
  }
}

function encode(
  wanted: Representing,
  status: number,
  value: unknown,
  kind?: Encodable,
): ApiResponse | Promise<ApiResponse> {
  const message = wanted.encoding === 'protobuf' ? encodeValueProtobuf(value, kind) : undefined
  if (message) return respondProtobuf(status, message)
  if (wanted.encoding === 'yaml') return encodeYaml(status, value)
  if (wanted.encoding === 'cbor')
    return cbor().then(({ cborOfValue }) => respondCbor(status, cborOfValue(value, kind)))
  const json = asGoJson(stringifyJson(value, wanted.pretty ? 2 : undefined))
  const text = wanted.pretty ? json : `${json}\n`
  return { status, headers: JSON_HEADERS, body: { kind: 'bytes', bytes: encoder.encode(text) } }
}

async function encodeYaml(status: number, value: unknown): Promise<ApiResponse> {
  const { writeYaml } = await import('#api/machinery/yaml-writer.ts')
  return {
    status,
    headers: { 'content-type': YAML_TYPE },
    body: { kind: 'bytes', bytes: encoder.encode(writeYaml(value)) },
  }
}
