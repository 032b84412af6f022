/** The functions and operators of the language itself. */

const NUMBERS = ['int', 'uint', 'double']
const ORDERED = ['bool', 'string', 'bytes', 'timestamp', 'duration']

const alike = (types: readonly string[], result?: string) =>
  types.map(type => `${type}, ${type} -> ${result ?? type}`)

/** Numbers are compared whatever they are. */
const COMPARED = [
  ...alike(ORDERED, 'bool'),
  ...NUMBERS.flatMap(one => NUMBERS.map(other => `${one}, ${other} -> bool`)),
]
const from = (result: string, ...types: readonly string[]) =>
  types.map(type => `${type} -> ${result}`)

const OF_TIMES = ['timestamp | -> int', 'timestamp | string -> int']
const OF_SPANS = [...OF_TIMES, 'duration | -> int']
const SIZED = ['bytes', 'list<A>', 'map<A, B>', 'string']

export const OF_THE_LANGUAGE: Readonly<Record<string, readonly string[]>> = {
  '_?_:_': ['bool, A, A -> A'],
  '_&&_': ['bool, bool -> bool'],
  '_||_': ['bool, bool -> bool'],
  '!_': ['bool -> bool'],
  '@not_strictly_false': ['bool -> bool'],
  '_==_': ['A, A -> bool'],
  '_!=_': ['A, A -> bool'],
  '_+_': [
    ...alike(['bytes', 'double', 'duration']),
    'duration, timestamp -> timestamp',
    'timestamp, duration -> timestamp',
    ...alike(['int', 'list<A>', 'string', 'uint']),
  ],
  '_-_': [
    ...alike(['double', 'duration', 'int']),
    'timestamp, duration -> timestamp',
    'timestamp, timestamp -> duration',
    ...alike(['uint']),
  ],
  '_*_': alike(['double', 'int', 'uint']),
  '_/_': alike(['double', 'int', 'uint']),
  '_%_': alike(['int', 'uint']),
  '-_': ['double -> double', 'int -> int'],
  '_<_': COMPARED,
  '_<=_': COMPARED,
  '_>_': COMPARED,
  '_>=_': COMPARED,
  '_[_]': [
    'list<A>, int -> A',
    'map<A, B>, A -> B',
    'optional<list<V>>, int -> optional<V>',
    'optional<map<K, V>>, K -> optional<V>',
  ],
  '_[?_]': [
    'list<V>, int -> optional<V>',
    'optional<list<V>>, int -> optional<V>',
    'map<K, V>, K -> optional<V>',
    'optional<map<K, V>>, K -> optional<V>',
  ],
  '@in': ['A, list<A> -> bool', 'A, map<A, B> -> bool'],
  size: SIZED.flatMap(type => [`${type} -> int`, `${type} | -> int`]),
  type: ['A -> type<A>'],
  bool: from('bool', 'bool', 'string'),
  bytes: from('bytes', 'bytes', 'string'),
  double: from('double', 'double', 'int', 'string', 'uint'),
  duration: from('duration', 'duration', 'int', 'string'),
  dyn: ['A -> dyn'],
  int: from('int', 'int', 'double', 'duration', 'string', 'timestamp', 'uint'),
  string: from(
    'string',
    'string',
    'bool',
    'bytes',
    'double',
    'duration',
    'int',
    'timestamp',
    'uint',
  ),
  timestamp: from('timestamp', 'timestamp', 'int', 'string'),
  uint: from('uint', 'uint', 'double', 'int', 'string'),
  contains: ['string | string -> bool'],
  endsWith: ['string | string -> bool'],
  startsWith: ['string | string -> bool'],
  matches: ['string, string -> bool', 'string | string -> bool'],
  getFullYear: OF_TIMES,
  getMonth: OF_TIMES,
  getDayOfYear: OF_TIMES,
  getDayOfMonth: OF_TIMES,
  getDate: OF_TIMES,
  getDayOfWeek: OF_TIMES,
  getHours: OF_SPANS,
  getMinutes: OF_SPANS,
  getSeconds: OF_SPANS,
  getMilliseconds: OF_SPANS,
}
