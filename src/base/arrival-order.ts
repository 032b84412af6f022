/**
 * A set that gives up its members in the order in which they came. A Set alone would look at all the places of former members for each oldest
 * one, since it closes such gaps only when it grows.
 */
export class ArrivalOrder<Member> {
  readonly #members = new Set<Member>()
  #oldest: SetIterator<Member> | undefined

  /** Puts a member last, also one that is there already. */
  add(member: Member): void {
    this.#members.delete(member)
    this.#members.add(member)
  }

  /** Puts a member last unless it is there already. Whether it was not. */
  addNew(member: Member): boolean {
    const { size } = this.#members
    this.#members.add(member)
    return this.#members.size > size
  }

  has(member: Member): boolean {
    return this.#members.has(member)
  }

  /** Whether it was there. */
  delete(member: Member): boolean {
    return this.#members.delete(member)
  }

  /** Takes the one out that came first; undefined when there is none. */
  takeOldest(): Member | undefined {
    // An iterator that has come to its end says nothing of what came later.
    let next = this.#oldest?.next()
    if (!next || next.done) {
      this.#oldest = this.#members.values()
      next = this.#oldest.next()
    }
    if (next.done) {
      this.#oldest = undefined
      return undefined
    }
    this.#members.delete(next.value)
    return next.value
  }
}
