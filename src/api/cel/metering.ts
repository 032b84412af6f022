/**
 * What an evaluation costs while it runs, counted as Go's implementation counts it, so that an expression is stopped where a cluster
 * of upstream's would stop it. The engine knows no costs: after it has checked an expression, its handlers are wrapped by ones that charge.
 */
import { callCost, comparisonCost, sizeOf, traversal } from './metering.calls.ts'
import { refine } from './refine.ts'

/** What one evaluation may cost: about a tenth of a second of Go's implementation. */
export const COST_PER_CALL = 1_000_000

type Run = (...args: unknown[]) => unknown

/** A part of an expression as the engine has checked it. */
export interface CheckedPart {
  readonly op: string
  readonly args: unknown
  readonly meta: {
    readonly alternate?: CheckedPart
    readonly macro?: Macro
    evaluate: Run
  }
  handle: Run
}

interface Macro {
  readonly macroHasProps?: readonly CheckedPart[]
  readonly val?: CheckedPart
  readonly exp?: CheckedPart
  readonly receiver?: CheckedPart
  readonly arg?: CheckedPart
  evaluate: Run
}

interface Comprehension {
  readonly iterable: CheckedPart
  readonly init: CheckedPart
  readonly step: CheckedPart
}

/** The evaluation cost too much. */
export class CostExceeded extends Error {
  override readonly name = 'CostExceeded'
}

let spent = 0
/** Made once an evaluation: what is stopped may be tried again for each item that is left. */
let exceeded: CostExceeded | undefined

function charge(cost: number): void {
  spent += cost
  if (spent <= COST_PER_CALL) return
  exceeded ??= new CostExceeded('operation cancelled: actual cost limit exceeded')
  throw exceeded
}

/**
 * Runs what is metered; the error, if any, stands beside the cost, since loops and conditions may have swallowed it. An evaluation within
 * another one, such as of a variable, counts for itself.
 */
export function metered(run: () => unknown): { value?: unknown; error?: unknown; cost: number } {
  const [before, exceededBefore] = [spent, exceeded]
  spent = 0
  exceeded = undefined
  try {
    const value = run()
    return exceeded ? { error: exceeded, cost: spent } : { value, cost: spent }
  } catch (error) {
    return { error: exceeded ?? error, cost: spent }
  } finally {
    spent = before
    exceeded = exceededBefore
  }
}

/** Costs of selecting, of naming, and of making lists and maps. */
const NAME = 1
const SELECT = 1
const LIST = 10
const MAP = 30
/** What a turn adds to the condition itself: to look at the result so far, and to join both. */
const TURNS: Readonly<Record<string, number>> = { all: 3, exists: 4 }
const RESULTS: Readonly<Record<string, number>> = { exists_one: 2 }
const APPEND = 12

/** Has every part charge for itself. */
export function meter(part: CheckedPart): void {
  const { alternate, macro } = part.meta
  if (alternate) {
    if (alternate.op === 'comprehension') meterLoop(alternate, String((part.args as unknown[])[0]))
    return
  }
  if (macro) meterMacro(macro)
  else {
    refine(part)
    METERS[part.op]?.(part)
  }
}

function meterLoop(loop: CheckedPart, name: string): void {
  const { iterable, init, step } = loop.args as Comprehension
  for (const each of [iterable, init, step]) meter(each)
  const turn = TURNS[name]
  if (turn !== undefined) beforeEvaluation(step, turn)
  beforeHandling(loop, RESULTS[name] ?? 1)
}

function meterMacro(macro: Macro): void {
  const { macroHasProps: chain, evaluate } = macro
  if (chain) {
    // The last selection is free; the name at the beginning charges for itself.
    const cost = SELECT * Math.max(0, chain.length - 2)
    const name = chain.at(-1)
    if (name) meter(name)
    macro.evaluate = (...args) => {
      charge(cost)
      return evaluate(...args)
    }
    return
  }
  for (const each of [macro.val, macro.exp, macro.receiver, macro.arg]) if (each?.meta) meter(each)
}

