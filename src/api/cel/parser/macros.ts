/** Calls that are written out as loops and questions before anything is known of types. */
import type { Call, Expression } from './expression.ts'

/** What a macro is made of; `at` is where it is called. */
export interface Called {
  readonly at: number
  readonly target: Expression | undefined
  readonly args: readonly Expression[]
}

/** Throws `MacroError`; undefined where it is an ordinary call all the same. */
export type Macro = (called: Called) => Expression | undefined

export class MacroError extends Error {
  readonly at: number
  constructor({ at }: Expression, message: string) {
    super(message)
    this.at = at
  }
}

/** Nobody can write this name. */
const GATHERED = '@result'
const OLD_GATHERED = '__result__'

const call = (at: number, name: string, ...args: readonly Expression[]): Expression => ({
  kind: 'call',
  at,
  name,
  args,
})
const method = (at: number, name: string, target: Expression, ...args: Expression[]): Call => ({
  kind: 'call',
  at,
  name,
  target,
  args,
})
const named = (at: number, name: string): Expression => ({ kind: 'name', at, name })
const constant = (at: number, value: boolean | bigint): Expression =>
  typeof value === 'bigint'
    ? { kind: 'constant', at, type: 'int', value }
    : { kind: 'constant', at, type: 'bool', value }
const listOf = (at: number, ...items: Expression[]): Expression => ({
  kind: 'list',
  at,
  items: items.map(value => ({ value, isOptional: false })),
})
const emptyMap = (at: number): Expression => ({ kind: 'map', at, entries: [] })

const OVERWRITES = 'iteration variable overwrites accumulator variable'

function nameOf(argument: Expression, otherwise: string): string {
  if (argument.kind !== 'name') throw new MacroError(argument, otherwise)
  return argument.name
}

/** The names by which a loop calls what it goes through. */
function namesOf(args: readonly Expression[], otherwise: string): readonly string[] {
  const names = args.map(each => nameOf(each, otherwise))
  if (names.length === 2 && names[0] === names[1])
    throw new MacroError(args[1] as Expression, `duplicate variable name: ${names[0]}`)
  const at = names.findIndex(name => name === GATHERED || name === OLD_GATHERED)
  if (at >= 0) throw new MacroError(args[at] as Expression, OVERWRITES)
  return names
}

interface Gathering {
  readonly start: Expression
  readonly condition?: Expression
  readonly step: Expression
  readonly result?: Expression
}

const loop = (
  { at, target }: Called,
  names: readonly string[],
  { start, condition, step, result }: Gathering,
): Expression => ({
  kind: 'loop',
  at,
  range: target as Expression,
  names,
  gathered: GATHERED,
  start,
  condition: condition ?? constant(at, true),
  step,
  result: result ?? named(at, GATHERED),
})

type Quantifier = (at: number, so: Expression) => Gathering

const ALL: Quantifier = (at, so) => ({
  start: constant(at, true),
  condition: call(at, '@not_strictly_false', named(at, GATHERED)),
  step: call(at, '_&&_', named(at, GATHERED), so),
})
const EXISTS: Quantifier = (at, so) => ({
  start: constant(at, false),
  condition: call(at, '@not_strictly_false', call(at, '!_', named(at, GATHERED))),
  step: call(at, '_||_', named(at, GATHERED), so),
})
const ONE: Quantifier = (at, so) => ({
  start: constant(at, 0n),
  step: call(
    at,
    '_?_:_',
    so,
    call(at, '_+_', named(at, GATHERED), constant(at, 1n)),
    named(at, GATHERED),
  ),
  result: call(at, '_==_', named(at, GATHERED), constant(at, 1n)),
})

const quantified =
  (quantifier: Quantifier): Macro =>
  called => {
    const { at, args } = called
    const names = namesOf(args.slice(0, -1), 'argument must be a simple name')
    return loop(called, names, quantifier(at, args.at(-1) as Expression))
  }

/** What is gathered of those for which the condition holds, where there is one. */
const onlyIf = (at: number, condition: Expression | undefined, step: Expression): Expression =>
  condition ? call(at, '_?_:_', condition, step, named(at, GATHERED)) : step

const mapped: Macro = called => {
  const { at, args } = called
  const names = namesOf(args.slice(0, 1), 'argument is not an identifier')
  const made = call(at, '_+_', named(at, GATHERED), listOf(at, args.at(-1) as Expression))
  const condition = args.length === 3 ? args[1] : undefined
  return loop(called, names, { start: listOf(at), step: onlyIf(at, condition, made) })
}

