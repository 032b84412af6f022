/** Which types fit which, and what the variables in them come to by that. */
import { DYN, isSameType, isUnknown, type Type } from './types.ts'

/** How many types, and parts of them, are looked at for one expression. */
const MAXIMUM_STEPS = 2_000_000

/** Types that hold themselves twice, time and again, have no end that anybody would wait for. */
export class TooComplex extends Error {}

const ALWAYS_NULLABLE = new Set(['opaque', 'struct', 'any', 'duration', 'timestamp'])

/** What is known of variables; what did not fit after all is taken back. */
export class Bindings {
  readonly #types = new Map<string, Type>()
  readonly #changes: (readonly [name: string, before: Type | undefined])[] = []
  #steps = 0

  /** Whether one fits where the other is wanted; if not, nothing is known by it. */
  fits(one: Type, other: Type): boolean {
    return this.fitAll([one], [other])
  }

  fitAll(some: readonly Type[], others: readonly Type[]): boolean {
    const mark = this.#changes.length
    if (this.#areFitting(some, others)) return true
    while (this.#changes.length > mark) {
      const [name, before] = this.#changes.pop() as [string, Type | undefined]
      if (before) this.#types.set(name, before)
      else this.#types.delete(name)
    }
    return false
  }

  /** With all that is known written in; what is not is dynamic where it is `final`. */
  resolved(type: Type, isFinal = false): Type {
    this.#step()
    const known = type.kind === 'variable' ? this.#types.get(type.name) : undefined
    if (known) return this.resolved(known, isFinal)
    if (type.kind === 'variable') return isFinal ? DYN : type
    if (type.parameters.length === 0) return type
    const parameters = type.parameters.map(each => this.resolved(each, isFinal))
    return parameters.every((each, at) => each === type.parameters[at])
      ? type
      : { ...type, parameters }
  }

  #bind(name: string, type: Type): void {
    this.#changes.push([name, this.#types.get(name)])
    this.#types.set(name, type)
  }

  #areFitting(some: readonly Type[], others: readonly Type[]): boolean {
    return (
      some.length === others.length &&
      some.every((one, at) => this.#isFitting(one, others[at] as Type))
    )
  }

  #step(): void {
    if (++this.#steps > MAXIMUM_STEPS) throw new TooComplex()
  }

  #isFitting(one: Type, other: Type): boolean {
    this.#step()
    if (one === other) return true
    if (other.kind === 'variable') {
      const bound = this.#canStandFor(one, other)
      if (bound !== 'unfit') return bound === 'fit'
    }
    if (one.kind === 'variable') return this.#canStandFor(other, one) === 'fit'
    if ([one, other].some(type => isUnknown(type) || type.kind === 'error')) return true
    if (one.kind === 'null') return isNullable(other)
    if (other.kind === 'null') return isNullable(one)
    if (one.kind !== other.kind) return false
    if (one.kind === 'type') return true
    return one.name === other.name && this.#areFitting(one.parameters, other.parameters)
  }

  /** `never` where the variable is something else already. */
  #canStandFor(type: Type, variable: Type): 'fit' | 'unfit' | 'never' {
    if (isSameType(type, variable)) return 'fit'
    const known = this.#types.get(variable.name)
    if (known) {
      if (isSameType(type, known)) return 'fit'
      if (!this.#isFitting(type, known)) return 'never'
      const general = moreGeneral(type, known)
      if (!this.#occursIn(variable, general)) this.#bind(variable.name, general)
      return 'fit'
    }
    if (this.#occursIn(variable, type)) return 'unfit'
    this.#bind(variable.name, type)
    return 'fit'
  }

  #occursIn(variable: Type, within: Type): boolean {
    this.#step()
    if (isSameType(variable, within)) return true
    if (within.kind !== 'variable')
      return within.parameters.some(each => this.#occursIn(variable, each))
    const known = this.#types.get(within.name)
    return known !== undefined && this.#occursIn(variable, known)
  }
}

const isNullable = ({ kind, isWrapper = false }: Type) =>
  kind === 'null' || isWrapper || ALWAYS_NULLABLE.has(kind)

/** Of two types of which one fits the other. */
export const moreGeneral = (one: Type, other: Type): Type => (isAsGeneral(one, other) ? one : other)

function isAsGeneral(one: Type, other: Type): boolean {
  if (isUnknown(one) || one.kind === 'variable') return true
  if (isUnknown(other) || other.kind === 'variable' || one.kind !== other.kind) return false
  if (one.kind === 'type') return true
  if (one.kind === 'opaque' || one.kind === 'list' || one.kind === 'map')
    return (
      one.name === other.name &&
      one.parameters.length === other.parameters.length &&
      one.parameters.every((each, at) => isAsGeneral(each, other.parameters[at] as Type))
    )
  return isSameType(one, other)
}
