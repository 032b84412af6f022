/** How functions are declared: `'string | int, int -> string'` is a method of texts with two numbers. */
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
  opaque,
  optionalOf,
  STRING,
  struct,
  TIMESTAMP,
  type Type,
  typeOf,
  UINT,
  variable,
} from './types.ts'

export interface Overload {
  readonly isMethod: boolean
  /** With the one that it is called upon first. */
  readonly args: readonly Type[]
  readonly result: Type
  /** The variables in it. */
  readonly variables: readonly string[]
}

export type Functions = ReadonlyMap<string, readonly Overload[]>

const PLAIN: Readonly<Record<string, Type>> = {
  any: ANY,
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  duration: DURATION,
  dyn: DYN,
  int: INT,
  null: NULL,
  string: STRING,
  timestamp: TIMESTAMP,
  uint: UINT,
  'net.IP': opaque('net.IP'),
  'net.CIDR': opaque('net.CIDR'),
}

/** `list<map<string, A>>`; names with a dot are those of structs. */
export function typeNamed(text: string): Type {
  const [, name = '', inner = ''] = /^\s*([\w.]+)(?:<(.*)>)?\s*$/.exec(text) ?? []
  const [first = DYN, second = DYN] = inner === '' ? [] : typesIn(inner)
  if (name === 'list') return listOf(first)
  if (name === 'map') return mapOf(first, second)
  if (name === 'optional') return optionalOf(first)
  if (name === 'type') return typeOf(first)
  return PLAIN[name] ?? (/^[A-Z]$/.test(name) ? variable(name) : struct(name))
}

/** Commas within brackets divide nothing. */
const typesIn = (text: string): Type[] =>
  text.trim() === '' ? [] : text.split(/,(?![^<]*>)/).map(typeNamed)

function overloadOf(text: string): Overload {
  const [left = '', result = ''] = text.split('->')
  const [target, rest] = left.includes('|') ? left.split('|') : [undefined, left]
  const args = [...(target === undefined ? [] : [typeNamed(target)]), ...typesIn(rest ?? '')]
  const variables = new Set(text.match(/\b[A-Z]\b(?!\.)/g))
  return {
    isMethod: target !== undefined,
    args,
    result: typeNamed(result),
    variables: [...variables],
  }
}

export function functionsOf(
  ...tables: readonly Readonly<Record<string, readonly string[]>>[]
): Functions {
  const functions = new Map<string, Overload[]>()
  for (const table of tables)
    for (const [name, overloads] of Object.entries(table))
      functions.set(name, [...(functions.get(name) ?? []), ...overloads.map(overloadOf)])
  return functions
}
