/**
 * What is looked at once the types are known: constants that no function takes, lists and maps of mixed items, and templates that their
 * values do not fit.
 */
import { compilePattern } from '../../machinery/patterns.ts'
import {
  type Call,
  type Expression,
  type Item,
  type List,
  type MapOf,
  partsOf,
} from '../parser/expression.ts'
import type { Complaint } from '../parser/tokens.ts'
import { piecesOf, wrongForVerb } from '../printing.ts'
import { isDuration, isTime } from '../spans.ts'
import type { Checked } from './check.ts'
import { isSameType, shownType, type Type } from './types.ts'

export function wrongConstants(expression: Expression, { typeOf }: Checked): Complaint[] {
  return new Validator(typeOf).within(expression, false)
}

class Validator {
  readonly #typeOf: (part: Expression) => Type
  /** Of what may be written out once more. */
  readonly #repeated = new Map<Expression, Complaint[]>()

  constructor(typeOf: (part: Expression) => Type) {
    this.#typeOf = typeOf
  }

  /** Values of a template may be mixed. */
  within(part: Expression, isFormatted: boolean): Complaint[] {
    if (part.kind === 'copy') return this.#repeated.get(part.of) ?? []
    const areMixed = isFormatted || (part.kind === 'call' && part.name === 'format')
    const below = partsOf(part).flatMap(each => this.within(each, areMixed))
    const own = this.#own(part, isFormatted)
    const all = own.length > 0 ? [...own, ...below] : below
    if (all.length > 0) this.#repeated.set(part, all)
    return all
  }

  #own(part: Expression, isFormatted: boolean): Complaint[] {
    if (part.kind === 'call') return [...wrongArgument(part), ...this.#wrongFormat(part)]
    if (isFormatted) return []
    if (part.kind === 'list') return this.#mixedItems(part)
    return part.kind === 'map' ? this.#mixedEntries(part) : []
  }

  #itemType({ value, isOptional }: Item): Type {
    const type = this.#typeOf(value)
    return (isOptional && type.parameters[0]) || type
  }

  #mixedItems({ items }: List): Complaint[] {
    const [first, ...rest] = items
    if (!first) return []
    const wanted = this.#itemType(first)
    const other = rest.find(each => !isSameType(wanted, this.#itemType(each), true))
    return other ? [mismatch(other.value, wanted, this.#itemType(other))] : []
  }

  #mixedEntries({ entries }: MapOf): Complaint[] {
    const [first, ...rest] = entries
    if (!first) return []
    const [key, value] = [this.#typeOf(first.key), this.#itemType(first)]
    return rest.flatMap(entry => {
      const [ofKey, ofValue] = [this.#typeOf(entry.key), this.#itemType(entry)]
      return [
        ...(isSameType(key, ofKey, true) ? [] : [mismatch(entry.key, key, ofKey)]),
        ...(isSameType(value, ofValue, true) ? [] : [mismatch(entry.value, value, ofValue)]),
      ]
    })
  }

  /** Of a template and values that both stand in the expression. */
  #wrongFormat({ at, name, target, args: [list, ...more] }: Call): Complaint[] {
    if (name !== 'format' || target?.kind !== 'constant' || target.type !== 'string') return []
    if (list?.kind !== 'list' || more.length > 0) return []
    const values = list.items.map(({ value }) => value)
    let next = 0
    try {
      for (const piece of piecesOf(String(target.value), values.length)) {
        if ('text' in piece) continue
        const wrong = this.#wrongValue(piece.verb, values[next++] as Expression)
        if (wrong) return [wrong]
      }
    } catch (thrown) {
      return [{ at, message: (thrown as Error).message }]
    }
    if (next === values.length) return []
    const counts = `(expected ${next}, got ${values.length})`
    return [{ at, message: `too many arguments supplied to string.format ${counts}` }]
  }

  #wrongValue(verb: string, value: Expression): Complaint | undefined {
    const { kind, name } = this.#typeOf(value)
    // Texts are numbers, too, before they are looked at: such as the one of what is infinite.
    const mayBeNumber = kind === 'string' && 'fe'.includes(verb)
    const message = kind === 'dyn' || mayBeNumber ? undefined : wrongForVerb(verb, name)
    if (message !== undefined) return { at: value.at, message }
    if (verb !== 's') return undefined
    const inner =
      value.kind === 'list'
        ? value.items.map(each => each.value)
        : value.kind === 'map'
          ? value.entries.flatMap(entry => [entry.key, entry.value])
          : []
    for (const each of inner) {
      const wrong = this.#wrongValue(verb, each)
      if (wrong) return wrong
    }
    return undefined
  }
}

const mismatch = ({ at }: Expression, wanted: Type, given: Type): Complaint => ({
  at,
  message: `expected type '${shownType(wanted)}' but found '${shownType(given)}'`,
})

const TAKEN: Readonly<Record<string, (value: unknown) => boolean>> = {
  duration: isDuration,
  timestamp: isTime,
  matches: isPattern,
}

function isPattern(value: unknown): boolean {
  try {
    compilePattern(String(value))
    return true
  } catch {
    return false
  }
}

function wrongArgument({ name, args: [argument] }: Call): Complaint[] {
  if (argument?.kind !== 'constant' || !Object.hasOwn(TAKEN, name)) return []
  if (TAKEN[name]?.(argument.value)) return []
  return [{ at: argument.at, message: `invalid ${name} argument` }]
}
