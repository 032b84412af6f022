/** Contents of objects by chance: what fields they may have, and what stands in them, depends on what is done with the content. */
import type { Dice } from '../../fuzz/random.ts'

/** Written as a whole, applied, or laid over what is there. */
export type Use = 'whole' | 'apply' | 'patch'

/** Undefined where there is to be nothing. */
export type Part = (dice: Dice, use: Use) => unknown

const PRESENT: Readonly<Record<Use, number>> = { whole: 55, apply: 40, patch: 30 }
/** Of a hundred fields so many are null, which takes away what a patch is laid over. */
const NULLS: Readonly<Record<Use, number>> = { whole: 2, apply: 3, patch: 15 }
/** Of a hundred lists and maps. */
const EMPTY = 6
/** Of a hundred lists of items that are told apart. */
const TWICE: Readonly<Record<Use, number>> = { whole: 15, apply: 2, patch: 6 }

const happens = (dice: Dice, percent: number) => dice.below(100) < percent

/** Any of these values. */
export const anyOf =
  (...values: readonly unknown[]): Part =>
  dice =>
    dice.pick(values)

/** There whenever the content is a whole, and mostly when it is applied. */
export const always = (part: Part): Part =>
  Object.assign((dice: Dice, use: Use) => part(dice, use), { always: true as const })

const isAlways = (part: Part) => (part as { always?: true }).always === true

/** Some of these fields. */
export const fields =
  (parts: Readonly<Record<string, Part>>): Part =>
  (dice, use) => {
    const object: Record<string, unknown> = {}
    for (const [name, part] of Object.entries(parts)) {
      const isNeeded = isAlways(part)
      const isThere = isNeeded
        ? use === 'whole' || happens(dice, use === 'apply' ? 85 : 40)
        : happens(dice, PRESENT[use])
      if (!isThere) continue
      const isNull = happens(dice, NULLS[use]) && !(isNeeded && use === 'whole')
      const value = isNull ? null : part(dice, use)
      if (value !== undefined) object[name] = value
    }
    return object
  }

/** A map or an object that may be empty. */
export const maybeEmpty =
  (part: Part): Part =>
  (dice, use) =>
    happens(dice, EMPTY) ? {} : part(dice, use)

/** Some of these items in any order, maybe one of them twice. */
export const someOf =
  (...items: readonly Part[]): Part =>
  (dice, use) => {
    const chosen = chosenOf(dice, items)
    if (chosen.length > 0 && happens(dice, TWICE[use])) chosen.push(dice.pick(chosen))
    return chosen.map(item => item(dice, use))
  }

/** Some of these items in any order. */
export const onceOf =
  (...items: readonly Part[]): Part =>
  (dice, use) =>
    chosenOf(dice, items).map(item => item(dice, use))

const chosenOf = (dice: Dice, items: readonly Part[]): Part[] =>
  happens(dice, EMPTY) ? [] : shuffled(dice, items).slice(0, 1 + dice.below(items.length))

function shuffled<T>(dice: Dice, items: readonly T[]): T[] {
  const rest = [...items]
  const order: T[] = []
  while (rest.length > 0) order.push(...rest.splice(dice.below(rest.length), 1))
  return order
}

/** An object with these fields always, and some of the others. */
export const item =
  (keys: object, parts: Readonly<Record<string, Part>>): Part =>
  (dice, use) => ({ ...keys, ...(fields(parts)(dice, use) as object) })
