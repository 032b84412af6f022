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
  readonly outer: Level | undefined
  /** The key or index at which the level stands in the one around it. */
  readonly at: string
  /** The length of its path. */
  readonly length: number
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

/**
 * Both kinds of mistakes in the order in which they stand in the text, told as upstream tells them. What stands within an
 * unknown field is not looked at.
 */
export function fieldsInOrder(
  bytes: Uint8Array,
  unknown: readonly string[],
  duplicates: readonly string[],
): string[] {
  const isUnknown = new Set(unknown)
  const isDuplicate = new Set(duplicates)
  // Most keys are told apart by the length of their path alone, which costs nothing however deep they are.
  const lengths = new Set([...unknown, ...duplicates].map(path => path.length))
  const told = new Set<string>()
  eachKey(bytes, (level, isRepeated) => {
    if (!lengths.has(lengthOf(level, level.key))) return true
    const path = pathOf(level, level.key)
    if (isUnknown.has(path)) told.add(`unknown field ${JSON.stringify(path)}`)
    else if (isRepeated && isDuplicate.has(path) && !unknown.some(each => isWithin(path, each)))
      told.add(`duplicate field ${JSON.stringify(path)}`)
    return told.size < MAXIMUM_DUPLICATES
  })
  // Keys may be spelled so that they are not found again, as lone surrogates are.
  for (const path of unknown) told.add(`unknown field ${JSON.stringify(path)}`)
  return [...told].slice(0, MAXIMUM_DUPLICATES)
}

const isWithin = (path: string, outer: string) =>
  path.startsWith(outer) && (path[outer.length] === '.' || path[outer.length] === '[')

function findDuplicates(bytes: Uint8Array): string[] {
  const found = new Set<string>()
  eachKey(bytes, (level, isRepeated) => {
    if (isRepeated) found.add(pathOf(level, level.key))
    return found.size < MAXIMUM_DUPLICATES
  })
  return [...found]
}

/** Calls `see` at each key, with whether its object had it before, as long as it wants more. */
function eachKey(bytes: Uint8Array, see: (level: Level, isRepeated: boolean) => boolean): void {
  let level: Level | undefined
  let expectsKey = false
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE: {
        const end = endOfString(bytes, i)
        if (expectsKey && level?.keys) {
          level.key = textOf(bytes, i, end)
          const isRepeated = level.keys.has(level.key)
          if (!isRepeated) level.keys.add(level.key)
          if (!see(level, isRepeated)) return
          expectsKey = false
        }
        i = end
        break
      }
      case OPEN_BRACE:
      case OPEN_BRACKET: {
        const isObject: boolean = bytes[i] === OPEN_BRACE
        level = levelIn(level, isObject)
        expectsKey = isObject
        break
      }
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        level = level?.outer
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
}

function levelIn(outer: Level | undefined, isObject: boolean): Level {
  const at = placeIn(outer)
  return {
    keys: isObject ? new Set() : undefined,
    outer,
    at,
    length: outer === undefined ? 0 : lengthOf(outer, at),
    index: 0,
    key: '',
  }
}

const placeIn = (level: Level | undefined) =>
  level === undefined ? '' : level.keys ? level.key : `[${level.index}]`

function pathOf(level: Level, key: string): string {
  const parts = [key]
  for (let each: Level | undefined = level; each; each = each.outer) parts.push(each.at)
  return parts.reverse().reduce(joined, '')
}

const isIndex = (part: string) => part.startsWith('[')
const joined = (path: string, part: string) =>
  path === '' || isIndex(part) ? `${path}${part}` : `${path}.${part}`

const lengthOf = ({ length }: Level, part: string) =>
  length + part.length + (length === 0 || isIndex(part) ? 0 : 1)

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
