/** From a request's body to the draft of an object, complete with defaults and in the stored version. */
import { duplicateFields, parseJson } from '#api/machinery/body.ts'
import { decodeObject, type Reorder } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import { hasLongNumber, type Keeping, stringifyJson } from '#api/machinery/exact-json.ts'
import { goQuote } from '#api/machinery/go-quote.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { mistakeInPatched } from '#api/machinery/mistakes/in-patched.ts'
import { inOrderOfNames } from '#api/machinery/mistakes/order.ts'
import { withWrappedNumbers } from '#api/machinery/patch/wrapped-numbers.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import {
  decodeObjectProtobuf,
  isProtobufBody,
  NO_PROTOBUF,
} from '#api/machinery/protobuf-envelope.ts'
import { jsonTypeOf } from '#api/machinery/scalars.ts'
import { badRequest, isStatus, StatusError } from '#api/machinery/status.ts'
import { NO_FLOAT } from '#api/machinery/written-numbers.ts'
import type { ApiRequest } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { encodingOfBody, JSON_TYPE, unsupportedMediaType, YAML_TYPE } from '../media-type.ts'
import { checkBodyType, whyUnread } from './body-type.ts'
import { complaintsAbout, refusedAs, report } from './strict.ts'

/** Enough of a kind to read a body of it. */
export type Typed = Parameters<typeof decodeObjectProtobuf>[0]

export interface ParsedBody {
  readonly value: unknown
  /** Paths of fields that stand in it twice. */
  readonly duplicates: readonly string[]
  /** The same of YAML, as one text that tells all. */
  readonly repeatedKeys?: string | undefined
  /** The bytes where they are JSON. */
  readonly json?: Uint8Array
  /** How upstream brings it into order before it reads it. */
  readonly reorder?: Reorder
  /** Stand for those of the value, where they are known and need not be read. They go into the draft. */
  readonly metadata?: KubernetesObject['metadata']
}

/** `kind` is what a protobuf body is read as; JSON and YAML speak for themselves. */
export async function parseBody(request: ApiRequest, kind: Typed): Promise<ParsedBody> {
  const { body = new Uint8Array() } = request
  if (!(body instanceof Uint8Array)) return { value: body, duplicates: [] }
  const encoding = encodingOfBody(request.headers?.['content-type'])
  const isCustom = 'custom' in kind && kind.custom !== undefined
  if (encoding === 'protobuf') {
    if (isCustom) throw unsupportedMediaType([JSON_TYPE, YAML_TYPE])
    if (!isProtobufBody(body)) throw unrecognized(kind, `: ${NO_PROTOBUF} (${summaryOf(body)})`)
    return { value: decodeObjectProtobuf(kind, body), duplicates: [] }
  }
  try {
    const parsed =
      encoding === 'json' && !isCustom ? jsonBody(body, 'written') : await READERS[encoding](body)
    checkTypeTexts(parsed)
    return parsed
  } catch (thrown) {
    // Upstream reads the options of a delete by another way, which says nothing of what they should have been.
    if (!isStatus(thrown, 'BadRequest') || kind.kind === 'DeleteOptions') throw thrown
    if (thrown.message.endsWith(NO_FLOAT)) throw refusedAs(kind)(thrown.message)
    throw unrecognized(kind, `: ${thrown.message} (${summaryOf(body)})`)
  }
}

const READERS = {
  json: (body: Uint8Array) => jsonBody(body),
  yaml: async (body: Uint8Array): Promise<ParsedBody> => ({
    ...(await parseYaml(body)),
    reorder: inOrderOfNames,
  }),
  cbor: async (body: Uint8Array): Promise<ParsedBody> => ({
    value: (await import('../cbor.ts')).decodeCbor(body),
    duplicates: [],
  }),
}

function unrecognized({ kind }: Typed, why = '') {
  return badRequest(`the object provided is unrecognized (must be of type ${kind})${why}`)
}

/** Whatever an object is, it says so in texts: so much is read before anything else. */
export function checkTypeTexts({ value, reorder }: Pick<ParsedBody, 'value' | 'reorder'>): void {
  if (value !== null && wrongTypeMeta(value) !== undefined) {
    // Only what is refused is brought into order, which copies all of it.
    const why = wrongTypeMeta(reorder ? reorder(value) : value)
    throw badRequest(`couldn't get version/kind; json parse error: ${why}`)
  }
  const { apiVersion } = (value ?? {}) as { readonly apiVersion?: string | null }
  if (apiVersion && isNoVersion(apiVersion)) throw badRequest(noVersion(apiVersion))
}

