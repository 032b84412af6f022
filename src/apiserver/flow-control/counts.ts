/** What becomes of requests, by priority level and schema. */

/** Upstream's names of why a request was refused. */
export type Refusal = 'concurrency-limit' | 'queue-full' | 'time-out' | 'cancelled'

/** What is counted by level and schema. */
export interface Counts {
  dispatched: number
  readonly refused: Map<Refusal, number>
  waiting: number
  waitingSeats: number
  running: number
  runningSeats: number
  /** How often the next one found too few seats. */
  tooWide: number
}

export const noCounts = (): Counts => ({
  dispatched: 0,
  refused: new Map(),
  waiting: 0,
  waitingSeats: 0,
  running: 0,
  runningSeats: 0,
  tooWide: 0,
})
