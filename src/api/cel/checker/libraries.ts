/** The functions that libraries add: those of the language, and those of Kubernetes. */

type Table = Readonly<Record<string, readonly string[]>>

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes']
const SUMMABLE = ['int', 'uint', 'double', 'duration']

const ofLists = (types: readonly string[], result?: string) =>
  types.map(type => `list<${type}> | -> ${result ?? type}`)
const all = (names: readonly string[], ...overloads: readonly string[]): Table =>
  Object.fromEntries(names.map(name => [name, overloads]))

const OPTIONALS: Table = {
  'optional.of': ['V -> optional<V>'],
  'optional.ofNonZeroValue': ['V -> optional<V>'],
  'optional.none': ['-> optional<V>'],
  'optional.unwrap': ['list<optional<V>> -> list<V>'],
  unwrapOpt: ['list<optional<V>> | -> list<V>'],
  value: ['optional<V> | -> V'],
  hasValue: ['optional<V> | -> bool'],
  or: ['optional<V> | optional<V> -> optional<V>'],
  orValue: ['optional<V> | V -> V'],
  first: ['list<V> | -> optional<V>'],
  last: ['list<V> | -> optional<V>'],
}

const TEXTS: Table = {
  charAt: ['string | int -> string'],
  indexOf: ['string | string -> int', 'string | string, int -> int'],
  lastIndexOf: ['string | string -> int', 'string | string, int -> int'],
  lowerAscii: ['string | -> string'],
  replace: ['string | string, string -> string', 'string | string, string, int -> string'],
  split: ['string | string -> list<string>', 'string | string, int -> list<string>'],
  substring: ['string | int -> string', 'string | int, int -> string'],
  trim: ['string | -> string'],
  upperAscii: ['string | -> string'],
  format: ['string | list<dyn> -> string'],
  'strings.quote': ['string -> string'],
  join: ['list<string> | -> string', 'list<string> | string -> string'],
  find: ['string | string -> string'],
  findAll: ['string | string -> list<string>', 'string | string, int -> list<string>'],
}

const LISTS: Table = {
  ...all(['sets.contains', 'sets.equivalent', 'sets.intersects'], 'list<T>, list<T> -> bool'),
  slice: ['list<T> | int, int -> list<T>'],
  flatten: ['list<list<T>> | -> list<T>', 'list<dyn> | int -> list<dyn>'],
  sort: COMPARABLE.map(type => `list<${type}> | -> list<${type}>`),
  '@sortByAssociatedKeys': COMPARABLE.map(type => `list<T> | list<${type}> -> list<T>`),
  'lists.range': ['int -> list<int>'],
  reverse: ['list<T> | -> list<T>'],
  distinct: ['list<T> | -> list<T>'],
  isSorted: ofLists(COMPARABLE, 'bool'),
  sum: ofLists(SUMMABLE),
  max: ofLists(COMPARABLE),
  min: ofLists(COMPARABLE),
  'cel.@mapInsert': ['map<K, V>, K, V -> map<K, V>', 'map<K, V>, map<K, V> -> map<K, V>'],
}

const ITEMS: Table = all(['indexOf', 'lastIndexOf'], 'list<A> | A -> int')

const URL = 'kubernetes.URL'
const ADDRESSES: Table = {
  url: [`string -> ${URL}`],
  ...all(
    ['getScheme', 'getHost', 'getHostname', 'getPort', 'getEscapedPath'],
    `${URL} | -> string`,
  ),
  getQuery: [`${URL} | -> map<string, list<string>>`],
  isURL: ['string -> bool'],
  ip: ['string -> net.IP', 'net.CIDR | -> net.IP'],
  family: ['net.IP | -> int'],
  'ip.isCanonical': ['string -> bool'],
  ...all(
    [
      'isUnspecified',
      'isLoopback',
      'isLinkLocalMulticast',
      'isLinkLocalUnicast',
      'isGlobalUnicast',
    ],
    'net.IP | -> bool',
  ),
  isIP: ['string -> bool'],
  string: ['net.IP -> string', 'net.CIDR -> string'],
  cidr: ['string -> net.CIDR'],
  containsIP: ['net.CIDR | string -> bool', 'net.CIDR | net.IP -> bool'],
  containsCIDR: ['net.CIDR | string -> bool', 'net.CIDR | net.CIDR -> bool'],
  prefixLength: ['net.CIDR | -> int'],
  masked: ['net.CIDR | -> net.CIDR'],
  isCIDR: ['string -> bool'],
}

