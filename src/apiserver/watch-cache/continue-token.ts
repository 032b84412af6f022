/** The opaque token of a page: where the list goes on, at which revision, of which resource. */
import { badRequest } from '#api/machinery/status.ts'

export interface ContinueToken {
  /** The revision of the first page; -1 goes on with whatever is there now (after a 410). */
  readonly revision: number
  /** The key after which the list goes on, without the resource's prefix. */
  readonly after: string
}

const INVALID = 'invalid continue token: continue key is not valid'
const VERSION = 'meta.k8s.io/v1'
/** Keys are at most two names and a slash; longer tokens are forged. */
const MAXIMUM_TOKEN_LENGTH = 2048

export function encodeContinue(prefix: string, token: ContinueToken): string {
  const { revision, after } = token
  return Buffer.from(
    JSON.stringify({ v: VERSION, rv: revision, start: `${after}\0`, of: prefix }),
  ).toString('base64url')
}

export function decodeContinue(prefix: string, text: string): ContinueToken {
  const token = text.length <= MAXIMUM_TOKEN_LENGTH ? parse(text) : undefined
  if (!token) throw badRequest(`${INVALID}: ${whyUnreadable(text)}`)
  const { v, rv, start, of } = token
  if (v !== VERSION)
    throw badRequest(
      `${INVALID}: server does not recognize this encoded version ${String(v ?? '')}`,
    )
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || (rv < 1 && rv !== -1))
    throw badRequest(`${INVALID}: incorrect encoded start resourceVersion (version ${VERSION})`)
  if (start === '') throw badRequest(`${INVALID}: encoded start key empty (version ${VERSION})`)
  if (of !== prefix) throw badRequest(`${INVALID}: it belongs to another resource`)
  if (typeof start !== 'string' || !start.endsWith('\0') || start.split('/').includes('..'))
    throw badRequest(`${INVALID}: ${String(start)}`)
  return { revision: rv, after: start.slice(0, -1) }
}

/** Where Go's decoder stops: at what is no such character, at a last one that is too few, or at what begins no JSON. */
function whyUnreadable(text: string): string {
  const at = text.search(/[^\w-]/)
  const illegal = at >= 0 ? at : text.length % 4 === 1 ? text.length - 1 : undefined
  if (illegal !== undefined) return `illegal base64 data at input byte ${illegal}`
  const first = Buffer.from(text, 'base64url')[0]
  if (first === undefined) return 'unexpected end of JSON input'
  return `invalid character '${quoted(first)}' looking for beginning of value`
}

/** A byte as Go shows a letter. */
function quoted(byte: number): string {
  const letter = String.fromCharCode(byte)
  if (/[\p{L}\p{N}\p{P}\p{S} ]/u.test(letter)) return letter
  const digits = byte.toString(16)
  return byte < 0x80 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
