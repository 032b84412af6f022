/** The opaque token of a page: where the list goes on, at which revision, of which resource. */
import { syntaxErrorOf } from '#api/machinery/json-syntax.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { jsonTypeOf } from '#api/machinery/scalars.ts'
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
  const { v, rv, start, of } = parse(text)
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

const isBase64 = (text: string) =>
  text.length <= MAXIMUM_TOKEN_LENGTH && /^[\w-]*$/.test(text) && text.length % 4 !== 1

/** Where Go's decoder stops: at what is no such character, or at the last ones that are too few. */
function firstIllegal(text: string): number {
  const at = text.search(/[^\w-]/)
  return at >= 0 ? at : text.length - (text.length % 4)
}

function parse(text: string): Record<string, unknown> {
  if (!isBase64(text))
    throw badRequest(`${INVALID}: illegal base64 data at input byte ${firstIllegal(text)}`)
  const bytes = Buffer.from(text, 'base64url')
  try {
    const value: unknown = JSON.parse(bytes.toString())
    if (isPlainObject(value)) return value
    if (value === null) return {}
    throw badRequest(
      `${INVALID}: json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type storage.continueToken`,
    )
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    throw badRequest(`${INVALID}: ${syntaxErrorOf(bytes)}`)
  }
}
