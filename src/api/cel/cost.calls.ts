/** What calls of functions may cost at most, by the sizes of what they are given. */
import { exactly, product, type Range, scaled, sum, UNKNOWN, union } from './cost.ranges.ts'
import {
  BOOL,
  DYN,
  type Estimate,
  INT,
  plain,
  type SizedType,
  STRING,
  sizeOf,
  within,
} from './cost.types.ts'
import { FORMAT_PATTERN, PER_LETTER, PER_PATTERN_LETTER, RIGHTS_CHECK } from './metering.calls.ts'

export interface Call {
  readonly target: Estimate | undefined
  readonly args: readonly Estimate[]
}

/** `size` is that of the result. */
interface Charge {
  readonly cost: Range
  readonly size?: Range | undefined
}

type Charging = (call: Call) => Charge | undefined

export const sizeOrUnknown = (estimate: Estimate | undefined): Range =>
  (estimate && sizeOf(estimate)) ?? UNKNOWN
export const read = (size: Range, factor = 1): Range => scaled(size, factor * PER_LETTER)
const ONE = exactly(1)

/** The size of an item of a list, by the place of the list alone. */
function itemSize({ place, type }: Estimate): Range {
  const item = place === undefined ? undefined : within(place, '@items')
  return item ? { min: 0, max: item.maximum } : type.items ? UNKNOWN : ONE
}

const readsArgument: Charging = ({ args }) => ({ cost: read(sizeOrUnknown(args[0])) })
const keepsSize: Charging = ({ target }) => {
  const size = sizeOrUnknown(target)
  return { cost: read(size), size }
}

const walks: Charging = ({ target }) => {
  if (!target) return undefined
  const size = sizeOrUnknown(target)
  const item = target.type.items
  if (!item) return { cost: read(size) }
  const isText = item.kind === 'string' || item.kind === 'bytes'
  const each = isText ? sum(ONE, read(itemSize(target))) : ONE
  return { cost: product(size, each) }
}

const matches =
  (resultSize?: (text: Range) => Range): Charging =>
  ({ target, args }) => {
    const text = sizeOrUnknown(target)
    const pattern = scaled(sizeOrUnknown(args[0]), PER_PATTERN_LETTER)
    return { cost: product(read(sum(text, ONE)), pattern), size: resultSize?.(text) }
  }

const pairs =
  (factor: number): Charging =>
  ({ args: [one, other] }) => ({
    cost: sum(scaled(product(sizeOrUnknown(one), sizeOrUnknown(other)), factor), ONE),
  })

const join: Charging = ({ target, args }) => {
  if (!target) return undefined
  const length = sizeOrUnknown(target)
  const texts = target.type.items ? product(length, itemSize(target)) : exactly(0)
  const gaps = { min: Math.max(0, length.min - 1), max: Math.max(0, length.max - 1) }
  const size = args[0] ? sum(texts, product(sizeOrUnknown(args[0]), gaps)) : texts
  return { cost: read(size), size }
}

const replace: Charging = ({ target, args }) => {
  const [text, from, to] = [target, ...args].map(sizeOrUnknown)
  if (!text || !from || !to) return undefined
  const most =
    from.min === 0
      ? (text.max + 1) * to.max + text.max
      : to.max <= from.min
        ? text.max
        : Math.ceil(text.max / from.min) * to.max
  const least =
    from.max === 0
      ? (text.min + 1) * to.min + text.min
      : from.max <= to.min
        ? text.min
        : Math.ceil(text.min / from.max) * to.min
  return { cost: read(text, 2), size: sum({ min: least, max: most }) }
}

const split: Charging = ({ target }) => {
  const size = sizeOrUnknown(target)
  return { cost: read(size, 2), size: { min: 0, max: size.max } }
}

/** IPv4 or IPv6: what is compared. */
const ADDRESS: Range = { min: 4, max: 16 }
const containsAddress =
  (more: Range): Charging =>
  ({ args: [other] }) => ({
    cost: sum(
      read(sum(ADDRESS, ADDRESS)),
      more,
      other?.type.kind === 'opaque' ? exactly(0) : read(sizeOrUnknown(other)),
    ),
  })

const selector: Charging = ({ args }) => {
  const size = sizeOrUnknown(args[0])
  return { cost: sum(exactly(10), read(size), scaled(scaled(size, 0.5), 50)) }
}

