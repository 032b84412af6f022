/** What Kubernetes adds to the language: patterns and amounts here, the rest in the files beside. */
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  subtractQuantities,
} from '../machinery/quantity.ts'
import { addAddresses } from './library.addresses.ts'
import { addFormats } from './library.formats.ts'
import { addLists, sameOptional } from './library.lists.ts'
import { addTexts } from './library.texts.ts'
import { addWebAddresses } from './library.urls.ts'
import { addLiterals } from './literals.ts'
import { addOptionalEntries } from './optional-entries.ts'
import { addTwoVariables } from './two-variables.ts'

export interface Target {
  registerFunction(signature: string, handler: (...args: never[]) => unknown): unknown
  registerType(name: string, type: object): unknown
  registerConstant(name: string, type: string, value: unknown): unknown
  registerOperator(signature: string, handler: (one: unknown, other: unknown) => boolean): unknown
}

interface Pattern {
  readonly test: (text: string) => boolean
  readonly find: (text: string) => string | undefined
  readonly findAll: (text: string, limit: number) => string[]
}

export type Optional = (value: unknown) => unknown

/** `optional` makes the engine's value for something that may be undefined. */
export function addLibrary(
  target: Target,
  compile: (pattern: string) => Pattern,
  optional: Optional,
): void {
  const add = (signature: string, handler: (...args: never[]) => unknown) =>
    target.registerFunction(signature, handler)
  addPatterns(add, compile)
  addLists(target, add, optional)
  addTexts(target, add)
  addAddresses(target, add)
  addWebAddresses(target, add)
  addFormats(target, add, optional)
  addTwoVariables(add)
  addOptionalEntries(target, add)
  addLiterals(add)
  addAmounts(target, add)
  for (const type of ['Duration', 'Timestamp'])
    target.registerOperator(`google.protobuf.${type} == null`, (one, other) => one === other)
  // What they hold is compared where it is there in both.
  target.registerOperator('optional<dyn> == optional<dyn>', (one, other) =>
    sameOptional(one, other),
  )
}

export type Add = (signature: string, handler: (...args: never[]) => unknown) => unknown

function addPatterns(add: Add, compile: (pattern: string) => Pattern): void {
  add('string.linearMatches(string): bool', (text: string, pattern: string) =>
    compile(pattern).test(text),
  )
  add('matches(string, string): bool', (text: string, pattern: string) =>
    compile(pattern).test(text),
  )
  add(
    'string.find(string): string',
    (text: string, pattern: string) => compile(pattern).find(text) ?? '',
  )
  add('string.findAll(string): list<string>', (text: string, pattern: string) =>
    compile(pattern).findAll(text, Number.POSITIVE_INFINITY),
  )
  add('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) =>
    compile(pattern).findAll(text, limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)),
  )
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text)
    return true
  } catch {
    return false
  }
}

/** An amount in an expression. */
class Amount {
  readonly text: string
  constructor(text: string) {
    this.text = canonicalQuantity(text)
  }
}

/** Fits into 64 bits. */
const isLong = (value: bigint) => BigInt.asIntN(64, value) === value

const NANOS_PER_ONE = 1_000_000_000n

function addAmounts(target: Target, add: Add): void {
  target.registerType('kubernetes.Quantity', { ctor: Amount, fields: {} })
  const type = 'kubernetes.Quantity'
  const compare = (one: Amount, other: Amount) => compareQuantities(one.text, other.text)
  target.registerOperator(
    `${type} == ${type}`,
    (one, other) => compare(one as Amount, other as Amount) === 0,
  )
  add('isQuantity(string): bool', (text: string) => isQuantity(text))
  add(`quantity(string): ${type}`, (text: string) => new Amount(text))
  add(`${type}.isGreaterThan(${type}): bool`, (a: Amount, b: Amount) => compare(a, b) > 0)
  add(`${type}.isLessThan(${type}): bool`, (a: Amount, b: Amount) => compare(a, b) < 0)
  add(`${type}.compareTo(${type}): int`, (a: Amount, b: Amount) => BigInt(compare(a, b)))
  // No member, though upstream documents it as one.
  add(`sign(${type}): int`, (one: Amount) => BigInt(compareQuantities(one.text, '0')))
  const nanosOf = ({ text }: Amount) => parseQuantity(text).nanos
  add(
    `${type}.asApproximateFloat(): double`,
    (one: Amount) => Number(nanosOf(one)) / Number(NANOS_PER_ONE),
  )
  add(`${type}.isInteger(): bool`, (one: Amount) => {
    const nanos = nanosOf(one)
    return nanos % NANOS_PER_ONE === 0n && isLong(nanos / NANOS_PER_ONE)
  })
  add(`${type}.asInteger(): int`, (one: Amount) => {
    const nanos = nanosOf(one)
    if (nanos % NANOS_PER_ONE !== 0n || !isLong(nanos / NANOS_PER_ONE))
      throw new Error('cannot convert value to integer')
    return nanos / NANOS_PER_ONE
  })
  const computed = (name: string, compute: typeof addQuantities) => {
    const make = (a: Amount, text: string) => new Amount(formatQuantity(compute(a.text, text)))
    add(`${type}.${name}(${type}): ${type}`, (a: Amount, b: Amount) => make(a, b.text))
    add(`${type}.${name}(int): ${type}`, (a: Amount, b: bigint) => make(a, String(b)))
  }
  computed('add', addQuantities)
  computed('sub', subtractQuantities)
}
