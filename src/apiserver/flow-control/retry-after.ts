/**
 * After how many seconds those who were refused may come again: one, twice as many each time that many are refused, fewer again when
 * few are; as upstream reckons it.
 */

const LONGEST_SECONDS = 32

export class RetryAfter {
  #seconds = 1
  #second: number
  #count = 0
  #raisedAt = 0
  /** How many were refused in each of the last seconds. */
  #history: { readonly second: number; readonly count: number }[] = []

  constructor(nowMs: number) {
    this.#second = secondOf(nowMs)
  }

  get seconds(): number {
    return this.#seconds
  }

  refused(nowMs: number): void {
    const second = secondOf(nowMs)
    if (second === this.#second) {
      this.#count++
      return
    }
    this.#history.push({ second: this.#second, count: this.#count })
    const kept = Math.min(2 * this.#seconds, LONGEST_SECONDS)
    this.#history = this.#history.filter(each => second - each.second <= kept)
    this.#second = second
    this.#count = 1
    this.#judge(second)
  }

  #judge(second: number): void {
    const seconds = this.#seconds
    const recent = this.#history.filter(each => second - each.second <= seconds)
    const refused = recent.reduce((sum, { count }) => sum + count, 0)
    if (second - this.#raisedAt >= seconds && refused >= 3 * seconds) {
      this.#seconds = Math.min(2 * seconds, LONGEST_SECONDS)
      this.#raisedAt = second
    } else if (refused < seconds && seconds > 1) this.#seconds--
  }
}

const secondOf = (ms: number) => Math.floor(ms / 1000)
