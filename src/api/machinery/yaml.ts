/**
 * YAML bodies, read as upstream reads them: YAML 1.1 words for true and false, but neither dates nor numbers in base
 * 60, so `12:30` and `2026-01-02` stay strings. Depth, aliases and the size that aliases expand to are bounded.
 */
import {
  boolYaml11Tag,
  CORE_SCHEMA,
  constructFromEvents,
  defineScalarTag,
  intYaml11Tag,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
} from 'js-yaml'
import { messageOf } from '#base/errors.ts'
import { exactNumber, NO_JSON } from './exact-json.ts'
import {
  isPlainObject,
  MAXIMUM_DEPTH,
  MAXIMUM_VALUES,
  type PlainObject,
  setKey,
  tooDeep,
  tooManyValues,
} from './plain.ts'
import { badRequest, StatusError } from './status.ts'
import { foldBreaksInQuotes } from './yaml-breaks.ts'
import { repeatedKeys } from './yaml-keys.ts'

/**
 * Parsing takes some two microseconds a line, in which nobody else is served. Texts of 1 MiB, the most that objects hold,
 * have fewer.
 */
const MAXIMUM_LINES = 200_000
/** More aliases than this make sense in no manifest; each can repeat a large part. */
const MAXIMUM_ALIASES = 1_000

const intWithoutBase60 = defineScalarTag<unknown>(intYaml11Tag.tagName, {
  implicit: true,
  implicitFirstChars: intYaml11Tag.implicitFirstChars,
  resolve(source, isExplicit, tagName) {
    if (source.includes(':')) return NOT_RESOLVED
    const octal = /^([-+]?)0[oO]([0-7_]+)$/.exec(source)
    if (octal) return Number.parseInt(`${octal[1]}${octal[2]?.replaceAll('_', '')}`, 8)
    const value = intYaml11Tag.resolve(source, isExplicit, tagName)
    return typeof value === 'number' ? exactNumber(source.replace(/[+_]/g, ''), value) : value
  },
  identify: () => false,
})
const schema = CORE_SCHEMA.withTags(boolYaml11Tag, intWithoutBase60, mergeTag)
/** Unlike JSON, malformed UTF-8 is an error here. */
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Parses the first document of a YAML text, null when there is none. Throws BadRequest. */
export function parseYaml(bytes: Uint8Array): unknown {
  return readYaml(bytes).value
}

export interface YamlDocument {
  readonly value: unknown
  /** `line 4: key "a" already set in map` for each key that a mapping has again; the last value counts. */
  readonly repeated: readonly string[]
}

/** The same, and which keys stand in it twice. */
export function readYaml(bytes: Uint8Array): YamlDocument {
  const sent = textOf(bytes)
  // First of all: to fold takes a look at the whole text, too.
  checkLines(sent)
  const text = foldBreaksInQuotes(sent, MAXIMUM_DEPTH)
  let document: unknown
  let repeated: readonly string[]
  try {
    const events = parseEvents(text, { maxDepth: MAXIMUM_DEPTH })
    repeated = repeatedKeys(events, text)
    // `json` takes the last of duplicate keys, as JSON.parse does.
    const options = { source: text, schema, json: true, maxAliases: MAXIMUM_ALIASES }
    document = constructFromEvents(events, options)[0] ?? null
  } catch (thrown) {
    throw badRequest(`error converting YAML to JSON: yaml: ${messageOf(thrown)}`)
  }
  const tooMany = text.includes('*')
    ? badRequest('error converting YAML to JSON: yaml: document contains excessive aliasing')
    : tooManyValues()
  return { value: expanded(document, { left: MAXIMUM_VALUES, tooMany }, 0), repeated }
}

function textOf(bytes: Uint8Array): string {
  try {
    return firstDocument(decoder.decode(bytes))
  } catch {
    throw badRequest('error converting YAML to JSON: yaml: invalid leading UTF-8 octet')
  }
}

/** Nobody reads those behind it, and parsing a hundred thousand of them takes a second. */
function firstDocument(text: string): string {
  const markers = text.matchAll(/^(?:---|\.\.\.)(?=\s|$)/gm)
  const first = markers.next().value?.index ?? text.length
  // Comments and directives are no document yet: then the first marker opens one, and the next ends it.
  const isDocument = /^[ \t]*[^\s#%]/m.test(text.slice(0, first))
  return text.slice(0, isDocument ? first : (markers.next().value?.index ?? text.length))
}

function checkLines(text: string): void {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  if (lines > MAXIMUM_LINES)
    throw new StatusError(
      'RequestEntityTooLarge',
      `Request entity too large: it has more than ${MAXIMUM_LINES} lines of YAML`,
    )
}

interface Budget {
  left: number
  readonly tooMany: Error
}

/** A tree without shared parts, as JSON can hold it; aliases made the document a graph that may even contain itself. */
function expanded(value: unknown, budget: Budget, depth: number): unknown {
  if (budget.left-- <= 0) throw budget.tooMany
  if (depth > MAXIMUM_DEPTH) throw tooDeep()
  if (Array.isArray(value)) return value.map(part => expanded(part, budget, depth + 1))
  if (typeof value === 'number' && !Number.isFinite(value))
    throw badRequest(`${NO_JSON}${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`)
  if (typeof value === 'number' || typeof value === 'bigint') return asInJson(value)
  if (!isPlainObject(value)) return value
  const copy: PlainObject = {}
  for (const key of Object.keys(value)) setKey(copy, key, expanded(value[key], budget, depth + 1))
  return copy
}

const LEAST_INT64 = -(2n ** 63n)
const LARGEST_UINT64 = 2n ** 64n - 1n

/** Upstream makes JSON of it: what no 64 bits hold is a float by then, and floats that are whole are written as whole numbers, the largest apart. */
function asInJson(value: number | bigint): number | bigint {
  if (Number.isSafeInteger(value)) return value
  if (typeof value === 'bigint' && value >= LEAST_INT64 && value <= LARGEST_UINT64) return value
  const text = String(Number(value))
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(value)
}
