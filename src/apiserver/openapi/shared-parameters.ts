/** Parameters that version 2 describes once for all operations that take them, where version 3 repeats them in each. */
import { createHash } from 'node:crypto'
import type { Json } from './schemas.ts'

/** A few letters tell apart what has the same name and means something else. */
const HASH_LENGTH = 8
/** Upstream repeats these nevertheless. */
const REPEATED = new Set(['dryRun', 'fieldValidation', 'name'])
const BODIES = /\.(Patch|DeleteOptions)$/

export class SharedParameters {
  readonly #references = new Map<string, Json>()
  readonly #named: Json = {}

  /** All that was referred to, by name. */
  get named(): Json {
    return Object.fromEntries(Object.entries(this.#named).sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** A reference to the parameter, or the parameter itself where it belongs to few operations. */
  refer(parameter: Json): Json {
    if (!isShared(parameter)) return parameter
    const text = JSON.stringify(parameter)
    const known = this.#references.get(text)
    if (known) return known
    const hash = createHash('sha256').update(text).digest('base64url').slice(0, HASH_LENGTH)
    const name = `${parameter.name}-${hash}`
    const reference = { $ref: `#/parameters/${name}` }
    this.#named[name] = parameter
    this.#references.set(text, reference)
    return reference
  }
}

function isShared({ name, schema }: Json): boolean {
  if (name === 'body') return BODIES.test(String((schema as Json).$ref))
  return !REPEATED.has(String(name))
}
