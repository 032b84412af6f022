/** Types of expressions, and how they are shown. */

export type Kind =
  | 'dyn'
  | 'any'
  | 'error'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'duration'
  | 'timestamp'
  | 'list'
  | 'map'
  | 'type'
  | 'struct'
  | 'opaque'
  | 'variable'

export interface Type {
  readonly kind: Kind
  readonly name: string
  readonly parameters: readonly Type[]
  /** Of what is nullable besides what always is. */
  readonly isWrapper?: boolean
}

const plain = (kind: Kind, name: string = kind): Type => ({ kind, name, parameters: [] })

export const DYN = plain('dyn')
export const ANY = plain('any', 'google.protobuf.Any')
export const ERROR = plain('error', '*error*')
export const NULL = plain('null', 'null_type')
export const BOOL = plain('bool')
export const INT = plain('int')
export const UINT = plain('uint')
export const DOUBLE = plain('double')
export const STRING = plain('string')
export const BYTES = plain('bytes')
export const DURATION = plain('duration', 'google.protobuf.Duration')
export const TIMESTAMP = plain('timestamp', 'google.protobuf.Timestamp')
/** Of a type of which nobody says more. */
export const TYPE = plain('type')

export const listOf = (item: Type): Type => ({ kind: 'list', name: 'list', parameters: [item] })
export const mapOf = (key: Type, value: Type): Type => ({
  kind: 'map',
  name: 'map',
  parameters: [key, value],
})
export const optionalOf = (type: Type): Type => ({
  kind: 'opaque',
  name: 'optional_type',
  parameters: [type],
})
export const typeOf = (type: Type): Type => ({ kind: 'type', name: 'type', parameters: [type] })
export const struct = (name: string): Type => plain('struct', name)
export const opaque = (name: string): Type => plain('opaque', name)
export const variable = (name: string): Type => plain('variable', name)
export const wrapper = (type: Type): Type => ({ ...type, isWrapper: true })

export const isUnknown = ({ kind }: Type): boolean => kind === 'dyn' || kind === 'any'

/** What may be there or not, as what it is where it is there. */
export function withoutOptional(type: Type): { readonly type: Type; readonly isOptional: boolean } {
  const [inner] = type.parameters
  const isOptional = type.kind === 'opaque' && type.name === 'optional_type'
  return isOptional && inner ? { type: inner, isOptional } : { type, isOptional: false }
}

/** Names of variables count where they are not to be `alike` only. */
export function isSameType(one: Type, other: Type, alike = false): boolean {
  if (one === other) return true
  if (one.kind !== other.kind || one.parameters.length !== other.parameters.length) return false
  if (one.name !== other.name && !(alike && one.kind === 'variable')) return false
  return one.parameters.every((each, at) => isSameType(each, other.parameters[at] as Type, alike))
}

const SHORT: Partial<Record<Kind, string>> = {
  any: 'any',
  duration: 'duration',
  error: '!error!',
  null: 'null',
  timestamp: 'timestamp',
}

const declaredName = ({ name, isWrapper }: Type) => (isWrapper ? `wrapper(${name})` : name)

/** As it is shown in what is wrong. */
export function shownType(type: Type): string {
  const short = SHORT[type.kind]
  if (short !== undefined) return short
  if (type.parameters.length === 0) return declaredName(type)
  return `${type.name}(${type.parameters.map(shownType).join(', ')})`
}

/** As it is shown where the whole expression has a wrong one. */
export function typeText(type: Type): string {
  if (type.kind === 'variable') return `<${type.name}>`
  if (type.parameters.length === 0) return declaredName(type)
  return `${declaredName(type)}(${type.parameters.map(typeText).join(', ')})`
}
