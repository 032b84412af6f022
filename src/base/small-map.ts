/**
 * A map for owners of which there are many and most of which have a few keys or none: a Map is 180 bytes before it holds anything. Names
 * come in the order in which they were first set.
 */
export class SmallMap<V> {
  #few: readonly (readonly [name: string, value: V])[] = NONE
  #many: Map<string, V> | undefined

  get size(): number {
    return this.#many?.size ?? this.#few.length
  }

  has(name: string): boolean {
    return this.#many?.has(name) ?? this.#few.some(([each]) => each === name)
  }

  get(name: string): V | undefined {
    if (this.#many) return this.#many.get(name)
    for (const [each, value] of this.#few) if (each === name) return value
    return undefined
  }

  set(name: string, value: V): void {
    if (this.#many) {
      this.#many.set(name, value)
      return
    }
    const at = this.#few.findIndex(([each]) => each === name)
    if (at >= 0) this.#few = this.#few.with(at, [name, value])
    else if (this.#few.length < MOST_FEW) this.#few = [...this.#few, [name, value]]
    else {
      this.#many = new Map(this.#few).set(name, value)
      this.#few = NONE
    }
  }

  delete(name: string): boolean {
    if (this.#many) return this.#many.delete(name)
    const kept = this.#few.filter(([each]) => each !== name)
    if (kept.length === this.#few.length) return false
    this.#few = kept.length === 0 ? NONE : kept
    return true
  }

  keys(): Iterable<string> {
    return this.#many?.keys() ?? this.#few.map(([name]) => name)
  }
}

/** Up to so many looking at each is as quick as a hash. */
const MOST_FEW = 8

const NONE: readonly never[] = Object.freeze([])
