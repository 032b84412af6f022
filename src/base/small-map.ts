/**
 * A map for owners of which there are many and most of which have a few keys or none: a Map is 180 bytes before it holds anything. Names
 * come in the order in which they were first set.
 */
export class SmallMap<V> {
  /** Each name and behind it its value. Arrays that were pushed to, or spread, have room for seventeen; these have room for what they hold. */
  #few: readonly (string | V)[] = NONE
  #many: Map<string, V> | undefined

  get size(): number {
    return this.#many?.size ?? this.#few.length / 2
  }

  has(name: string): boolean {
    return this.#many?.has(name) ?? this.#placeOf(name) >= 0
  }

  get(name: string): V | undefined {
    if (this.#many) return this.#many.get(name)
    const at = this.#placeOf(name)
    return at < 0 ? undefined : (this.#few[at + 1] as V)
  }

  set(name: string, value: V): void {
    const at = this.#placeOf(name)
    if (this.#many) this.#many.set(name, value)
    else if (at >= 0) this.#few = this.#few.with(at + 1, value)
    else if (this.#few.length < 2 * MOST_FEW) this.#few = this.#few.concat([name, value])
    else {
      this.#many = new Map()
      for (let i = 0; i < this.#few.length; i += 2)
        this.#many.set(this.#few[i] as string, this.#few[i + 1] as V)
      this.#many.set(name, value)
      this.#few = NONE
    }
  }

  delete(name: string): boolean {
    if (this.#many) return this.#many.delete(name)
    const at = this.#placeOf(name)
    if (at < 0) return false
    this.#few = this.#few.length === 2 ? NONE : this.#few.toSpliced(at, 2)
    return true
  }

  *keys(): Iterable<string> {
    if (this.#many) yield* this.#many.keys()
    else for (let i = 0; i < this.#few.length; i += 2) yield this.#few[i] as string
  }

  #placeOf(name: string): number {
    for (let i = 0; i < this.#few.length; i += 2) if (this.#few[i] === name) return i
    return -1
  }
}

/** Up to so many looking at each is as quick as a hash. */
const MOST_FEW = 8

const NONE: readonly never[] = Object.freeze([])