/** What has an order of its own. */
const compared = (type: string): Table => ({
  ...all(['isGreaterThan', 'isLessThan'], `${type} | ${type} -> bool`),
  compareTo: [`${type} | ${type} -> int`],
})

const QUANTITY = 'kubernetes.Quantity'
const AMOUNTS: Table = {
  quantity: [`string -> ${QUANTITY}`],
  isQuantity: ['string -> bool'],
  sign: [`${QUANTITY} -> int`],
  ...compared(QUANTITY),
  asApproximateFloat: [`${QUANTITY} | -> double`],
  asInteger: [`${QUANTITY} | -> int`],
  isInteger: [`${QUANTITY} | -> bool`],
  ...all(
    ['add', 'sub'],
    `${QUANTITY} | ${QUANTITY} -> ${QUANTITY}`,
    `${QUANTITY} | int -> ${QUANTITY}`,
  ),
}

const SEMVER = 'kubernetes.Semver'
const VERSIONS: Table = {
  semver: [`string -> ${SEMVER}`, `string, bool -> ${SEMVER}`],
  isSemver: ['string -> bool', 'string, bool -> bool'],
  ...compared(SEMVER),
  ...all(['major', 'minor', 'patch'], `${SEMVER} | -> int`),
}

const FORMAT = 'kubernetes.NamedFormat'
const FORMATS: Table = {
  ...all(
    [
      'dns1123Label',
      'dns1123Subdomain',
      'dns1035Label',
      'qualifiedName',
      'dns1123LabelPrefix',
      'dns1123SubdomainPrefix',
      'dns1035LabelPrefix',
      'labelValue',
      'uri',
      'uuid',
      'byte',
      'date',
      'datetime',
    ].map(name => `format.${name}`),
    `-> ${FORMAT}`,
  ),
  validate: [`${FORMAT} | string -> optional<list<string>>`],
  'format.named': [`string -> optional<${FORMAT}>`],
}

const RIGHTS = 'kubernetes.authorization'
const RESOURCE = `${RIGHTS}.ResourceCheck`
const AUTHORIZATION: Table = {
  path: [`${RIGHTS}.Authorizer | string -> ${RIGHTS}.PathCheck`],
  group: [`${RIGHTS}.Authorizer | string -> ${RIGHTS}.GroupCheck`],
  serviceAccount: [`${RIGHTS}.Authorizer | string, string -> ${RIGHTS}.Authorizer`],
  resource: [`${RIGHTS}.GroupCheck | string -> ${RESOURCE}`],
  ...all(
    ['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'],
    `${RESOURCE} | string -> ${RESOURCE}`,
  ),
  check: [
    `${RIGHTS}.PathCheck | string -> ${RIGHTS}.Decision`,
    `${RESOURCE} | string -> ${RIGHTS}.Decision`,
  ],
  ...all(['errored', 'allowed'], `${RIGHTS}.Decision | -> bool`),
  ...all(['error', 'reason'], `${RIGHTS}.Decision | -> string`),
}

export const OF_LIBRARIES: readonly Table[] = [
  OPTIONALS,
  TEXTS,
  LISTS,
  ITEMS,
  ADDRESSES,
  AMOUNTS,
  VERSIONS,
  FORMATS,
  AUTHORIZATION,
]

/** In expressions of mutations alone. */
export const OF_MUTATIONS: Table = { 'jsonpatch.escapeKey': ['string -> string'] }
