/** What loops may cost: each turn as often as the list or map can have entries. */

import { sizeOrUnknown } from './cost.calls.ts'
import { exactly, product, type Range, sum, union } from './cost.ranges.ts'
import type { Estimator, Scope } from './cost.ts'
import {
  BOOL,
  DYN,
  type Entries,
  type Estimate,
  INT,
  plain,
  type SizedType,
  STRING,
  within,
} from './cost.types.ts'
import type { Node } from './two-variables.ts'

type Local = Omit<Estimate, 'cost'>

interface Loop {
  readonly over: Estimate
  readonly scope: Scope
  readonly estimator: Estimator
  readonly args: readonly Node[]
  /** How many of the arguments are variables. */
  readonly variables: number
}

const ONE = exactly(1)
const LIST = exactly(10)
const MAP = exactly(30)
/** To append an item: the result so far, a list of it, and both together. */
const APPEND = exactly(12)

/** Undefined for what is no loop. */
export function loopEstimate(node: Node, scope: Scope, estimator: Estimator): Estimate | undefined {
  const [name, receiver, args] = node.args as [string, Node, Node[]]
  const key = `${name}/${args.length}`
  const found = Object.hasOwn(LOOPS, key) ? LOOPS[key] : undefined
  if (!found) return undefined
  const [variables, estimate] = found
  const over = estimator.estimate(receiver, scope)
  return estimate({ over, scope, estimator, args, variables })
}

/** Of a condition that is true for all, or for one: what joins it to the result so far, and what looks whether to go on. */
const quantified =
  (goOn: number) =>
  (loop: Loop): Estimate => {
    const { cost } = body(loop, -1)
    const turn = sum({ min: 1, max: 1 + cost.max }, exactly(goOn))
    return { cost: sum(turns(loop, turn), ONE), type: BOOL, size: ONE }
  }

const counted = (loop: Loop): Estimate => {
  const turn = sum(body(loop, -1).cost, { min: 1, max: 2 })
  return { cost: sum(turns(loop, turn), exactly(2)), type: BOOL, size: ONE }
}

const mapped = (loop: Loop): Estimate => collected(loop, body(loop, -1), isFiltered(loop))

const filtered = (loop: Loop): Estimate => {
  const item = loop.estimator.estimate(loop.args[0] as Node, inner(loop))
  return collected(loop, item, body(loop, -1))
}

function collected(loop: Loop, item: Estimate, filter: Estimate | undefined): Estimate {
  const append = sum(APPEND, item.cost)
  const turn = filter ? sum(filter.cost, union(append, ONE)) : append
  return {
    cost: sum(LIST, turns(loop, turn), ONE),
    type: plain('list', item.type),
    size: sizeOrUnknown(loop.over),
    entries: grown('list', ONE, item),
  }
}

/** The entries of what is empty first. */
const grown = (kind: Entries['kind'], key: Range, item: Estimate): Entries => ({
  kind,
  key,
  value: union(exactly(0), sizeOrUnknown(item)),
})

/** `own` is what an entry costs beside its value. */
const remapped =
  (own: number) =>
  (loop: Loop): Estimate => {
    const item = body(loop, -1)
    const filter = isFiltered(loop)
    const insert = sum(exactly(own), item.cost)
    const turn = filter ? sum(filter.cost, union(insert, ONE)) : insert
    return {
      cost: sum(MAP, turns(loop, turn), ONE),
      type: { ...plain('map', own === 3 ? item.type : DYN), keys: STRING },
      size: sizeOrUnknown(loop.over),
    }
  }

/** `optMap` looks whether there is a value, and binds it. */
const optional =
  (own: number) =>
  (loop: Loop): Estimate => {
    const { over, scope, estimator, args } = loop
    const name = String(args[0]?.args)
    const local: Local = { type: over.type.items ?? DYN }
    const item = estimator.estimate(args[1] as Node, new Map(scope).set(name, local))
    const made = sum(LIST, over.cost, ONE, item.cost, exactly(own))
    const type = own === 1 ? plain('optional', item.type) : item.type
    return { cost: sum(over.cost, ONE, union(made, ONE)), type }
  }

const sorted = (loop: Loop): Estimate => {
  const keys = collected(loop, body(loop, -1), undefined)
  return { cost: sum(keys.cost, ONE), type: loop.over.type, size: sizeOrUnknown(loop.over) }
}

/** By name and number of arguments: how many variables there are, and what it costs. */
const LOOPS: Readonly<Record<string, [number, (loop: Loop) => Estimate]>> = {
  'all/2': [1, quantified(2)],
  'exists/2': [1, quantified(3)],
  'exists_one/2': [1, counted],
  'existsOne/2': [1, counted],
  'map/2': [1, mapped],
  'map/3': [1, mapped],
  'filter/2': [1, filtered],
  'all/3': [2, quantified(2)],
  'exists/3': [2, quantified(3)],
  'exists_one/3': [2, counted],
  'existsOne/3': [2, counted],
  'transformList/3': [2, mapped],
  'transformList/4': [2, mapped],
  'transformMap/3': [2, remapped(3)],
  'transformMap/4': [2, remapped(3)],
  'transformMapEntry/3': [2, remapped(2)],
  'transformMapEntry/4': [2, remapped(2)],
  'optMap/2': [1, optional(1)],
  'optFlatMap/2': [1, optional(0)],
  'sortBy/2': [1, sorted],
}

const turns = ({ over }: Loop, turn: Range): Range =>
  sum(over.cost, product(sizeOrUnknown(over), turn))

const body = (loop: Loop, at: number): Estimate =>
  loop.estimator.estimate(loop.args.at(at) as Node, inner(loop))

/** The condition between the variables and the value, where there is one. */
const isFiltered = (loop: Loop): Estimate | undefined =>
  loop.args.length - loop.variables === 2 ? body(loop, -2) : undefined

function inner({ over, scope, args, variables, estimator: { stray } }: Loop): Scope {
  const names = args.slice(0, variables).map(({ args: name }) => String(name))
  const { entries, type } = over
  const isList = (entries?.kind ?? type.kind) === 'list'
  const at = (step: string) => (over.place === undefined ? stray : within(over.place, step))
  const keys: Local = isList
    ? { type: INT, place: null, bound: entries?.key }
    : { type: type.keys ?? DYN, place: at('@keys'), bound: entries?.key }
  const values: Local = {
    type: itemOf(type),
    place: at(isList ? '@items' : '@values'),
    bound: entries?.value,
  }
  const locals = variables === 2 ? [keys, values] : [isList ? values : keys]
  const next = new Map(scope)
  for (const [position, local] of locals.entries()) next.set(names[position] ?? '', local)
  return next
}

const itemOf = ({ items }: SizedType): SizedType => items ?? DYN
