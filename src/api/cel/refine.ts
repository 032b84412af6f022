/**
 * What the engine does in another way than Go's implementation is done here instead: once it has checked an expression, the handlers of
 * its parts are wrapped by ones that look at the values first.
 */
import { isSame, rankOf } from './equality.ts'
import type { CheckedPart } from './metering.ts'
import { shortest } from './printing.ts'
import {
  isInRange,
  isMap,
  isSpan,
  mapOf,
  nanosOf,
  parseTime,
  type Span,
  spanNanos,
  spanOf,
  Time,
  valueAt,
} from './values.ts'

type Handle = CheckedPart['handle']

/** What the engine hands to handlers of operators, besides the operands. */
interface Evaluator {
  run(part: unknown, context: unknown): unknown
  debugType(value: unknown): unknown
  readonly registry: {
    findBinaryOverload(op: string, left: unknown, right: unknown): { handler: Handle } | false
  }
}

/** Once for each part, before it is metered. */
export function refine(part: CheckedPart): void {
  const { op } = part
  if (op === '-') refineDifference(part)
  if (op === 'map') refineMap(part)
  else if (op === 'call') refineCall(part)
  else if (op === '[]' || op === '[?]') refineIndex(part)
  else if (Object.hasOwn(OPERATORS, op)) refineOperator(part, OPERATORS[op] as Operator)
}

/** Undefined where the engine's own way is right. */
type Operator = (
  left: unknown,
  right: unknown,
  opaque: (one: object, other: object) => boolean,
) => unknown

function refineOperator(part: CheckedPart, operator: Operator): void {
  const { handle } = part
  part.handle = (left, right, tree, evaluator) => {
    const opaque = (one: object, other: object) => {
      const { debugType, registry } = evaluator as Evaluator
      const typeOf = debugType.bind(evaluator)
      const found = registry.findBinaryOverload('==', typeOf(one), typeOf(other))
      return found ? found.handler(one, other, tree, evaluator) === true : false
    }
    const made = operator(left, right, opaque)
    return made === undefined ? handle(left, right, tree, evaluator) : made
  }
}

const ordered =
  (holds: (one: bigint, other: bigint) => boolean): Operator =>
  (left, right) => {
    const [one, other] = [rankOf(left), rankOf(right)]
    const isOurs = one !== left && other !== right
    return isOurs && typeof one === typeof other ? holds(one as bigint, other as bigint) : undefined
  }

const isTime = (value: unknown): value is Date => value instanceof Date

function inRange(time: Time): Time {
  if (!isInRange(time.nanos)) throw new Error('timestamp overflow')
  return time
}

/** So much later by the same clock. */
const later = (time: Date, nanos: bigint) =>
  inRange(new Time(nanosOf(time) + nanos, time instanceof Time ? time.offsetMinutes : 0))

const OPERATORS: Readonly<Record<string, Operator>> = {
  '==': isSame,
  '!=': (left, right, opaque) => !isSame(left, right, opaque),
  '<': ordered((one, other) => one < other),
  '<=': ordered((one, other) => one <= other),
  '>': ordered((one, other) => one > other),
  '>=': ordered((one, other) => one >= other),
  in: (value, within, opaque) => {
    if (Array.isArray(within)) return within.some(item => isSame(item, value, opaque))
    if (typeof within !== 'object' || within === null || !isMap(within)) return undefined
    return valueAt(within, value) !== undefined
  },
  '+': (left, right) => {
    if (isTime(left) && isSpan(right)) return later(left, spanNanos(right))
    if (isSpan(left) && isTime(right)) return later(right, spanNanos(left))
    return isSpan(left) && isSpan(right)
      ? spanOf(spanNanos(left) + spanNanos(right), left)
      : undefined
  },
  '-': (left, right) => {
    if (isTime(left) && isSpan(right)) return later(left, -spanNanos(right))
    return isSpan(left) && isSpan(right)
      ? spanOf(spanNanos(left) - spanNanos(right), left)
      : undefined
  },
}

/** The engine gives the milliseconds between two moments. */
function refineDifference(part: CheckedPart): void {
  const { handle } = part
  part.handle = (left, right, ...rest) => {
    const made = handle(left, right, ...rest)
    return isTime(left) && isTime(right)
      ? spanOf(nanosOf(left) - nanosOf(right), made as Span)
      : made
  }
}

/** The engine makes texts of all keys. */
function refineMap(part: CheckedPart): void {
  const entries = part.args as [CheckedPart, CheckedPart][]
  if (entries.length === 0) return
  part.meta.evaluate = (evaluator, _, context) => {
    const run = (each: CheckedPart) => (evaluator as Evaluator).run(each, context)
    return mapOf(entries.map(([key, value]) => [run(key), run(value)]))
  }
}

function refineIndex(part: CheckedPart): void {
  const { handle } = part
  const none = Object.create(null)
  part.handle = (subject, key, tree, evaluator) => {
    const isPlain =
      typeof subject === 'object' && subject !== null && isMap(subject) && !(subject instanceof Map)
    // To the engine, numbers are names of fields, too.
    return handle(isPlain && typeof key !== 'string' ? none : subject, key, tree, evaluator)
  }
}

/** By the names of functions; undefined where the engine's own way is right. */
const CALLS: Readonly<Record<string, (value: unknown) => unknown>> = {
  string: value => (typeof value === 'number' ? shortest(value) : undefined),
  timestamp: value => {
    if (typeof value !== 'string') return undefined
    const time = parseTime(value)
    if (!time) throw new Error("type conversion error from 'string' to 'google.protobuf.Timestamp'")
    return inRange(time)
  },
}

function refineCall(part: CheckedPart): void {
  const { handle } = part
  const [name] = part.args as [string]
  if (!Object.hasOwn(CALLS, name)) return
  part.handle = (args, tree, evaluator) => {
    const [value, ...more] = args as unknown[]
    const made = more.length === 0 ? CALLS[name]?.(value) : undefined
    return made === undefined ? handle(args, tree, evaluator) : made
  }
}
