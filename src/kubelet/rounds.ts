/**
 * Work that brings something up to date, such as a file: one round after the other. Whoever asks while one is under way waits for the next, which
 * sees what holds then; so however many ask, at most one more round comes.
 */
export class Rounds {
  readonly #work: () => Promise<void>
  #current: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** Resolves, or rejects, as a round does that has not begun yet. */
  run(): Promise<void> {
    const begin = () => {
      this.#next = undefined
      this.#current = this.#work()
      return this.#current
    }
    this.#next ??= this.#current.then(begin, begin)
    return this.#next
  }

  /** Resolves when no round is under way or asked for. */
  async settled(): Promise<void> {
    while (this.#next) await this.#next.catch(() => {})
    await this.#current.catch(() => {})
  }
}
