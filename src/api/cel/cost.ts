/**
 * What an expression may cost at most, told by the schema alone: how long lists, maps and texts can be. The rules are those of Go's
 * implementation, quirks included, because whether a definition is taken depends on the figure.
 */
import { callEstimate, read, sizeOrUnknown } from './cost.calls.ts'
import { loopEstimate } from './cost.loops.ts'
import { exactly, type Range, scaled, sum, union } from './cost.ranges.ts'
import {
  BOOL,
  DYN,
  type Entries,
  type Estimate,
  type Kind,
  plain,
  type SizedType,
  sizeOf,
  within,
} from './cost.types.ts'
import type { Node } from './two-variables.ts'

/** What local variables stand for. */
export type Scope = ReadonlyMap<string, Omit<Estimate, 'cost'>>

export interface Estimator {
  readonly variables: ReadonlyMap<string, SizedType>
  /** Where a path leads that does not begin at a variable: upstream reads a field of a value that was made as a path of one step. */
  readonly stray: SizedType | null
  estimate(node: Node, scope: Scope): Estimate
}

/** Of a rule; `root` is what `self` and `oldSelf` are. */
export function maximalCost(tree: Node, root: SizedType, isOldOptional: boolean): number {
  const locals: Scope = new Map(
    isOldOptional ? [['oldSelf', { type: plain('optional', root), place: root }]] : [],
  )
  const variables = new Map([
    ['self', root],
    ['oldSelf', root],
  ])
  // Where it begins is not looked at.
  return mostOf(tree, { variables, stray: root }, locals)
}

/** Of an expression that knows these variables and no others. */
export function maximalCostOver(tree: Node, variables: ReadonlyMap<string, SizedType>): number {
  return mostOf(tree, { variables, stray: null }, new Map())
}

function mostOf(tree: Node, known: Omit<Estimator, 'estimate'>, locals: Scope): number {
  const estimator: Estimator = {
    ...known,
    estimate: (node, scope) => estimateOf(node, scope, estimator),
  }
  return estimator.estimate(tree, locals).cost.max
}

const FREE = exactly(0)
const ONE = exactly(1)
const LIST = exactly(10)
const MAP = exactly(30)

/** Names before a dot that are no values. */
const LIBRARIES = ['cel', 'lists', 'sets', 'math', 'strings', 'optional', 'format', 'ip', 'base64']

function estimateOf(node: Node, scope: Scope, estimator: Estimator): Estimate {
  const { op, args } = node
  const of = (part: unknown) => estimator.estimate(part as Node, scope)
  switch (op) {
    case 'value':
      return constant(args)
    case 'id':
      return named(args as string, scope, estimator)
    case '.':
      return selected(of((args as unknown[])[0]), (args as [Node, string])[1], estimator)
    case '.?':
      return optionally(of((args as unknown[])[0]), (args as [Node, string])[1])
    case '[]':
    case '[?]':
      return indexed(of((args as Node[])[0]), of((args as Node[])[1]), op, estimator)
    case 'list':
      return listOf((args as Node[]).map(of))
    case 'map':
      return mapOf((args as Node[][]).map(pair => pair.map(of)))
    case '?:':
      return chosen((args as Node[]).map(of))
    case 'call':
      return called(args as [string, Node[]], of)
    case 'rcall':
      return calledOn(node, scope, estimator)
    case '!_':
      return { cost: sum(of(args).cost, ONE), type: BOOL }
    case '-_':
      return negated(args as Node, of)
    default:
      return operated(op, of((args as Node[])[0]), of((args as Node[])[1]))
  }
}

function constant(value: unknown): Estimate {
  const [kind, size] = kindAndSize(value)
  return { cost: FREE, type: plain(kind), size: exactly(size) }
}

function kindAndSize(value: unknown): [Kind, number] {
  if (typeof value === 'string') return ['string', [...value].length]
  if (value instanceof Uint8Array) return ['bytes', value.length]
  if (typeof value === 'boolean') return ['bool', 1]
  if (value === null) return ['null', 1]
  return [typeof value === 'number' ? 'double' : 'int', 1]
}

