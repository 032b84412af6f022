import { ArrivalOrder, type Placed } from '#base/arrival-order.ts'

/** What holds values that the file has, too. */
export interface Holder extends Placed {
  /** In bytes. */
  readonly size: number
  /** From now on the file is asked for them. */
  letGo(): void
}

/** Holders of values, of which those that came first let go where there is no room for all. */
export class HeldValues<Member extends Holder> {
  readonly #limitBytes: number
  readonly #holders = new ArrivalOrder<Member>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Takes a holder in, unless it is there already. */
  add(holder: Member): void {
    if (!this.#holders.addNew(holder)) return
    this.#bytes += holder.size
    while (this.#bytes > this.#limitBytes) {
      const oldest = this.#holders.takeOldest()
      if (oldest === undefined || oldest === holder) {
        // It alone is too large, and is let go when the next one comes.
        if (oldest) this.#holders.add(oldest)
        break
      }
      this.#bytes -= oldest.size
      oldest.letGo()
    }
  }

  /** Those let go that are done, whether there is room or not. */
  letGoIf(isDone: (holder: Member) => boolean): void {
    if (this.#holders.size === 0) return
    for (const holder of [...this.#holders]) {
      if (!isDone(holder)) continue
      this.delete(holder)
      holder.letGo()
    }
  }

  /** Forgets a holder, which goes on holding its values. */
  delete(holder: Member): void {
    if (this.#holders.delete(holder)) this.#bytes -= holder.size
  }
}
