/** Something that made forms of itself, and can make them again. */
export interface Forgetful {
  /** Drops what can be made again. */
  forget(): void
}

/**
 * Bounds what all objects together keep of the forms that were made of them: who made one last drops it last. A cluster of usual size never
 * comes to the limit; a list of a million objects would otherwise keep each of them in memory.
 */
export class FormCache {
  readonly #limitBytes: number
  readonly #owners = new Map<Forgetful, number>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** The owner made a form of about so many bytes. */
  add(owner: Forgetful, bytes: number): void {
    const before = this.#owners.get(owner) ?? 0
    this.#owners.delete(owner)
    this.#owners.set(owner, before + bytes)
    this.#bytes += bytes
    if (this.#bytes <= this.#limitBytes) return
    for (const [oldest, held] of this.#owners) {
      if (this.#bytes <= this.#limitBytes || oldest === owner) break
      this.#owners.delete(oldest)
      this.#bytes -= held
      oldest.forget()
    }
  }

  /** The owner is of the past: whoever has it still decides how long its forms live. */
  release(owner: Forgetful): void {
    this.#bytes -= this.#owners.get(owner) ?? 0
    this.#owners.delete(owner)
  }
}