export const isNoVersion = (apiVersion: string) => apiVersion.split('/').length > 2
export const noVersion = (apiVersion: string) => `unexpected GroupVersion string: ${apiVersion}`

function wrongTypeMeta(value: unknown): string | undefined {
  const wrong = (part: unknown, target: string) =>
    `json: cannot unmarshal ${jsonTypeOf(part)} into Go ${target}`
  if (!isPlainObject(value)) return wrong(value, `value of type ${GO_TYPE_META}`)
  for (const [key, part] of Object.entries(value)) {
    const name = TYPE_META.get(key.toLowerCase())
    if (name && part !== null && typeof part !== 'string')
      return wrong(part, `struct field .${name} of type string`)
  }
}
/** Go finds its fields whatever the case of the names. */
const TYPE_META: ReadonlyMap<string, string> = new Map([
  ['apiversion', 'apiVersion'],
  ['kind', 'kind'],
])

/** Enough of a body to see what it is, however it is spelled. */
function summaryOf(body: Uint8Array = new Uint8Array()): string {
  if (body.length === 0) return '<empty>'
  const start = Buffer.from(body.subarray(0, SUMMARY_BYTES))
  const more = body.length > SUMMARY_BYTES ? ' ...' : ''
  return `${start[0] === OPEN_BRACE ? start.toString() : start.toString('hex')}${more}`
}
const SUMMARY_BYTES = 30
const OPEN_BRACE = 0x7b

/** Of custom resources whole numbers may be written in any way. */
function jsonBody(body: Uint8Array, keeping?: Keeping): ParsedBody {
  const value = parseJson(body, keeping)
  return { value, duplicates: duplicateFields(body, value), json: body }
}

/**
 * Its reader is loaded with the first such body: hardly any client sends one. What kubectl sends as YAML is JSON, which is
 * read ten times faster; only where a field stands there twice, the lines are asked for, and numbers that are long or floats become others in YAML.
 */
export async function parseYaml(body: Uint8Array): Promise<ParsedBody> {
  if (body[0] === OPEN_BRACE && !hasLongNumber(body))
    try {
      const parsed = jsonBody(body)
      if (parsed.duplicates.length === 0) return parsed
    } catch (thrown) {
      if (!isStatus(thrown, 'BadRequest')) throw thrown
    }
  const [{ readYaml }, { repeatedKeysError }] = await Promise.all([
    import('#api/machinery/yaml.ts'),
    import('#api/machinery/yaml-keys.ts'),
  ])
  const { value, repeated } = readYaml(body)
  return {
    value,
    duplicates: [],
    ...(repeated.length > 0 ? { repeatedKeys: repeatedKeysError(repeated) } : {}),
  }
}

/** What upstream reads a body into first, as Go prints it. */
export const GO_TYPE_META =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

/** A fresh draft of the body's object, as `kind`. */
export function draftOf(exchange: Exchange, kind: AnyKind, body: ParsedBody): KubernetesObject {
  const { value } = body
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const why = `json: cannot unmarshal ${value === null ? 'null' : jsonTypeOf(value)} into Go value of type ${GO_TYPE_META}`
    throw unrecognized(
      kind,
      `: couldn't get version/kind; json parse error: ${why} (${summaryOf(body.json)})`,
    )
  }
  const why = missingKind(kind, body)
  if (why !== undefined) throw unrecognized(kind, `: ${why} (${summaryOf(body.json)})`)
  checkBodyType(kind, isSent(kind, body) ? { apiVersion: '', ...value } : (value as PlainObject))
  const draft = decodeDraft(exchange, kind, value, body)
  exchange.audit?.requested(kind, draft)
  return draft
}

/** Custom resources that are sent are read by what they say they are alone; what is written in process need not say it. */
const isSent = ({ custom }: AnyKind, { json }: ParsedBody) =>
  custom !== undefined && json !== undefined

function missingKind(kind: AnyKind, body: ParsedBody): string | undefined {
  if (!isSent(kind, body) || (body.value as PlainObject).kind) return undefined
  return `Object 'Kind' is missing in '${Buffer.from(body.json ?? [])}'`
}

