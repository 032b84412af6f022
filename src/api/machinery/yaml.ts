/**
 * YAML bodies, read as upstream reads them: YAML 1.1 words for true and false, but neither dates nor numbers in base
 * 60, so `12:30` and `2026-01-02` stay strings. Depth, aliases and the size that aliases expand to are bounded.
 */
import {
  boolYaml11Tag,
  CORE_SCHEMA,
  defineScalarTag,
  intYaml11Tag,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
} from 'js-yaml'
import { messageOf } from '#base/errors.ts'
import { isPlainObject, MAXIMUM_DEPTH, type PlainObject, setKey, tooDeep } from './plain.ts'
import { badRequest } from './status.ts'

/** More aliases than this make sense in no manifest; each can repeat a large part. */
const MAXIMUM_ALIASES = 1_000
/** A body of 3 MiB cannot hold more values than this without aliases. */
const MAXIMUM_EXPANDED_VALUES = 2_000_000

const intWithoutBase60 = defineScalarTag<unknown>(intYaml11Tag.tagName, {
  implicit: true,
  implicitFirstChars: intYaml11Tag.implicitFirstChars,
  resolve: (source, isExplicit, tagName) =>
    source.includes(':') ? NOT_RESOLVED : intYaml11Tag.resolve(source, isExplicit, tagName),
  identify: () => false,
})
const schema = CORE_SCHEMA.withTags(boolYaml11Tag, intWithoutBase60, mergeTag)

const decoder = new TextDecoder()

/** Parses the first document of a YAML text, null when there is none. Throws BadRequest. */
export function parseYaml(bytes: Uint8Array): unknown {
  const text = decoder.decode(bytes)
  let document: unknown
  try {
    // `json` takes the last of duplicate keys, as JSON.parse does.
    const options = { schema, json: true, maxDepth: MAXIMUM_DEPTH, maxAliases: MAXIMUM_ALIASES }
    document = loadAll(text, options)[0] ?? null
  } catch (thrown) {
    throw badRequest(`error converting YAML to JSON: yaml: ${messageOf(thrown)}`)
  }
  return text.includes('*') ? expanded(document, { left: MAXIMUM_EXPANDED_VALUES }, 0) : document
}

/** A tree without shared parts; aliases made the document a graph that may even contain itself. */
function expanded(value: unknown, budget: { left: number }, depth: number): unknown {
  if (budget.left-- <= 0) throw badRequest('error converting YAML to JSON: aliases expand too far')
  if (depth > MAXIMUM_DEPTH) throw tooDeep()
  if (Array.isArray(value)) return value.map(part => expanded(part, budget, depth + 1))
  if (!isPlainObject(value)) return value
  const copy: PlainObject = {}
  for (const key of Object.keys(value)) setKey(copy, key, expanded(value[key], budget, depth + 1))
  return copy
}