const filtered: Macro = called => {
  const { at, args } = called
  const [item, condition] = args as [Expression, Expression]
  const names = namesOf([item], 'argument is not an identifier')
  const made = call(at, '_+_', named(at, GATHERED), listOf(at, item))
  return loop(called, names, { start: listOf(at), step: onlyIf(at, condition, made) })
}

const transformed =
  (
    start: (at: number) => Expression,
    made: (at: number, name: string, so: Expression) => Expression,
  ): Macro =>
  called => {
    const { at, args } = called
    const names = namesOf(args.slice(0, 2), 'argument must be a simple name')
    const step = made(at, String(names[0]), args.at(-1) as Expression)
    const condition = args.length === 4 ? args[2] : undefined
    return loop(called, names, { start: start(at), step: onlyIf(at, condition, step) })
  }

const intoList = transformed(listOf, (at, _, so) =>
  call(at, '_+_', named(at, GATHERED), listOf(at, so)),
)
const intoMap = transformed(emptyMap, (at, name, so) =>
  call(at, 'cel.@mapInsert', named(at, GATHERED), named(at, name), so),
)
const intoEntries = transformed(emptyMap, (at, _, so) =>
  call(at, 'cel.@mapInsert', named(at, GATHERED), so),
)

/** A value by a name: a loop through nothing. */
const bound = (at: number, name: string, value: Expression, within: Expression): Expression => ({
  kind: 'loop',
  at,
  range: listOf(at),
  names: ['#unused'],
  gathered: name,
  start: value,
  condition: constant(at, false),
  step: named(at, name),
  result: within,
})

const optionally =
  (macro: string, made: (at: number, bound: Expression) => Expression): Macro =>
  ({ at, target, args }) => {
    const [variable, within] = args as [Expression, Expression]
    const name = nameOf(variable, `${macro}() variable name must be a simple identifier`)
    const asked = target as Expression
    const again: Expression = { kind: 'copy', at: asked.at, of: asked }
    const value = bound(at, name, method(at, 'value', again), within)
    const isThere = method(at, 'hasValue', asked)
    return call(at, '_?_:_', isThere, made(at, value), call(at, 'optional.none'))
  }

const SORTED = '@__sortBy_input__'
const SORTABLE = ['list', 'field', 'name', 'loop', 'call']

const sorted: Macro = called => {
  const { at, target } = called
  if (!target || !SORTABLE.includes(target.kind))
    throw new MacroError(
      target as Expression,
      'sortBy can only be applied to a list, identifier, comprehension, call or select expression',
    )
  const keys = mapped({ ...called, target: named(at, SORTED) }) as Expression
  return bound(at, SORTED, target, method(at, '@sortByAssociatedKeys', named(at, SORTED), keys))
}

const has: Macro = ({ at, args: [asked] }) => {
  if (asked?.kind !== 'field')
    throw new MacroError(asked as Expression, 'invalid argument to has() macro')
  return { ...asked, at, isTest: true }
}

const bind: Macro = ({ at, target, args }) => {
  if (target?.kind !== 'name' || target.name !== 'cel') return undefined
  const [variable, value, within] = args as [Expression, Expression, Expression]
  const name = nameOf(variable, 'cel.bind() variable names must be simple identifiers')
  return bound(at, name, value, within)
}

/** By name and number of arguments; methods have a dot before. */
export const MACROS: ReadonlyMap<string, Macro> = new Map([
  ['has/1', has],
  ['.all/2', quantified(ALL)],
  ['.all/3', quantified(ALL)],
  ['.exists/2', quantified(EXISTS)],
  ['.exists/3', quantified(EXISTS)],
  ['.exists_one/2', quantified(ONE)],
  ['.exists_one/3', quantified(ONE)],
  ['.existsOne/3', quantified(ONE)],
  ['.map/2', mapped],
  ['.map/3', mapped],
  ['.filter/2', filtered],
  ['.transformList/3', intoList],
  ['.transformList/4', intoList],
  ['.transformMap/3', intoMap],
  ['.transformMap/4', intoMap],
  ['.transformMapEntry/3', intoEntries],
  ['.transformMapEntry/4', intoEntries],
  ['.optMap/2', optionally('optMap', (at, value) => call(at, 'optional.of', value))],
  ['.optFlatMap/2', optionally('optFlatMap', (_, value) => value)],
  ['.sortBy/2', sorted],
])

/** Values are bound to names in expressions of devices alone. */
export const WITH_BIND: ReadonlyMap<string, Macro> = new Map([...MACROS, ['.bind/3', bind]])
