/** A binary heap whose members can also be found and taken out by their key. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #places = new Map<string, number>()
  readonly #keyOf: (item: T) => string
  readonly #compare: (a: T, b: T) => number

  /** `compare` is negative where `a` comes out first. */
  constructor(keyOf: (item: T) => string, compare: (a: T, b: T) => number) {
    this.#keyOf = keyOf
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  get(key: string): T | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#items[place]
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  values(): readonly T[] {
    return this.#items
  }

  /** Adds the item, in place of one with the same key. */
  push(item: T): void {
    this.delete(this.#keyOf(item))
    this.#set(this.#items.length, item)
    this.#up(this.#items.length - 1)
  }

  pop(): T | undefined {
    const [first] = this.#items
    if (first !== undefined) this.delete(this.#keyOf(first))
    return first
  }

  delete(key: string): T | undefined {
    const place = this.#places.get(key)
    if (place === undefined) return undefined
    const item = this.#items[place]
    const last = this.#items.pop()
    this.#places.delete(key)
    if (last !== undefined && place < this.#items.length) {
      this.#set(place, last)
      this.#up(place)
      this.#down(place)
    }
    return item
  }

  #set(place: number, item: T): void {
    this.#items[place] = item
    this.#places.set(this.#keyOf(item), place)
  }

  #isBefore(i: number, j: number): boolean {
    const [a, b] = [this.#items[i], this.#items[j]]
    return a !== undefined && b !== undefined && this.#compare(a, b) < 0
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#items[i], this.#items[j]]
    if (a === undefined || b === undefined) return
    this.#set(i, b)
    this.#set(j, a)
  }

  #up(start: number): void {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!this.#isBefore(i, parent)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  #down(start: number): void {
    for (let i = start; ; ) {
      const left = 2 * i + 1
      const smallest = this.#isBefore(left + 1, left) ? left + 1 : left
      if (!this.#isBefore(smallest, i)) return
      this.#swap(i, smallest)
      i = smallest
    }
  }
}