/** The value without what is known of it. */
function undecoded<T>({ value, metadata }: { readonly value: T; readonly metadata?: unknown }): T {
  return metadata && isPlainObject(value) ? { ...value, metadata: {} } : value
}

/** Decodes and defaults; fields that are unknown or given twice are refused, told or ignored as the query asks. */
export function decodeDraft(
  exchange: Exchange,
  kind: AnyKind,
  value: unknown,
  body?: ParsedBody,
): KubernetesObject {
  const { duplicates = [], repeatedKeys, json, metadata, reorder } = body ?? {}
  const raw = undecoded({ value, metadata })
  const { object, unknownFields: unknown } = decodeObject(kind, raw, reorder)
  if (metadata) object.metadata = metadata
  else keepReset(object, value)
  if (unknown.length > 0 || duplicates.length > 0 || repeatedKeys !== undefined) {
    // Schemas of custom resources are read after the body, and tell what they do not know in an order of their own.
    const isInOrder = kind.custom && duplicates.length === 0
    const complaints = complaintsAbout({ unknown, duplicates, json: isInOrder ? undefined : json })
    if (repeatedKeys !== undefined) complaints.unshift(repeatedKeys)
    report(exchange, complaints, refusedAs(kind))
  }
  return finished(kind, object)
}

interface Patched extends Pick<ParsedBody, 'duplicates' | 'reorder'> {
  readonly value: PlainObject
  /** As in ParsedBody. */
  readonly metadata: KubernetesObject['metadata'] | undefined
  shown(): string
  readonly isStrategic: boolean
}

/** A patch whose result cannot be read, shown with it. */
export function refusedPatch(shown: string, why: string): StatusError {
  const message = `Invalid value: ${goQuote(shown)}: ${why}`
  const causes = [{ reason: 'FieldValueInvalid', message, field: 'patch' } as const]
  return new StatusError('Invalid', ` "" is invalid: patch: ${message}`, { causes })
}

/** The draft that a patch made: wrong types and fields are the patch's, which is told with what it made. */
export function decodePatched(
  exchange: Exchange,
  kind: AnyKind,
  patched: Patched,
): KubernetesObject {
  const refuse = (why: string) => refusedPatch(patched.shown(), why)
  const { metadata } = patched
  const { object, unknownFields } = readPatched(kind, patched, refuse)
  if (metadata) object.metadata = metadata
  else keepReset(object, patched.value)
  const unknown = {
    unknown: unknownFields,
    duplicates: [],
    json: textOf(kind, patched, unknownFields),
  }
  report(exchange, [...patched.duplicates, ...complaintsAbout(unknown)], refuse)
  return finished(kind, object)
}

/** What a patch made as upstream reads it, where the order of several unknown fields is told from it: as in a body, not of custom resources. */
const textOf = ({ custom }: AnyKind, { value, reorder }: Patched, unknown: readonly string[]) =>
  custom || unknown.length < 2
    ? undefined
    : encoder.encode(stringifyJson(reorder ? reorder(value) : value))
const encoder = new TextEncoder()

/** An empty list takes the fields from all who own them, where none leaves them. */
function keepReset({ metadata }: KubernetesObject, value: unknown): void {
  const sent = isPlainObject(value) && isPlainObject(value.metadata) && value.metadata.managedFields
  if (Array.isArray(sent) && sent.length === 0) metadata.managedFields = []
}

function readPatched(kind: AnyKind, patched: Patched, refuse: (sentence: string) => StatusError) {
  const { reorder, isStrategic } = patched
  try {
    return decodeObject(kind, undecoded(patched), reorder)
  } catch (thrown) {
    if (!isStatus(thrown, 'BadRequest')) throw thrown
    if (!isStrategic) throw refuse(whyUnread(kind, thrown.message))
    const told = mistakeInPatched(kind.shape, patched.value)
    if (told !== undefined) throw refuse(told)
    // What is not wrong there does not fit, and is made to.
    return decodeObject(kind, withWrappedNumbers(kind.shape, undecoded(patched)))
  }
}

function finished(kind: AnyKind, object: KubernetesObject): KubernetesObject {
  object.kind = kind.kind
  object.apiVersion = apiVersionOf(kind)
  applyDefaults(kind, object)
  return object
}