function named(name: string, scope: Scope, { variables, stray }: Estimator): Estimate {
  const local = scope.get(name)
  if (local) return { cost: ONE, ...local }
  const type = variables.get(name)
  return { cost: ONE, type: type ?? DYN, place: type ?? stray }
}

function selected(of: Estimate, field: string, { stray }: Estimator): Estimate {
  const { kind, fields, items } = of.type
  const isCharged = kind === 'map' || kind === 'object'
  const type = fields && Object.hasOwn(fields, field) ? fields[field] : items
  return {
    cost: isCharged ? sum(of.cost, ONE) : of.cost,
    type: type ?? DYN,
    place: of.place === undefined ? stray : within(of.place, field),
  }
}

function optionally(of: Estimate, field: string): Estimate {
  const { kind, items } = of.type
  const holder = kind === 'optional' ? items : of.type
  const type = holder?.fields?.[field] ?? (holder?.kind === 'map' ? holder.items : undefined)
  return { cost: sum(of.cost, ONE), type: plain('optional', type ?? DYN) }
}

function indexed(of: Estimate, index: Estimate, op: string, { stray }: Estimator): Estimate {
  const cost = sum(of.cost, index.cost, ONE)
  const type = of.type.items ?? DYN
  if (op === '[?]') return { cost, type: plain('optional', type) }
  const place = of.place === undefined ? stray : within(of.place, '@items')
  return { cost, type, place, size: of.entries?.value }
}

function listOf(items: readonly Estimate[]): Estimate {
  return {
    cost: sum(LIST, ...items.map(({ cost }) => cost)),
    type: plain('list', items[0]?.type ?? DYN),
    size: exactly(items.length),
    entries: { kind: 'list', key: ONE, value: spanOf(items) },
  }
}

function mapOf(pairs: readonly Estimate[][]): Estimate {
  const keys = pairs.flatMap(([key]) => key ?? [])
  const values = pairs.flatMap(([, value]) => value ?? [])
  return {
    cost: sum(MAP, ...[...keys, ...values].map(({ cost }) => cost)),
    type: { ...plain('map', values[0]?.type ?? DYN), keys: keys[0]?.type ?? DYN },
    size: exactly(pairs.length),
    entries: { kind: 'map', key: spanOf(keys), value: spanOf(values) },
  }
}

const spanOf = (all: readonly Estimate[]): Range =>
  all.length === 0 ? FREE : all.map(each => sizeOrUnknown(each)).reduce(union)

function chosen([condition, one, other]: readonly Estimate[]): Estimate {
  if (!condition || !one || !other) return { cost: FREE, type: DYN }
  return {
    cost: sum(condition.cost, union(one.cost, other.cost)),
    type: one.type.kind === other.type.kind ? one.type : DYN,
    size: union(sizeOrUnknown(one), sizeOrUnknown(other)),
    entries: both(one.entries, other.entries),
  }
}

export function both(one: Entries | undefined, other: Entries | undefined): Entries | undefined {
  if (!one || !other) return undefined
  const { kind } = one
  return { kind, key: union(one.key, other.key), value: union(one.value, other.value) }
}

function called([name, args]: [string, Node[]], of: (part: unknown) => Estimate): Estimate {
  if (name === 'has') return presence(args[0], of)
  const estimates = args.map(of)
  const [first] = estimates
  if (name === 'dyn' && first) {
    const { size, entries } = { size: sizeOf(first), entries: first.entries }
    return { cost: sum(first.cost, ONE), type: DYN, size, entries }
  }
  // A function in front of a value is the same as one behind it.
  return callEstimate(name, { target: undefined, args: estimates })
}

function presence(node: Node | undefined, of: (part: unknown) => Estimate): Estimate {
  const subject = Array.isArray(node?.args) ? of(node.args[0]) : undefined
  return { cost: subject?.cost ?? FREE, type: BOOL }
}

