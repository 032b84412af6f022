/** Bodies as the JSON of one line that an event carries: their own bytes wherever those will do. */
import { asGoJson, parseExact, stringifyJson } from '#api/machinery/exact-json.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import type { ApiResponse, ResponseBody } from '#client/transport.ts'
import type { Json } from './event.ts'

const encoder = new TextEncoder()
const LINE_END = 0x0a
const RETURN = 0x0d
const OPEN_BRACE = 0x7b
const JSON_TYPE = 'application/json'

export const jsonOf = (value: unknown): Json => [encoder.encode(asGoJson(stringifyJson(value)))]

/** What a client wrote: as it is where it is one line of JSON, in one line where it has several; undefined where it is none. */
export function jsonIn(bytes: Uint8Array): Json | undefined {
  try {
    // Looked at also where nothing is to be changed: half a value would spoil the line.
    const value = parseExact(bytes)
    const isOneLine = !bytes.includes(LINE_END) && !bytes.includes(RETURN)
    return isOneLine ? [bytes] : jsonOf(value)
  } catch {
    return undefined
  }
}

/** The bytes of a body that is JSON, which has a line's end at its very end alone unless it is for people; undefined of others. */
export function jsonOfBody(headers: ApiResponse['headers'], body: ResponseBody): Json | undefined {
  if (!headers['content-type']?.startsWith(JSON_TYPE)) return undefined
  const pieces = body.kind === 'bytes' ? [body.bytes] : body.kind === 'chunks' ? body.chunks : []
  const [first] = pieces
  if (!first || first[0] !== OPEN_BRACE) return undefined
  if (first[1] === LINE_END) return jsonOf(parseExact(whole(pieces)))
  return inOneLine(pieces)
}

/** Without the line's end at the very end. */
export function inOneLine(pieces: readonly Uint8Array[]): Json {
  const last = pieces.at(-1)
  if (last?.at(-1) !== LINE_END) return pieces
  return [...pieces.slice(0, -1), last.subarray(0, -1)]
}

/** Nobody has its bytes without them. */
export const withoutManagedFields = (json: Json): Json =>
  jsonOf(withoutOwners(parseExact(whole(json))))

const whole = (pieces: readonly Uint8Array[]): Uint8Array =>
  pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)

/** An object, a list or a table without who owns the fields of what is in it. */
export function withoutOwners(value: unknown): unknown {
  if (!isPlainObject(value)) return value
  const { metadata, items, rows } = value
  const changes: PlainObject = {}
  if (isPlainObject(metadata) && 'managedFields' in metadata) {
    const { managedFields: _, ...rest } = metadata
    changes.metadata = rest
  }
  if (Array.isArray(items)) changes.items = items.map(withoutOwners)
  if (Array.isArray(rows))
    changes.rows = rows.map(row =>
      isPlainObject(row) ? { ...row, object: withoutOwners(row.object) } : row,
    )
  return { ...value, ...changes }
}
