/** What may be in an order, one at a time. */
export interface Placed {
  /** Where it stands there; only the order writes it. `NOWHERE` to begin with. */
  slot: number
}

export const NOWHERE = -1

const FEWEST_SLOTS = 16

/**
 * A set that gives up its members in the order in which they came.
 *
 * A Set does not serve: it keeps the places of former members until it is copied, and V8 links each such copy to the next. Once one of them is old, all that
 * follow, and all that stood in them, live until the next collection of all garbage, however short they were members. So members stand in a ring of
 * slots that is used again and again, know where, and leave nothing behind.
 */
export class ArrivalOrder<Member extends Placed> {
  /** As many as a power of two. */
  #slots = emptySlots<Member>(FEWEST_SLOTS)
  /** Slots are counted on for ever; the oldest member stands in this one or behind. */
  #first = 0
  #end = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** In order. Nobody may come or go meanwhile. */
  *[Symbol.iterator](): Iterator<Member> {
    for (let slot = this.#first; slot < this.#end; slot++) {
      const member = this.#slots[this.#indexOf(slot)]
      if (member) yield member
    }
  }

  clear(): void {
    while (this.takeOldest());
  }

  /** Puts a member last, also one that is there already. */
  add(member: Member): void {
    this.delete(member)
    this.#push(member)
  }

  /** Puts a member last unless it is there already. Whether it was not. */
  addNew(member: Member): boolean {
    if (member.slot !== NOWHERE) return false
    this.#push(member)
    return true
  }

  /** Whether it was there. */
  delete(member: Member): boolean {
    if (member.slot === NOWHERE) return false
    this.#slots[this.#indexOf(member.slot)] = undefined
    member.slot = NOWHERE
    this.#size--
    return true
  }

  /** Takes the one out that came first; undefined when there is none. */
  takeOldest(): Member | undefined {
    if (this.#size === 0) return undefined
    let oldest = this.#slots[this.#indexOf(this.#first++)]
    while (!oldest) oldest = this.#slots[this.#indexOf(this.#first++)]
    this.delete(oldest)
    return oldest
  }

  #push(member: Member): void {
    if (this.#end - this.#first === this.#slots.length) this.#makeRoom()
    member.slot = this.#end++
    this.#slots[this.#indexOf(member.slot)] = member
    this.#size++
  }

  /** Members close up, in twice as many slots where most have one. */
  #makeRoom(): void {
    const { length } = this.#slots
    const members = emptySlots<Member>(2 * this.#size > length ? 2 * length : length)
    let count = 0
    for (let slot = this.#first; slot < this.#end; slot++) {
      const index = this.#indexOf(slot)
      const member = this.#slots[index]
      if (!member) continue
      member.slot = count
      members[count++] = member
      // What is left of the former slots must not keep anybody either.
      this.#slots[index] = undefined
    }
    this.#slots = members
    this.#first = 0
    this.#end = count
  }

  /** Bits of lower value stay what they are, also of numbers that need more than 32. */
  #indexOf(slot: number): number {
    return slot & (this.#slots.length - 1)
  }
}

function emptySlots<Member>(length: number): (Member | undefined)[] {
  return new Array<Member | undefined>(length).fill(undefined)
}
