/**
 * Configuration files of an API server (apiserver.config.k8s.io and its like): versions and fields are judged strictly, and what is wrong is
 * told in the words of upstream's decoder, since that is what people search for.
 */
import { parseDuration } from '#api/machinery/duration.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { messageOf, UserError } from '#base/errors.ts'

/** What may stand somewhere. Structs carry the names that Go has for them, for messages tell those. */
export type Shape =
  | 'text'
  | 'bool'
  | 'integer'
  | 'duration'
  /** A file within the file, for somebody else to judge. */
  | 'any'
  | { readonly list: Shape }
  | { readonly struct: string; readonly fields: Readonly<Record<string, Shape>> }

export const list = (of: Shape): Shape => ({ list: of })
export const struct = (name: string, fields: Readonly<Record<string, Shape>>): Shape => ({
  struct: name,
  fields,
})

export interface FileKind {
  /** With what they know of each other, in this order; the last one is what it is called within upstream. */
  readonly versions: readonly string[]
  readonly kind: string
  /** All kinds that upstream knows in those versions. */
  readonly others?: readonly string[]
  readonly fields: Readonly<Record<string, Shape>>
}

/** The values as they are written, of which only the form is known. Throws a UserError without the name of the file. */
export function decodeConfiguration(bytes: Uint8Array, file: FileKind): Record<string, unknown> {
  const value = parsed(bytes)
  return decodeValue(value, file)
}

export function decodeValue(value: unknown, file: FileKind): Record<string, unknown> {
  if (!isPlainObject(value)) throw new UserError(`couldn't get version/kind; ${NO_OBJECT(value)}`)
  const { apiVersion = '', kind = '' } = value
  if (kind === '') throw new UserError(`Object 'Kind' is missing in '${JSON.stringify(value)}'`)
  if (apiVersion === '')
    throw new UserError(`Object 'apiVersion' is missing in '${JSON.stringify(value)}'`)
  const isKnown = file.versions.includes(String(apiVersion))
  if (isKnown && file.others?.includes(String(kind)))
    throw new UserError(`expected ${file.kind}, got *apiserver.${kind}`)
  if (!isKnown || kind !== file.kind)
    throw new UserError(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`,
    )
  const whole: Shape = {
    struct: file.kind,
    fields: { apiVersion: 'text', kind: 'text', ...file.fields },
  }
  refuseTypes(value, whole, { struct: file.kind, path: '', package: packageOf(String(apiVersion)) })
  const strangers = strangersIn(value, whole, '')
  if (strangers.length > 0)
    throw new UserError(
      `strict decoding error: ${strangers.map(each => `unknown field ${JSON.stringify(each)}`).join(', ')}`,
    )
  return value
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseYaml(bytes)
  } catch (error) {
    throw new UserError(messageOf(error))
  }
}

const NO_OBJECT = (value: unknown) =>
  `json parse error: json: cannot unmarshal ${nameOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`

/** Go's packages are called after versions. */
const packageOf = (apiVersion: string) => apiVersion.split('/').at(-1) ?? ''

interface Place {
  readonly struct: string
  readonly path: string
  readonly package: string
}

function refuseTypes(value: unknown, shape: Shape, place: Place): void {
  if (value === null || value === undefined || shape === 'any') return
  const wrong = () =>
    new UserError(
      `json: cannot unmarshal ${nameOf(value)} into Go struct field ${place.struct}.${place.path} of type ${goTypeOf(shape, place)}`,
    )
  if (typeof shape === 'string') {
    if (typeof value !== WANTED[shape]) throw wrong()
    if (shape === 'integer' && !Number.isSafeInteger(value)) throw wrong()
    if (shape === 'duration') refuseDuration(String(value))
  } else if ('list' in shape) {
    if (!Array.isArray(value)) throw wrong()
    for (const each of value) refuseTypes(each, shape.list, place)
  } else {
    if (!isPlainObject(value)) throw wrong()
    for (const [name, part] of Object.entries(value)) {
      const known = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
      const path = place.path === '' ? name : `${place.path}.${name}`
      if (known) refuseTypes(part, known, { ...place, struct: shape.struct, path })
    }
  }
}

const WANTED = { text: 'string', bool: 'boolean', integer: 'number', duration: 'string' } as const
const GO_TYPES = { text: 'string', bool: 'bool', integer: 'int32', duration: 'string' } as const

function goTypeOf(shape: Shape, place: Place): string {
  if (shape === 'any') return 'interface {}'
  if (typeof shape === 'string') return GO_TYPES[shape]
  if ('list' in shape) return `[]${goTypeOf(shape.list, place)}`
  return `${place.package}.${shape.struct}`
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function refuseDuration(text: string): void {
  try {
    parseDuration(text)
  } catch {
    const shown = JSON.stringify(text)
    const [, unit] = /^[+-]?(?:\d+(?:\.\d*)?[a-zµ]+)*?\d+(?:\.\d*)?([^\d.]*)/.exec(text) ?? []
    if (unit === undefined) throw new UserError(`time: invalid duration ${shown}`)
    throw new UserError(
      unit === ''
        ? `time: missing unit in duration ${shown}`
        : `time: unknown unit ${JSON.stringify(unit)} in duration ${shown}`,
    )
  }
}

function strangersIn(value: unknown, shape: Shape, at: string): string[] {
  if (typeof shape === 'string') return []
  if ('list' in shape)
    return Array.isArray(value)
      ? value.flatMap((each, i) => strangersIn(each, shape.list, `${at}[${i}]`))
      : []
  if (!isPlainObject(value)) return []
  return Object.entries(value).flatMap(([name, part]) => {
    const path = at === '' ? name : `${at}.${name}`
    const known = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
    return known === undefined ? [path] : strangersIn(part, known, path)
  })
}