const METERS: Readonly<Record<string, (part: CheckedPart) => void>> = {
  id: part => beforeEvaluation(part, NAME),
  list: part => {
    for (const each of part.args as CheckedPart[]) meter(each)
    beforeEvaluation(part, LIST)
  },
  map: part => {
    for (const each of (part.args as CheckedPart[][]).flat()) meter(each)
    beforeEvaluation(part, MAP)
  },
  '?:': part => meterAll(part),
  '||': part => meterAll(part),
  '&&': part => meterAll(part),
  '.': part => meterAccess(part),
  '.?': part => meterAccess(part),
  '[]': part => meterAccess(part),
  '[?]': part => meterAccess(part),
  call: part => {
    const [name, args] = part.args as [string, CheckedPart[]]
    for (const each of args) meter(each)
    afterHandling(part, (given, result) => callCost(name, given as unknown[], result))
  },
  rcall: part => {
    const [name, receiver, args] = part.args as [string, CheckedPart, CheckedPart[]]
    for (const each of args) meter(each)
    meter(receiver)
    // The receivers of functions such as sets.contains are no values.
    const library = receiver.meta.alternate ? String(receiver.args) : undefined
    const called = library === undefined ? name : `${library}.${name}`
    afterHandling(part, (given, result) => {
      const all = given as unknown[]
      return callCost(called, library === undefined ? all : all.slice(1), result)
    })
  },
  '!_': part => meterUnary(part),
  '-_': part => meterUnary(part),
  accuPush: part => {
    meter(part.args as CheckedPart)
    beforeEvaluation(part, APPEND)
  },
  accuValue: part => beforeEvaluation(part, NAME),
  accuInc: part => beforeEvaluation(part, NAME + 1),
  '==': part => meterBinary(part, comparisonCost),
  '!=': part => meterBinary(part, comparisonCost),
  '<': part => meterBinary(part, orderCost),
  '<=': part => meterBinary(part, orderCost),
  '>': part => meterBinary(part, orderCost),
  '>=': part => meterBinary(part, orderCost),
  '-': part => meterBinary(part, () => 1),
  '*': part => meterBinary(part, () => 1),
  '/': part => meterBinary(part, () => 1),
  '%': part => meterBinary(part, () => 1),
  '+': part =>
    meterBinary(part, (left, right) =>
      isText(left) ? traversal(sizeOf(left) + sizeOf(right)) : 1,
    ),
  in: part => meterBinary(part, (_, list) => (Array.isArray(list) ? sizeOf(list) : 1)),
}

const isText = (value: unknown) => typeof value === 'string' || value instanceof Uint8Array

const orderCost = (left: unknown, right: unknown) =>
  isText(left) ? comparisonCost(left, right) : 1

function meterAll(part: CheckedPart): void {
  for (const each of part.args as CheckedPart[]) meter(each)
}

function meterAccess(part: CheckedPart): void {
  const [subject, key] = part.args as [CheckedPart, CheckedPart | string]
  meter(subject)
  if (typeof key !== 'string') meter(key)
  beforeHandling(part, SELECT)
}

function meterUnary(part: CheckedPart): void {
  const operand = part.args as CheckedPart
  meter(operand)
  // A negative number is one constant.
  if (part.op !== '-_' || operand.op !== 'value') beforeHandling(part, 1)
}

function meterBinary(part: CheckedPart, cost: (left: unknown, right: unknown) => number): void {
  meterAll(part)
  const { handle } = part
  part.handle = (...args) => {
    charge(cost(args[0], args[1]))
    return handle(...args)
  }
}

function beforeEvaluation({ meta }: CheckedPart, cost: number): void {
  const { evaluate } = meta
  meta.evaluate = (...args) => {
    charge(cost)
    return evaluate(...args)
  }
}

function beforeHandling(part: CheckedPart, cost: number): void {
  const { handle } = part
  part.handle = (...args) => {
    charge(cost)
    return handle(...args)
  }
}

function afterHandling(part: CheckedPart, cost: (args: unknown, result: unknown) => number): void {
  const { handle } = part
  part.handle = (...args) => {
    const result = handle(...args)
    charge(cost(args[0], result))
    return result
  }
}