const CHARGES: Readonly<Record<string, Charging>> = {
  check: () => ({ cost: exactly(RIGHTS_CHECK) }),
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: walks,
  sum: walks,
  max: walks,
  min: walks,
  indexOf: walks,
  lastIndexOf: walks,
  includes: walks,
  url: ({ args }) => ({ cost: read(sizeOrUnknown(args[0])), size: sizeOrUnknown(args[0]) }),
  lowerAscii: keepsSize,
  upperAscii: keepsSize,
  substring: keepsSize,
  trim: keepsSize,
  replace,
  split,
  join,
  matches: matches(),
  find: matches(({ max }) => ({ min: 0, max })),
  findAll: matches(({ max }) => ({ min: 0, max })),
  cidr: readsArgument,
  isIP: readsArgument,
  isCIDR: readsArgument,
  ip: call => (call.target ? { cost: ONE } : readsArgument(call)),
  'ip.isCanonical': ({ args }) => ({ cost: read(sizeOrUnknown(args[0]), 2) }),
  containsIP: containsAddress(exactly(0)),
  containsCIDR: containsAddress(sum(read(ADDRESS), ONE)),
  quantity: readsArgument,
  isQuantity: readsArgument,
  semver: readsArgument,
  isSemver: readsArgument,
  validate: ({ args }) => ({
    cost: scaled(read(sizeOrUnknown(args[0])), FORMAT_PATTERN * PER_PATTERN_LETTER),
  }),
  startsWith: readsArgument,
  endsWith: readsArgument,
  contains: ({ target, args }) => ({
    cost: product(read(sizeOrUnknown(target)), read(sizeOrUnknown(args[0]))),
  }),
  format: ({ target }) => ({ cost: read(sizeOrUnknown(target)) }),
  bytes: ({ args: [text] }) => {
    if (text?.type.kind !== 'string' && text?.type.kind !== 'dyn') return undefined
    const { min, max } = sizeOrUnknown(text)
    return { cost: read({ min, max }), size: sum({ min, max: max * 4 }) }
  },
  string: ({ args: [value] }) => {
    if (value?.type.kind !== 'bytes' && value?.type.kind !== 'dyn') return undefined
    const size = sizeOrUnknown(value)
    const cost = value.type.kind === 'dyn' ? union(ONE, read(size)) : read(size)
    return { cost, size: { min: Math.floor(size.min / 4), max: size.max } }
  },
  'sets.contains': pairs(1),
  'sets.intersects': pairs(1),
  'sets.equivalent': pairs(2),
}

const BOOLS =
  'all exists isSorted matches startsWith endsWith contains has hasValue isQuantity isSemver isURL isIP isCIDR isInteger isGreaterThan isLessThan containsIP containsCIDR includes bool ip.isCanonical sets.contains sets.equivalent sets.intersects isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast'
const INTS =
  'size indexOf lastIndexOf int compareTo sign asInteger major minor patch family prefixLength getFullYear getMonth getDayOfMonth getDate getDayOfYear getDayOfWeek getHours getMinutes getSeconds getMilliseconds'
const STRINGS =
  'string lowerAscii upperAscii substring trim replace join find format charAt strings.quote getScheme getHost getHostname getPort getEscapedPath'
const OPAQUES = 'quantity semver ip cidr url masked add sub'
const FORMATS =
  'dns1123Label dns1123Subdomain dns1035Label dns1123LabelPrefix dns1123SubdomainPrefix dns1035LabelPrefix qualifiedName labelValue uri uuid byte date datetime'

const RESULTS: Readonly<Record<string, SizedType>> = {
  ...Object.fromEntries(BOOLS.split(' ').map(name => [name, BOOL])),
  ...Object.fromEntries(INTS.split(' ').map(name => [name, INT])),
  ...Object.fromEntries(STRINGS.split(' ').map(name => [name, STRING])),
  ...Object.fromEntries(OPAQUES.split(' ').map(name => [name, plain('opaque')])),
  ...Object.fromEntries(FORMATS.split(' ').map(name => [`format.${name}`, plain('opaque')])),
  split: plain('list', STRING),
  findAll: plain('list', STRING),
  'lists.range': plain('list', INT),
  bytes: plain('bytes'),
  double: plain('double'),
  asApproximateFloat: plain('double'),
  timestamp: plain('timestamp'),
  duration: plain('duration'),
  'format.named': plain('optional', plain('opaque')),
  validate: plain('optional', plain('list', STRING)),
}

const ITEM = ['sum', 'max', 'min', 'value', 'orValue']
const SAME = ['distinct', 'reverse', 'slice', 'sort', 'flatten', 'or']

function resultOf(name: string, { target, args }: Call): SizedType {
  if (Object.hasOwn(RESULTS, name)) return RESULTS[name] ?? DYN
  if (name === 'optional.of') return plain('optional', args[0]?.type ?? DYN)
  if (target && ITEM.includes(name)) return target.type.items ?? DYN
  return target && SAME.includes(name) ? target.type : DYN
}

export function callEstimate(name: string, call: Call): Estimate {
  const { target, args } = call
  const charge = Object.hasOwn(CHARGES, name) ? CHARGES[name]?.(call) : undefined
  const parts = [...(target ? [target] : []), ...args].map(({ cost }) => cost)
  return {
    cost: sum(...parts, charge?.cost ?? ONE),
    type: resultOf(name, call),
    size: charge?.size,
  }
}