function calledOn(node: Node, scope: Scope, estimator: Estimator): Estimate {
  const [name, receiver, args] = node.args as [string, Node, Node[]]
  const loop = loopEstimate(node, scope, estimator)
  if (loop) return loop
  const library = receiver.op === 'id' && !scope.has(String(receiver.args)) ? receiver.args : ''
  if (library === 'cel' && name === 'bind') return bound(args, scope, estimator)
  const estimates = args.map(each => estimator.estimate(each, scope))
  if (LIBRARIES.includes(String(library)))
    return callEstimate(`${library}.${name}`, { target: undefined, args: estimates })
  return callEstimate(name, { target: estimator.estimate(receiver, scope), args: estimates })
}

/** A loop over an empty list, whose result so far is the value. */
function bound([variable, value, result]: readonly Node[], scope: Scope, estimator: Estimator) {
  const { cost, ...local } = estimator.estimate(value as Node, scope)
  const within = new Map(scope).set(String(variable?.args), local)
  const estimate = estimator.estimate(result as Node, within)
  return { ...estimate, cost: sum(LIST, cost, estimate.cost) }
}

function negated(operand: Node, of: (part: unknown) => Estimate): Estimate {
  const estimate = of(operand)
  if (operand.op === 'value') return estimate
  return { cost: sum(estimate.cost, ONE), type: estimate.type }
}

function operated(op: string, left: Estimate, right: Estimate): Estimate {
  const args = sum(left.cost, right.cost)
  switch (op) {
    case '&&':
    case '||':
      return { cost: { min: left.cost.min, max: args.max }, type: BOOL }
    case '==':
    case '!=':
      return { cost: sum(args, compared(op, left, right)), type: BOOL }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { cost: sum(args, ordered(left, right)), type: BOOL }
    case 'in':
      return { cost: sum(args, searched(right)), type: BOOL }
    case '+':
      return added(args, left, right)
    default: {
      const { kind } = left.type
      const isSpan = op === '-' && kind === 'timestamp' && right.type.kind === 'timestamp'
      return { cost: sum(args, ONE), type: isSpan ? plain('duration') : left.type }
    }
  }
}

function shorter(left: Estimate, right: Estimate): Range {
  const max = Math.min(sizeOrUnknown(left).max, sizeOrUnknown(right).max)
  return read({ min: max > 0 ? 1 : 0, max })
}

function compared(op: string, left: Estimate, right: Estimate): Range {
  const areOpaque = left.type.kind === 'opaque' && right.type.kind === 'opaque'
  return op === '==' && areOpaque ? ONE : shorter(left, right)
}

const TEXTS: readonly Kind[] = ['string', 'bytes']

function ordered(left: Estimate, right: Estimate): Range {
  const kinds = [left.type.kind, right.type.kind]
  if (kinds.some(kind => TEXTS.includes(kind))) return shorter(left, right)
  return kinds.every(kind => kind === 'dyn') ? union(ONE, shorter(left, right)) : ONE
}

function searched(list: Estimate): Range {
  const { kind } = list.type
  if (kind === 'list') return scaled(sizeOrUnknown(list), 1)
  return kind === 'dyn' ? union(ONE, sizeOrUnknown(list)) : ONE
}

function added(args: Range, left: Estimate, right: Estimate): Estimate {
  const known = left.type.kind === 'dyn' ? right : left
  const { kind } = known.type
  const size = sum(sizeOrUnknown(left), sizeOrUnknown(right))
  const isList = kind === 'list'
  if (isList || TEXTS.includes(kind))
    return {
      cost: sum(args, isList ? ONE : read(size)),
      type: known.type,
      size,
      entries: both(left.entries, right.entries),
    }
  if (kind === 'dyn') return { cost: sum(args, union(ONE, read(size))), type: DYN, size }
  const isTime = right.type.kind === 'timestamp'
  return { cost: sum(args, ONE), type: isTime ? right.type : left.type }
}
