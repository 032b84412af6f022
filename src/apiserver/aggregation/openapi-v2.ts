/**
 * The one OpenAPI v2 document of everything: what other servers say of their versions is added to our own. Where two mean different
 * things by one name, the later gets another name.
 */
import { isPlainObject } from '#api/machinery/plain.ts'
import { type Document, hashOfBytes, toJson } from '../openapi/openapi.ts'
import { encodeOpenApi } from '../openapi/openapi-protobuf.ts'
import { isEqual } from '../resources/equal.ts'
import type { Remotes, RemoteVersion } from './remotes.ts'

type Json = Record<string, unknown>

interface Merged {
  readonly json: Document
  readonly protobuf: () => Document
}

interface Made {
  readonly revision: number
  readonly own: Document
  readonly merged: Merged
}

const made = new WeakMap<Remotes, Made>()

/** Made anew when something new is known of our own kinds or of other servers. */
export function mergedOpenApi(remotes: Remotes, own: Document): Merged {
  const known = made.get(remotes)
  if (known?.revision === remotes.revision && known.own === own) return known.merged
  const document = JSON.parse(Buffer.from(own.bytes).toString()) as Json
  for (const remote of remotes) add(document, remote)
  let protobuf: Document | undefined
  const merged = {
    json: documentOf(toJson(document)),
    protobuf: () => {
      protobuf ??= documentOf(encodeOpenApi(document))
      return protobuf
    },
  }
  made.set(remotes, { revision: remotes.revision, own, merged })
  return merged
}

const documentOf = (bytes: Uint8Array): Document => ({ bytes, hash: hashOfBytes(bytes) })

const PREFIX = '#/definitions/'

function add(document: Json, { group, version, openApiV2 }: RemoteVersion): void {
  const at = group === '' ? `/api/${version}/` : `/apis/${group}/${version}/`
  const paths = partOf(document, 'paths')
  for (const path of Object.keys(paths)) if (path.startsWith(at)) delete paths[path]
  if (!openApiV2) return
  const parameters = partOf(openApiV2, 'parameters')
  const given = Object.entries(partOf(openApiV2, 'paths'))
    .filter(([path]) => path.startsWith(at))
    .map(([path, operations]) => [path, withParameters(operations, parameters)] as const)
  const theirs = partOf(openApiV2, 'definitions')
  const names = namesFor(reachable(given, theirs), partOf(document, 'definitions'), theirs)
  const definitions = partOf(document, 'definitions')
  for (const [name, own] of names) definitions[own] = renamed(theirs[name], names)
  for (const [path, operations] of given) paths[path] = renamed(operations, names)
}

/** Parameters that stand once for many paths of theirs stand in each of them here, where another may have their names. */
function withParameters(value: unknown, parameters: Json): unknown {
  if (Array.isArray(value)) return value.map(item => withParameters(item, parameters))
  if (!isPlainObject(value)) return value
  const { $ref } = value
  if (typeof $ref === 'string' && $ref.startsWith(PARAMETERS))
    return parameters[$ref.slice(PARAMETERS.length)] ?? value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, withParameters(part, parameters)]),
  )
}
const PARAMETERS = '#/parameters/'

const partOf = (document: Readonly<Json>, name: string): Json =>
  isPlainObject(document[name]) ? document[name] : {}

/** All definitions that these lead to. */
function reachable(from: unknown, definitions: Json): Set<string> {
  const found = new Set<string>()
  const waiting: unknown[] = [from]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop())
    visitRefs(value, name => {
      if (found.has(name) || !Object.hasOwn(definitions, name)) return
      found.add(name)
      waiting.push(definitions[name])
    })
  return found
}

function visitRefs(value: unknown, visit: (name: string) => void): void {
  if (Array.isArray(value)) for (const item of value) visitRefs(item, visit)
  else if (isPlainObject(value))
    for (const [key, part] of Object.entries(value))
      if (key === '$ref' && typeof part === 'string' && part.startsWith(PREFIX))
        visit(part.slice(PREFIX.length))
      else visitRefs(part, visit)
}

function namesFor(wanted: Iterable<string>, own: Json, theirs: Json): Map<string, string> {
  const names = new Map<string, string>()
  for (const name of wanted) {
    let free = name
    for (let number = 2; Object.hasOwn(own, free) && !isEqual(own[free], theirs[name]); number++)
      free = `${name}_v${number}`
    names.set(name, free)
  }
  return names
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map(item => renamed(item, names))
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      if (key !== '$ref' || typeof part !== 'string') return [key, renamed(part, names)]
      const name = part.slice(PREFIX.length)
      return [key, part.startsWith(PREFIX) ? PREFIX + (names.get(name) ?? name) : part]
    }),
  )
}
