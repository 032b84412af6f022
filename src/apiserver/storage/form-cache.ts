import { ArrivalOrder, type Placed } from '#base/arrival-order.ts'

/** Something that made forms of itself, and can make them again. */
export interface Forgetful extends Placed {
  /** About how many bytes they take; only the cache counts them. 0 to begin with. */
  formBytes: number
  /** Drops what can be made again. */
  forget(): void
}

/**
 * Bounds what all objects together keep of the forms that were made of them: who made one last drops it last. A cluster of usual size never
 * comes to the limit; a list of a million objects would otherwise keep each of them in memory.
 */
export class FormCache {
  readonly #limitBytes: number
  readonly #order = new ArrivalOrder<Forgetful>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** The owner made a form of about so many bytes. */
  add(owner: Forgetful, bytes: number): void {
    owner.formBytes += bytes
    this.#order.add(owner)
    this.#bytes += bytes
    while (this.#bytes > this.#limitBytes) {
      const oldest = this.#order.takeOldest()
      if (oldest === undefined || oldest === owner) {
        // It alone is too large, and goes when the next one comes.
        if (oldest) this.#order.add(oldest)
        break
      }
      this.#drop(oldest)
      oldest.forget()
    }
  }

  /** The owner is of the past: whoever has it still decides how long its forms live. */
  release(owner: Forgetful): void {
    this.#order.delete(owner)
    this.#drop(owner)
  }

  #drop(owner: Forgetful): void {
    this.#bytes -= owner.formBytes
    owner.formBytes = 0
  }
}
