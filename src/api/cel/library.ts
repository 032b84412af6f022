/** What Kubernetes adds to the language: patterns, lists, addresses of the web and amounts. */
import { addressFamily, isCidr } from '../core/v1/addresses.ts'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityToNumber,
  subtractQuantities,
} from '../machinery/quantity.ts'

interface Target {
  registerFunction(signature: string, handler: (...args: never[]) => unknown): unknown
  registerType(
    name: string,
    type: { ctor: new (text: string) => unknown; fields: Record<string, string> },
  ): unknown
}

interface Pattern {
  readonly test: (text: string) => boolean
  readonly find: (text: string) => string | undefined
  readonly findAll: (text: string, limit: number) => string[]
}

type Ordered = string | number | bigint | boolean

export function addLibrary(target: Target, compile: (pattern: string) => Pattern): void {
  const add = (signature: string, handler: (...args: never[]) => unknown) =>
    target.registerFunction(signature, handler)
  addPatterns(add, compile)
  addLists(add)
  addTexts(add)
  addAddresses(add)
  addAmounts(target, add)
}

type Add = (signature: string, handler: (...args: never[]) => unknown) => unknown

function addPatterns(add: Add, compile: (pattern: string) => Pattern): void {
  add('string.linearMatches(string): bool', (text: string, pattern: string) =>
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

function addLists(add: Add): void {
  add('list.isSorted(): bool', (list: Ordered[]) =>
    list.every((item, at) => at === 0 || (list[at - 1] as Ordered) <= item),
  )
  add('list.sum(): dyn', (list: (number | bigint)[]) => {
    if (list.some(item => typeof item === 'number'))
      return list.reduce<number>((total, item) => total + Number(item), 0)
    return (list as bigint[]).reduce((total, item) => total + item, 0n)
  })
  const extreme = (name: string, isBetter: (one: Ordered, other: Ordered) => boolean) =>
    add(`list.${name}(): dyn`, (list: Ordered[]) => {
      const [first, ...rest] = list
      if (first === undefined) throw new Error(`${name} called on empty list`)
      return rest.reduce((best, item) => (isBetter(item, best) ? item : best), first)
    })
  extreme('min', (one, other) => one < other)
  extreme('max', (one, other) => one > other)
  add('list.indexOf(dyn): int', (list: unknown[], item: unknown) => BigInt(list.indexOf(item)))
  add('list.lastIndexOf(dyn): int', (list: unknown[], item: unknown) =>
    BigInt(list.lastIndexOf(item)),
  )
}

function addTexts(add: Add): void {
  add('string.charAt(int): string', (text: string, at: bigint) => {
    const letters = [...text]
    if (at < 0n || at > BigInt(letters.length)) throw new Error(`index out of range: ${at}`)
    return letters[Number(at)] ?? ''
  })
  add('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.split(from).join(to),
  )
  add(
    'string.replace(string, string, int): string',
    (text: string, from: string, to: string, count: bigint) => {
      if (count < 0n) return text.split(from).join(to)
      const parts = text.split(from)
      const replaced = Math.min(Number(count), parts.length - 1)
      return [parts.slice(0, replaced + 1).join(to), ...parts.slice(replaced + 1)].join(from)
    },
  )
  add('string.reverse(): string', (text: string) => [...text].reverse().join(''))
}

function addAddresses(add: Add): void {
  add('isURL(string): bool', (text: string) => URL.canParse(text))
  add('isIP(string): bool', (text: string) => addressFamily(text) !== undefined)
  add('isCIDR(string): bool', (text: string) => isCidr(text).length === 0)
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

function addAmounts(target: Target, add: Add): void {
  target.registerType('kubernetes.Quantity', { ctor: Amount, fields: {} })
  const type = 'kubernetes.Quantity'
  const compare = (one: Amount, other: Amount) => compareQuantities(one.text, other.text)
  add('isQuantity(string): bool', (text: string) => isQuantity(text))
  add(`quantity(string): ${type}`, (text: string) => new Amount(text))
  add(`${type}.isGreaterThan(${type}): bool`, (a: Amount, b: Amount) => compare(a, b) > 0)
  add(`${type}.isLessThan(${type}): bool`, (a: Amount, b: Amount) => compare(a, b) < 0)
  add(`${type}.compareTo(${type}): int`, (a: Amount, b: Amount) => BigInt(compare(a, b)))
  add(`${type}.sign(): int`, (one: Amount) => BigInt(compareQuantities(one.text, '0')))
  add(`${type}.asApproximateFloat(): double`, (one: Amount) => quantityToNumber(one.text))
  add(`${type}.isInteger(): bool`, (one: Amount) => Number.isInteger(quantityToNumber(one.text)))
  add(`${type}.asInteger(): int`, (one: Amount) => {
    const value = quantityToNumber(one.text)
    if (!Number.isInteger(value)) throw new Error('cannot convert value to integer')
    return BigInt(value)
  })
  const computed = (name: string, compute: typeof addQuantities) =>
    add(
      `${type}.${name}(${type}): ${type}`,
      (a: Amount, b: Amount) => new Amount(formatQuantity(compute(a.text, b.text))),
    )
  computed('add', addQuantities)
  computed('sub', subtractQuantities)
}
