/**
 * How full a priority level was, weighed by time: a histogram in which each nanosecond counts once, with the level's use then as a part of
 * what it has. Buckets are upstream's (kubernetes/apiserver, pkg/util/flowcontrol/metrics).
 */
import { histogramSamples, type Sample } from '#base/figures.ts'

const SEATS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]
const REQUESTS = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1]
const DEMAND = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6]
const NANOSECONDS = 1_000_000

/** In requests. */
export interface Use {
  readonly running: number
  readonly waiting: number
}

export interface Capacity {
  /** By its shares. */
  readonly nominalSeats: number
  /** With what it borrowed and lent. */
  readonly currentSeats: number
  /** Of all its queues together; 0 where nobody waits. */
  readonly queueLength: number
}

export class Usage {
  readonly seats: TimedRatio
  readonly executing: TimedRatio
  readonly waiting: TimedRatio
  readonly demand: TimedRatio

  constructor(nowMs: number) {
    this.seats = new TimedRatio(SEATS, nowMs)
    this.executing = new TimedRatio(REQUESTS, nowMs)
    this.waiting = new TimedRatio(REQUESTS, nowMs)
    this.demand = new TimedRatio(DEMAND, nowMs)
  }

  /** `wanted` are seats that are taken or waited for. */
  set({ running, waiting }: Use, taken: number, wanted: number, nowMs: number): void {
    this.seats.set(taken, nowMs)
    this.executing.set(running, nowMs)
    this.waiting.set(waiting, nowMs)
    this.demand.set(wanted, nowMs)
  }

  resize({ nominalSeats, currentSeats, queueLength }: Capacity, nowMs: number): void {
    this.seats.resize(currentSeats, nowMs)
    this.executing.resize(currentSeats, nowMs)
    this.waiting.resize(queueLength, nowMs)
    this.demand.resize(nominalSeats, nowMs)
  }
}

export class TimedRatio {
  readonly #bounds: readonly number[]
  readonly #spans: number[]
  #sinceMs: number
  #value = 0
  #whole = 1
  #sum = 0
  #count = 0

  constructor(bounds: readonly number[], nowMs: number) {
    this.#bounds = bounds
    this.#spans = bounds.map(() => 0)
    this.#sinceMs = nowMs
  }

  set(value: number, nowMs: number): void {
    this.#pass(nowMs)
    this.#value = value
  }

  /** What counts as 1; at least 1. */
  resize(whole: number, nowMs: number): void {
    this.#pass(nowMs)
    this.#whole = Math.max(1, whole)
  }

  samples(labels: Sample['labels'], nowMs: number): Sample[] {
    this.#pass(nowMs)
    const [sum, count] = [this.#sum, this.#count]
    return histogramSamples(labels, { bounds: this.#bounds, counts: this.#spans, sum, count })
  }

  #pass(nowMs: number): void {
    const span = Math.round((nowMs - this.#sinceMs) * NANOSECONDS)
    if (span <= 0) return
    this.#sinceMs = nowMs
    const ratio = this.#value / this.#whole
    this.#sum += ratio * span
    this.#count += span
    const at = this.#bounds.findIndex(bound => ratio <= bound)
    if (at >= 0) this.#spans[at] = (this.#spans[at] ?? 0) + span
  }
}
