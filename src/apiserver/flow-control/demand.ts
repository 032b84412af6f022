/** How many seats a level could have used over a time: what is in use and what waits, weighed by how long it was so. */

export interface Demand {
  readonly average: number
  readonly deviation: number
  readonly highest: number
}

/** Half of what was is forgotten within five minutes of looks that are ten seconds apart. */
const SMOOTHING = 0.977

export class DemandMeter {
  /** Follows the demand up at once, and down slowly. */
  smoothed = 0
  #seats = 0
  #highest = 0
  #sinceMs: number
  #changedMs: number
  #sum = 0
  #squares = 0
  #last: Demand = { average: 0, deviation: 0, highest: 0 }

  constructor(nowMs: number) {
    this.#sinceMs = nowMs
    this.#changedMs = nowMs
  }

  /** What the last look has found. */
  get last(): Demand {
    return this.#last
  }

  set(seats: number, nowMs: number): void {
    this.#pass(nowMs)
    this.#seats = seats
    if (seats > this.#highest) this.#highest = seats
  }

  /** Ends a period, and begins the next. */
  look(nowMs: number): Demand {
    this.#pass(nowMs)
    const spanMs = nowMs - this.#sinceMs
    const average = spanMs > 0 ? this.#sum / spanMs : this.#last.average
    const variance = spanMs > 0 ? this.#squares / spanMs - average * average : 0
    // Rounding may leave a little less than nothing.
    const deviation = Math.sqrt(Math.max(0, variance))
    this.#last = { average, deviation, highest: this.#highest }
    const envelope = average + deviation
    this.smoothed = Math.max(envelope, SMOOTHING * this.smoothed + (1 - SMOOTHING) * envelope)
    this.#highest = this.#seats
    this.#sum = 0
    this.#squares = 0
    this.#sinceMs = nowMs
    return this.#last
  }

  #pass(nowMs: number): void {
    const spanMs = nowMs - this.#changedMs
    this.#changedMs = nowMs
    this.#sum += this.#seats * spanMs
    this.#squares += this.#seats * this.#seats * spanMs
  }
}
