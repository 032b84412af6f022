/** Finds in the bytes of a JSON text what JSON.parse hides: keys that occur twice in one object. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Duplicates are told up to this number, as upstream does; more help nobody. */
const MAXIMUM_DUPLICATES = 100

/** The index of the closing quote of the string that opens at `start`, or beyond the end when it never closes. */
export function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1
  for (;;) {
    const byte = bytes[i]
    if (byte === QUOTE || byte === undefined) return i
    i += byte === BACKSLASH ? 2 : 1
  }
}

interface Level {
  /** Undefined for lists. */
  readonly keys: Set<string> | undefined
  /** The key or index at which the level stands in the one around it. */
  readonly at: string
  index: number
  key: string
}

const decoder = new TextDecoder()

/**
 * The paths of keys that occur again in their object, such as `spec.containers[0].name`, each once. The bytes must
 * have passed `parseJson`. With its result at hand, bodies without duplicates, nearly all, are told by counting.
 */
export function duplicateFields(bytes: Uint8Array, parsed?: unknown): string[] {
  if (parsed !== undefined && countKeys(parsed) === countColons(bytes)) return []
  return findDuplicates(bytes)
}

/** As many as there are keys in the text. */
function countColons(bytes: Uint8Array): number {
  let colons = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) i = endOfString(bytes, i)
    else if (byte === COLON) colons++
  }
  return colons
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let keys = 0
  if (Array.isArray(value)) for (const part of value) keys += countKeys(part)
  else for (const key in value) keys += 1 + countKeys((value as Record<string, unknown>)[key])
  return keys
}

function findDuplicates(bytes: Uint8Array): string[] {
  const found = new Set<string>()
  const levels: Level[] = []
  let level: Level | undefined
  let expectsKey = false
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE: {
        const end = endOfString(bytes, i)
        if (expectsKey && level?.keys) {
          level.key = textOf(bytes, i, end)
          if (level.keys.has(level.key)) found.add(pathOf(levels))
          else level.keys.add(level.key)
          if (found.size >= MAXIMUM_DUPLICATES) return [...found]
          expectsKey = false
        }
        i = end
        break
      }
      case OPEN_BRACE:
      case OPEN_BRACKET: {
        const isObject: boolean = bytes[i] === OPEN_BRACE
        level = { keys: isObject ? new Set() : undefined, at: placeIn(level), index: 0, key: '' }
        levels.push(level)
        expectsKey = isObject
        break
      }
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        levels.pop()
        level = levels.at(-1)
        expectsKey = false
        break
      case COMMA:
        if (level) level.index++
        expectsKey = level?.keys !== undefined
        break
      case COLON:
        expectsKey = false
        break
    }
  }
  return [...found]
}

const placeIn = (level: Level | undefined) =>
  level === undefined ? '' : level.keys ? level.key : `[${level.index}]`

function pathOf(levels: readonly Level[]): string {
  let path = ''
  for (const { at } of levels) path = joined(path, at)
  return joined(path, levels.at(-1)?.key ?? '')
}
const joined = (path: string, part: string) =>
  path === '' || part.startsWith('[') ? `${path}${part}` : `${path}.${part}`

/** The string between two quotes, its escapes resolved. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start + 1; i < end; i++) {
    const byte = bytes[i] ?? 0
    // Keys are short and nearly always plain ASCII.
    if (byte === BACKSLASH || byte >= 0x80)
      return JSON.parse(decoder.decode(bytes.subarray(start, end + 1)))
    text += String.fromCharCode(byte)
  }
  return text
}
