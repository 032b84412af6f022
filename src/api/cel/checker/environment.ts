/** What an expression knows: variables, types by their names with their fields, and functions. */
import { OF_THE_LANGUAGE } from './functions.ts'
import { OF_LIBRARIES, OF_MUTATIONS } from './libraries.ts'
import { type Functions, functionsOf, typeNamed } from './signatures.ts'
import {
  ANY,
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  struct,
  TIMESTAMP,
  TYPE,
  type Type,
  typeOf,
  UINT,
  wrapper,
} from './types.ts'

/** The type of a field, where there is one. */
export type Fields = (name: string) => Type | undefined

/** The fields of structs by their names; undefined for what is none. */
export type Structs = (name: string) => Fields | undefined

export interface Environment {
  readonly variables: ReadonlyMap<string, Type>
  readonly functions: Functions
  readonly fieldsOf: Structs
}

export const fieldsFrom =
  (types: Readonly<Record<string, Type>>): Fields =>
  name =>
    Object.hasOwn(types, name) ? types[name] : undefined

const DYNAMIC = mapOf(STRING, DYN)

/** The messages that every expression may speak of, with what they are to it. */
const MESSAGES: Readonly<Record<string, readonly [type: Type, fields: Record<string, Type>]>> = {
  Any: [ANY, { type_url: STRING, value: BYTES }],
  BoolValue: [wrapper(BOOL), { value: BOOL }],
  BytesValue: [wrapper(BYTES), { value: BYTES }],
  DoubleValue: [wrapper(DOUBLE), { value: DOUBLE }],
  FloatValue: [wrapper(DOUBLE), { value: DOUBLE }],
  Int32Value: [wrapper(INT), { value: INT }],
  Int64Value: [wrapper(INT), { value: INT }],
  StringValue: [wrapper(STRING), { value: STRING }],
  UInt32Value: [wrapper(UINT), { value: UINT }],
  UInt64Value: [wrapper(UINT), { value: UINT }],
  Duration: [DURATION, { seconds: INT, nanos: INT }],
  Timestamp: [TIMESTAMP, { seconds: INT, nanos: INT }],
  Empty: [struct('google.protobuf.Empty'), {}],
  ListValue: [listOf(DYN), { values: listOf(DYN) }],
  Struct: [DYNAMIC, { fields: DYNAMIC }],
  Value: [
    DYN,
    {
      null_value: NULL,
      number_value: DOUBLE,
      string_value: STRING,
      bool_value: BOOL,
      struct_value: DYNAMIC,
      list_value: listOf(DYN),
    },
  ],
}
const PACKAGE = 'google.protobuf.'

const TYPES: Readonly<Record<string, Type>> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  duration: DURATION,
  int: INT,
  list: listOf(DYN),
  map: mapOf(DYN, DYN),
  null_type: NULL,
  optional_type: optionalOf(DYN),
  string: STRING,
  timestamp: TIMESTAMP,
  uint: UINT,
  'net.IP': typeNamed('net.IP'),
  'net.CIDR': typeNamed('net.CIDR'),
}

const GLOBAL: ReadonlyMap<string, Type> = new Map([
  ['type', typeOf(TYPE)],
  ...Object.entries(TYPES).map(([name, type]) => [name, typeOf(type)] as const),
  ...Object.entries(MESSAGES).map(([name, [type]]) => [`${PACKAGE}${name}`, typeOf(type)] as const),
  [`${PACKAGE}NullValue.NULL_VALUE`, INT],
])

const messageFields = (name: string): Fields | undefined => {
  const short = name.startsWith(PACKAGE) ? name.slice(PACKAGE.length) : ''
  return Object.hasOwn(MESSAGES, short) ? fieldsFrom(MESSAGES[short]?.[1] ?? {}) : undefined
}

let functions: Functions | undefined
let withPatches: Functions | undefined

export interface Declared {
  readonly variables?: Iterable<readonly [name: string, type: Type]>
  readonly structs?: Structs
  /** Objects and patches can be made. */
  readonly isMutating?: boolean
}

export function environmentOf({
  variables = [],
  structs,
  isMutating = false,
}: Declared): Environment {
  functions ??= functionsOf(OF_THE_LANGUAGE, ...OF_LIBRARIES)
  if (isMutating) withPatches ??= functionsOf(OF_THE_LANGUAGE, ...OF_LIBRARIES, OF_MUTATIONS)
  return {
    variables: new Map([...GLOBAL, ...variables]),
    functions: (isMutating ? withPatches : functions) as Functions,
    fieldsOf: name =>
      structs?.(name) ?? (isMutating ? made(name) : undefined) ?? messageFields(name),
  }
}

const PATCH = fieldsFrom({ op: STRING, path: STRING, from: STRING, value: DYN })

/** `Object` and its parts have whatever fields somebody gives them. */
function made(name: string): Fields | undefined {
  if (name === 'JSONPatch') return PATCH
  if (name !== 'Object' && !name.startsWith('Object.')) return undefined
  return () => DYN
}

/** The type of what a name stands for. Names of structs stand for their types. */
export function typeOfName(environment: Environment, name: string): Type | undefined {
  const plain = name.startsWith('.') ? name.slice(1) : name
  const known = environment.variables.get(plain)
  if (known) return known
  return environment.fieldsOf(plain) ? typeOf(struct(plain)) : undefined
}
