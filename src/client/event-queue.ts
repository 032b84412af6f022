/** Events that wait to be written, by the object that they are about: each object's in their order, the objects as they came. */
export class EventQueue<T> {
  readonly #unclaimed = new Map<string, T[]>()
  readonly #claimed = new Map<string, T[]>()
  #size = 0

  /** How many wait, those of claimed objects among them. */
  get size(): number {
    return this.#size
  }

  /** True where nobody has claimed the object, so that somebody has to come for it. */
  push(object: string, event: T): boolean {
    this.#size++
    const claimed = this.#claimed.get(object)
    if (claimed) {
      claimed.push(event)
      return false
    }
    const others = this.#unclaimed.get(object)
    if (others) others.push(event)
    else this.#unclaimed.set(object, [event])
    return true
  }

  /** The object that has waited longest. Nobody else gets it before it was taken empty. */
  claim(): string | undefined {
    for (const [object, events] of this.#unclaimed) {
      this.#unclaimed.delete(object)
      this.#claimed.set(object, events)
      return object
    }
  }

  /** The next event of a claimed object; undefined where there is none, and the object may be claimed anew. */
  take(object: string): T | undefined {
    const event = this.#claimed.get(object)?.shift()
    if (event === undefined) this.#claimed.delete(object)
    else this.#size--
    return event
  }

  clear(): void {
    this.#unclaimed.clear()
    for (const events of this.#claimed.values()) events.length = 0
    this.#size = 0
  }
}
