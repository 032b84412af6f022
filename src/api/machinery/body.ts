/**
 * Request bodies as bytes: JSON and YAML within bounds. V8 parses millions of nested brackets, but all that comes
 * after would run out of stack, so depth is counted before anything is parsed.
 */
import { hasLongNumber, type Keeping, parseDecoded } from './exact-json.ts'
import { endOfString } from './json-scan.ts'
import { syntaxErrorOf } from './json-syntax.ts'
import { MAXIMUM_DEPTH, MAXIMUM_VALUES, tooDeep, tooManyValues } from './plain.ts'
import { badRequest } from './status.ts'

export { duplicateFields } from './json-scan.ts'

/** Parses a JSON body. Throws BadRequest when it is no JSON or nests too deep, and RequestEntityTooLarge for too many values. */
export function parseJson(bytes: Uint8Array, keeping?: Keeping): unknown {
  const isOdd = hasLongNumber(bytes, keeping)
  checkBounds(bytes)
  try {
    return parseDecoded(bytes, isOdd, keeping)
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    throw badRequest(`couldn't get version/kind; json parse error: ${syntaxErrorOf(bytes)}`)
  }
}

const QUOTE = 0x22
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** The bit in which `{` differs from `[`, and `}` from `]`. */
const BRACE_BIT = 0x20
const COMMA = 0x2c

function checkBounds(bytes: Uint8Array): void {
  // Smaller bodies cannot hold so many brackets.
  if (bytes.length <= MAXIMUM_DEPTH) return
  let depth = 0
  let values = 1
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte === QUOTE) i = endOfString(bytes, i)
    else if ((byte | BRACE_BIT) === OPEN_BRACE) {
      if (++depth > MAXIMUM_DEPTH) throw tooDeep()
      values++
    } else if ((byte | BRACE_BIT) === CLOSE_BRACE) depth--
    else if (byte === COMMA) values++
  }
  if (values > MAXIMUM_VALUES) throw tooManyValues()
}
