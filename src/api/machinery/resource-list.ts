/** Amounts by the name of a resource, and arithmetic over them. Names keep the order in which they came. */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  subtractQuantities,
} from './quantity.ts'

export type ResourceList = ReadonlyMap<string, Quantity>

/** Amounts as objects carry them: `{ cpu: '500m' }`. */
export type WrittenAmounts = Readonly<Record<string, string>>

const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' }

export const countOf = (number: number): Quantity => ({
  nanos: BigInt(number) * 1_000_000_000n,
  format: 'DecimalSI',
})

export function readAmounts(written: WrittenAmounts = {}): ResourceList {
  return new Map(Object.entries(written).map(([name, text]) => [name, parseQuantity(text)]))
}

export function writeAmounts(list: ResourceList): Record<string, string> {
  return Object.fromEntries([...list].map(([name, amount]) => [name, formatQuantity(amount)]))
}

/** What is in either is in the result. */
export function addAmounts(a: ResourceList, b: ResourceList): ResourceList {
  const sum = new Map(a)
  for (const [name, amount] of b) sum.set(name, addQuantities(sum.get(name) ?? ZERO, amount))
  return sum
}

/** The larger of each. */
export function largestAmounts(a: ResourceList, b: ResourceList): ResourceList {
  const largest = new Map(a)
  for (const [name, amount] of b) {
    const other = largest.get(name)
    if (!other || compareQuantities(amount, other) > 0) largest.set(name, amount)
  }
  return largest
}

/** What `a` has beyond `b`; nothing less than zero. */
export function amountsBeyond(a: ResourceList, b: ResourceList): ResourceList {
  return new Map(
    [...a].map(([name, amount]) => {
      const rest = subtractQuantities(amount, b.get(name) ?? ZERO)
      return [name, rest.nanos > 0n ? rest : ZERO]
    }),
  )
}

export function onlyAmounts(
  list: ResourceList,
  isWanted: (name: string, amount: Quantity) => boolean,
): ResourceList {
  return new Map([...list].filter(([name, amount]) => isWanted(name, amount)))
}

/** `cpu=500m,pods=1`: by name, as messages show them. */
export function showAmounts(list: ResourceList): string {
  return [...list]
    .map(([name, amount]) => `${name}=${formatQuantity(amount)}`)
    .toSorted()
    .join(',')
}
