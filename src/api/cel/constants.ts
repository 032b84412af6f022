/**
 * What Go's checker finds and the engine does not: constants that no function takes, templates whose values cannot be written, and
 * lists of items that a function has no use for. It looks at a tree whose types were found already.
 */
import { compilePattern } from '../machinery/patterns.ts'
import { piecesOf, wrongForVerb } from './printing.ts'
import { isInRange, parseTime } from './values.ts'

export interface Finding {
  readonly message: string
  /** Index of the character that is pointed at. */
  readonly at: number
}

export interface Part {
  readonly op: string
  readonly args: unknown
  readonly start: number
  readonly end: number
  readonly pos: number
  readonly checkedType?: { toString(): string }
}

type Called = readonly [name: string, receiver: Part, args: readonly Part[]]

const isPart = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && 'op' in value

/** The first in the order of the text. */
export function wrongConstant(tree: unknown, text: string): Finding | undefined {
  const found = findings(tree, text)
  return found.toSorted((one, other) => one.at - other.at)[0]
}

function findings(part: unknown, text: string): Finding[] {
  if (Array.isArray(part)) return part.flatMap(each => findings(each, text))
  if (!isPart(part)) return []
  const own =
    part.op === 'call'
      ? wrongCall(part.args as [string, Part[]])
      : part.op === 'rcall'
        ? wrongMethod(part.args as Called, text)
        : part.op === '[]' || part.op === '.'
          ? wrongAccess(part, text)
          : part.op === '==' || part.op === '!='
            ? wrongComparison(part, text)
            : undefined
  return [...(own ? [own] : []), ...findings(part.args, text)]
}

/** Of nanoseconds in 64 bits. */
function isDuration(value: unknown): boolean {
  if (typeof value !== 'string' || !DURATION.test(value)) return false
  const nanos = [...value.matchAll(/([\d.]+)([a-zµμ]+)/g)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (NANOS[unit] ?? 0),
    0,
  )
  return nanos < 2 ** 63
}
const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

function isTime(value: unknown): boolean {
  if (typeof value === 'bigint') return isInRange(value * 1_000_000_000n)
  const time = typeof value === 'string' ? parseTime(value) : undefined
  return time !== undefined && isInRange(time.nanos)
}

function isPattern(value: unknown): boolean {
  try {
    compilePattern(String(value))
    return true
  } catch {
    return false
  }
}

const TAKEN: Readonly<Record<string, (value: unknown) => boolean>> = {
  duration: isDuration,
  timestamp: isTime,
  matches: isPattern,
}

function wrongText(name: string, [argument, ...more]: readonly Part[]): Finding | undefined {
  if (argument?.op !== 'value' || more.length > 0 || !Object.hasOwn(TAKEN, name)) return undefined
  const { args: value, start } = argument
  if (TAKEN[name]?.(value)) return undefined
  return { message: `invalid ${name} argument`, at: start }
}

function wrongCall([name, args]: readonly [string, readonly Part[]]): Finding | undefined {
  return name === 'matches' ? undefined : wrongText(name, args)
}

function wrongMethod([name, receiver, args]: Called, text: string): Finding | undefined {
  const at = text.indexOf('(', text.indexOf(name, receiver.end))
  if (name === 'matches') return wrongText(name, args)
  if (name === 'format') return wrongFormat(receiver, args, at, text)
  if (receiver.op === 'id' && receiver.args === 'sets') return wrongSets(name, args, at)
  if (name === 'indexOf' || name === 'lastIndexOf') return wrongItem(name, receiver, args, at)
  return args.length === 0 ? wrongItems(name, receiver, at) : undefined
}

const typeOf = ({ checkedType }: Part) =>
  String(checkedType ?? 'dyn').replace(/\b[AKTV]\b(?=[,>])/g, 'dyn')

const noOverload = (name: string, given: string, at: number): Finding => ({
  message: `found no matching overload for '${name}' applied to '${given}'`,
  at,
})

const STRUCT = /^(?:selfType|shape)\.T\d+$/
const NO_FIELDS = /^google\.protobuf\.(?:Duration|Timestamp)$/

/** The engine lets any key be looked for in a map, and fields be written as keys. */
function wrongAccess({ args, pos }: Part, text: string): Finding | undefined {
  const [subject, key] = args as [Part, Part | string]
  const type = typeOf(subject)
  if (typeof key === 'string')
    return NO_FIELDS.test(type)
      ? { message: `type '${type}' does not support field selection`, at: pos - 1 }
      : undefined
  const [, keys] = /^map<(\w+), /.exec(type) ?? []
  const isWrongKey =
    keys !== undefined && isKnown(keys) && isKnown(typeOf(key)) && keys !== typeOf(key)
  if (!isWrongKey && !STRUCT.test(type) && !NO_FIELDS.test(type)) return undefined
  return noOverload('_[_]', `(${type}, ${typeOf(key)})`, text.indexOf('[', subject.end))
}

