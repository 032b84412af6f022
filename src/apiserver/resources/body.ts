/** From a request's body to the draft of an object, complete with defaults and in the stored version. */
import { duplicateFields, parseJson } from '#api/machinery/body.ts'
import { checkTypeMeta, decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { decodeObjectProtobuf } from '#api/machinery/protobuf-envelope.ts'
import { badRequest, isStatus } from '#api/machinery/status.ts'
import type { ApiRequest } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { encodingOfBody, JSON_TYPE, unsupportedMediaType, YAML_TYPE } from '../media-type.ts'

/** Enough of a kind to read a body of it. */
export type Typed = Parameters<typeof decodeObjectProtobuf>[0]

export interface ParsedBody {
  readonly value: unknown
  readonly duplicates: readonly string[]
}

/** `kind` is what a protobuf body is read as; JSON and YAML speak for themselves. */
export async function parseBody(request: ApiRequest, kind: Typed): Promise<ParsedBody> {
  const { body = new Uint8Array() } = request
  if (!(body instanceof Uint8Array)) return { value: body, duplicates: [] }
  const encoding = encodingOfBody(request.headers?.['content-type'])
  if (encoding === 'protobuf') {
    if ('custom' in kind && kind.custom) throw unsupportedMediaType([JSON_TYPE, YAML_TYPE])
    return { value: decodeObjectProtobuf(kind, body), duplicates: [] }
  }
  try {
    if (encoding === 'cbor')
      return { value: (await import('../cbor.ts')).decodeCbor(body), duplicates: [] }
    if (encoding === 'yaml') return { value: await parseYaml(body), duplicates: [] }
    const value = parseJson(body)
    return { value, duplicates: duplicateFields(body, value) }
  } catch (thrown) {
    if (!isStatus(thrown, 'BadRequest')) throw thrown
    throw unrecognized(kind, `: ${thrown.message} (${summaryOf(body)})`)
  }
}

function unrecognized({ kind }: Typed, why = '') {
  return badRequest(`the object provided is unrecognized (must be of type ${kind})${why}`)
}

/** Enough of a body to see what it is, however it is spelled. */
function summaryOf(body: Uint8Array): string {
  if (body.length === 0) return '<empty>'
  const start = Buffer.from(body.subarray(0, SUMMARY_BYTES))
  const more = body.length > SUMMARY_BYTES ? ' ...' : ''
  return `${start[0] === OPEN_BRACE ? start.toString() : start.toString('hex')}${more}`
}
const SUMMARY_BYTES = 30
const OPEN_BRACE = 0x7b

/**
 * Its reader is loaded with the first such body: hardly any client sends one. What kubectl sends as YAML is JSON, which is
 * read ten times faster.
 */
export async function parseYaml(body: Uint8Array): Promise<unknown> {
  if (body[0] === OPEN_BRACE)
    try {
      return parseJson(body)
    } catch (thrown) {
      if (!isStatus(thrown, 'BadRequest')) throw thrown
    }
  const yaml = await import('#api/machinery/yaml.ts')
  return yaml.parseYaml(body)
}

/** A fresh draft of the body's object, as `kind`. */
export function draftOf(exchange: Exchange, kind: AnyKind, body: ParsedBody): KubernetesObject {
  const { value, duplicates } = body
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unrecognized(kind)
  checkTypeMeta(kind, value)
  return decodeDraft(exchange, kind, value, duplicates)
}

/** Decodes and defaults; fields that are unknown or given twice are refused, told or ignored as the query asks. */
export function decodeDraft(
  exchange: Exchange,
  kind: AnyKind,
  value: unknown,
  duplicates: readonly string[] = [],
): KubernetesObject {
  const { object, unknownFields } = decodeObject(kind, value)
  if (unknownFields.length > 0 || duplicates.length > 0)
    reportFields(exchange, kind, [
      ...unknownFields.map(path => `unknown field ${JSON.stringify(path)}`),
      ...duplicates.map(path => `duplicate field ${JSON.stringify(path)}`),
    ])
  object.kind = kind.kind
  object.apiVersion = apiVersionOf(kind)
  applyDefaults(kind, object)
  return object
}

function reportFields(exchange: Exchange, kind: AnyKind, complaints: readonly string[]): void {
  const mode = exchange.info.query.get('fieldValidation') || 'Warn'
  if (mode === 'Ignore') return
  if (mode === 'Strict')
    throw badRequest(
      `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ` +
        `strict decoding error: ${complaints.join(', ')}`,
    )
  for (const complaint of complaints)
    if (!exchange.warnings.includes(complaint)) exchange.warnings.push(complaint)
}