/** Of a map with what has fields, or with other values; the engine looks at values only. */
function wrongComparison({ op, args }: Part, text: string): Finding | undefined {
  const [left, right] = args as [Part, Part]
  const types = [typeOf(left), typeOf(right)]
  const [one = '', other = ''] = types
  const areMaps = types.every(type => type.startsWith('map<'))
  const isOneStruct =
    types.some(type => STRUCT.test(type)) && types.some(type => type.startsWith('map<'))
  if (!isOneStruct && !(areMaps && isKnown(one) && isKnown(other) && one !== other))
    return undefined
  const at = left.end + Math.max(0, text.slice(left.end, right.start).indexOf(op))
  return noOverload(`_${op}_`, `(${one}, ${other})`, at)
}

const COMPARABLE =
  'int uint double bool string bytes null google.protobuf.Duration google.protobuf.Timestamp'.split(
    ' ',
  )
const SUMMABLE = ['int', 'uint', 'double', 'google.protobuf.Duration']
/** What the items of a list may be. */
const ITEMS: Readonly<Record<string, (type: string) => boolean>> = {
  flatten: type => type.startsWith('list'),
  sum: type => SUMMABLE.includes(type),
  sort: type => COMPARABLE.includes(type),
  isSorted: type => COMPARABLE.includes(type),
  min: type => COMPARABLE.includes(type),
  max: type => COMPARABLE.includes(type),
}

function wrongItems(name: string, receiver: Part, at: number): Finding | undefined {
  const type = typeOf(receiver)
  const [, item] = /^list<(.*)>$/.exec(type) ?? []
  if (item === undefined || !isKnown(item) || !Object.hasOwn(ITEMS, name)) return undefined
  if (ITEMS[name]?.(item)) return undefined
  return { message: `found no matching overload for '${name}' applied to '${type}.()'`, at }
}

function wrongItem(
  name: string,
  receiver: Part,
  [item]: readonly Part[],
  at: number,
): Finding | undefined {
  const type = typeOf(receiver)
  const [, items] = /^list<(.*)>$/.exec(type) ?? []
  if (!item || items === undefined || !isKnown(items) || !isKnown(typeOf(item))) return undefined
  if (items === typeOf(item)) return undefined
  return noOverload(name, `${type}.(${typeOf(item)})`, at)
}

function wrongSets(name: string, args: readonly Part[], at: number): Finding | undefined {
  const [one = '', other = ''] = args.map(typeOf)
  if (!isKnown(one) || !isKnown(other) || one === other) return undefined
  return {
    message: `found no matching overload for 'sets.${name}' applied to '(${one}, ${other})'`,
    at,
  }
}

/** Of all of it something is known. */
const isKnown = (type: string) => !/\b(?:dyn|T|A)\b|^list$|^map$/.test(type)

/** Of a template and values that both stand in the expression. */
function wrongFormat(
  template: Part,
  [values]: readonly Part[],
  at: number,
  text: string,
): Finding | undefined {
  if (template.op !== 'value' || typeof template.args !== 'string' || values?.op !== 'list')
    return undefined
  const given = values.args as readonly Part[]
  let next = 0
  try {
    for (const piece of piecesOf(template.args)) {
      if ('text' in piece) continue
      const value = given[next]
      if (!value) return { message: `index ${next} out of range`, at }
      next++
      const type = printedType(typeOf(value))
      // Texts are numbers, too, before they are looked at: such as the one of what is infinite.
      const mayBeNumber = type === 'string' && 'fe'.includes(piece.verb)
      const message = mayBeNumber ? undefined : wrongForVerb(piece.verb, type)
      if (message !== undefined && isNamed(typeOf(value)))
        return { message, at: placeOf(value, text) }
    }
  } catch (thrown) {
    return { message: (thrown as Error).message, at }
  }
  if (next === given.length) return undefined
  const counts = `(expected ${next}, got ${given.length})`
  return { message: `too many arguments supplied to string.format ${counts}`, at }
}

/** Types of schemas have names that only the server knows that made them. */
const isNamed = (type: string) => type !== 'dyn' && !/^(?:selfType|shape|variables)\./.test(type)

const printedType = (type: string) =>
  type.startsWith('optional')
    ? 'optional_type'
    : type === 'null'
      ? 'null_type'
      : type.replace(/<.*$/, '')

/** Where Go's parser says that a part is. */
export function placeOf({ op, args, start, pos }: Part, text: string): number {
  if (op === 'call') return text.indexOf('(', start)
  if (op === 'rcall') {
    const [name, receiver] = args as Called
    return text.indexOf('(', text.indexOf(name, receiver.end))
  }
  if (op === '.' || op === '.?') return pos - 1
  const [left, right] = Array.isArray(args) ? (args as readonly unknown[]) : []
  if (!/^[-+*/%<>=!&|]+$/.test(op) || !isPart(left) || !isPart(right)) return start
  return left.end + Math.max(0, text.slice(left.end, right.start).indexOf(op))
}
