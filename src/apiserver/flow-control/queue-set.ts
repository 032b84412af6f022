/**
 * The seats of one priority level, and the queues of those who wait for them: fair queuing. Each queue has a meter that runs ahead with
 * the work that it was given; who would be done first by these meters is next. A common meter shows what each queue is due that wants
 * more than it gets: what others leave is shared out. (Upstream's reckons with the same for all, so that a queue which used what
 * nobody else wanted has to wait for it afterwards.) A request takes its seats while it is served, and for a while afterwards where
 * others have to be told what it did.
 *
 * Invariants: seats in use never go beyond the limit, but for one request that wants more than there are, alone. Requests of one
 * queue begin in their order. Nobody waits while the one that is next would have its seats.
 */
import { ArrivalOrder, NOWHERE, type Placed } from '#base/arrival-order.ts'
import type { Clock } from '#base/clock.ts'
import type { About } from './classify.ts'
import type { Counts, Refusal } from './counts.ts'
import { DemandMeter } from './demand.ts'
import { Usage } from './usage.ts'

export interface Work {
  readonly seats: number
  /** Wanted for `lastMs` after it was answered; 0 for none. */
  readonly lastSeats: number
  readonly lastMs: number
}

export const ONE_SEAT: Work = { seats: 1, lastSeats: 0, lastMs: 0 }

export interface Queuing {
  readonly queues: number
  readonly handSize: number
  /** How many may wait in one queue. */
  readonly queueLength: number
}

export interface Limits {
  /** Infinite for those that are never held up. */
  readonly seats: number
  /** Without it, whom there is no seat for is refused. */
  readonly queuing: Queuing | undefined
}

export interface Ticket {
  readonly isRunning: boolean
  /** How many wait in its queue with it; 0 where it need not. */
  readonly queueLength: number
  /** Called once when its turn comes; set by who has to wait. */
  onTurn: (() => void) | undefined
  /** For whoever looks at the queues. */
  about: About | undefined
  /** It was answered. */
  finish(): void
  /** It does not wait any longer; does nothing once it is running. */
  withdraw(reason: Refusal): void
}

/** What a request is reckoned to take before it is known, as upstream does. */
export const SERVICE_MS = 3
/** For so long at the most all seats go to others, until a queue that had more than it was due is served again. */
const LONGEST_DEBT_MS = 50
export class QueueSet {
  readonly demand: DemandMeter
  readonly usage: Usage
  readonly #clock: Clock
  #limits: Limits
  #queues: Queue[] = []
  /** Those in which somebody waits. */
  readonly #crowded = new Set<Queue>()
  /** In the order in which they began. */
  readonly served = new ArrivalOrder<Request>()
  /** Those with requests that wait or run. */
  readonly #active = new Set<Queue>()
  #running = 0
  #runningSeats = 0
  #waiting = 0
  #waitingSeats = 0
  /** The common meter, in milliseconds of seats. */
  #progress = 0
  #progressAtMs: number
  #lastServed = 0
  #entered = 0

  constructor(clock: Clock, limits: Limits) {
    this.#clock = clock
    this.#limits = limits
    this.#progressAtMs = clock.monotonicMs()
    this.demand = new DemandMeter(this.#progressAtMs)
    this.usage = new Usage(this.#progressAtMs)
    this.configure(limits)
  }

  get isIdle(): boolean {
    return this.#waiting === 0 && this.#running === 0
  }
  get waiting(): number {
    return this.#waiting
  }
  get running(): number {
    return this.#running
  }
  get progress(): number {
    return this.#progress
  }
  get queues(): readonly Queue[] {
    return this.#queues
  }

  configure(limits: Limits): void {
    this.#advance()
    this.#limits = limits
    const wanted = limits.queuing?.queues ?? 0
    while (this.#queues.length < wanted) this.#queues.push(new Queue(this.#queues.length))
    // Those that are too many are emptied first.
    while (this.#queues.length > wanted && this.#queues.at(-1)?.isIdle) this.#queues.pop()
    this.#serveNext()
  }

  /** `hand` tells in which queues it may wait; asked where it matters. */
  enter(counts: Counts, work: Work, hand: () => readonly number[]): Ticket | Refusal {
    this.#advance()
    const request = new Request(this, counts, work)
    const { queuing } = this.#limits
    const mayRun = this.#waiting === 0 && this.#hasSeatsFor(request)
    if (!queuing) {
      if (!mayRun) return refuse(counts, 'concurrency-limit')
      this.#start(request)
      return request
    }
    const queue = this.#shortest(hand())
    const isFull = this.#runningSeats >= this.#limits.seats
    if (isFull && queue.waiting.length >= queuing.queueLength) return refuse(counts, 'queue-full')
    if (queue.isIdle) queue.next = this.#progress
    this.#active.add(queue)
    request.queue = queue
    request.arrivedAt = this.#progress
    if (mayRun) {
      queue.catchUp(this.#progress)
      this.#start(request)
      return request
    }
    queue.waiting.push(request)
    queue.holdBack()
    this.#crowded.add(queue)
    this.#wait(request, 1)
    request.queueLength = queue.waiting.length
    this.#serveNext()
    return request
  }

  /** For tickets alone. */
  finish(request: Request): void {
    this.#advance()
    this.served.delete(request)
    this.#running--
    request.counts.running--
    const { queue, work } = request
    if (queue) {
      const tookMs = this.#progressAtMs - request.startedMs
      queue.next -= work.seats * (SERVICE_MS - tookMs)
      queue.holdBack()
      queue.running--
      if (queue.isIdle) this.#active.delete(queue)
    }
    if (work.lastMs > 0) this.#clock.after(work.lastMs, () => this.#release(request))
    else this.#release(request)
  }

  /** For tickets alone. */
  withdraw(request: Request, reason: Refusal): void {
    const { queue } = request
    const at = queue?.waiting.indexOf(request) ?? -1
    if (!queue || at < 0) return
    this.#advance()
    queue.waiting.splice(at, 1)
    this.#left(queue, request)
    queue.holdBack()
    refuse(request.counts, reason)
    this.#serveNext()
  }

  #release(request: Request): void {
    this.#advance()
    this.#runningSeats -= request.seats
    request.counts.runningSeats -= request.seats
    if (request.queue) request.queue.seats -= request.seats
    this.#measure()
    this.#serveNext()
  }

  #start(request: Request): void {
    const { queue, counts } = request
    request.isRunning = true
    this.served.add(request)
    request.startedMs = this.#progressAtMs
    this.#running++
    this.#runningSeats += request.seats
    counts.running++
    counts.runningSeats += request.seats
    counts.dispatched++
    if (queue) {
      queue.running++
      queue.seats += request.seats
      // What it took while others did not ask for it is forgiven but for a little.
      const most = this.#progress + LONGEST_DEBT_MS * this.#limits.seats
      queue.next = Math.min(queue.next, most)
      queue.next += request.size
      queue.holdBack()
      this.#lastServed = queue.index
    }
    this.#measure()
  }

  #serveNext(): void {
    while (this.#waiting > 0 && this.#runningSeats < this.#limits.seats) {
      const queue = this.#next()
      const request = queue?.waiting[0]
      if (!queue || !request) return
      if (!this.#hasSeatsFor(request)) {
        request.counts.tooWide++
        return
      }
      queue.waiting.shift()
      this.#start(request)
      this.#left(queue, request)
      request.onTurn?.()
    }
  }

  /** Where the oldest would be done first; of several, the one that was not served for longest. */
  #next(): Queue | undefined {
    let best: Queue | undefined
    let earliest = Number.POSITIVE_INFINITY
    let nearest = Number.POSITIVE_INFINITY
    for (const queue of this.#crowded) {
      const done = queue.next + (queue.waiting[0] as Request).size
      const count = this.#queues.length
      const distance = (queue.index - this.#lastServed - 1 + count) % count
      if (done > earliest || (done === earliest && distance >= nearest)) continue
      best = queue
      earliest = done
      nearest = distance
    }
    return best
  }

  /** Of a hand, begun at another card each time, since hands share queues. */
  #shortest(hand: readonly number[]): Queue {
    const offset = this.#entered++ % hand.length
    let best: Queue | undefined
    for (let i = 0; i < hand.length; i++) {
      const queue = this.#queues[hand[(offset + i) % hand.length] ?? 0] as Queue
      if (!best || queue.waitingSize < best.waitingSize) best = queue
    }
    return best as Queue
  }

  #hasSeatsFor({ seats }: Request): boolean {
    if (seats > this.#limits.seats) return this.#running === 0
    return this.#runningSeats + seats <= this.#limits.seats
  }

  #left(queue: Queue, request: Request): void {
    if (queue.waiting.length === 0) this.#crowded.delete(queue)
    if (queue.isIdle) this.#active.delete(queue)
    this.#wait(request, -1)
  }

  #wait(request: Request, by: 1 | -1): void {
    const { counts, seats, queue } = request
    this.#waiting += by
    this.#waitingSeats += by * seats
    counts.waiting += by
    counts.waitingSeats += by * seats
    if (queue) {
      queue.waitingSize += by * request.size
      queue.waitingSeats += by * seats
    }
    this.#measure()
  }

  #measure(): void {
    const wanted = this.#runningSeats + this.#waitingSeats
    this.usage.set(this, this.#runningSeats, wanted, this.#progressAtMs)
    this.demand.set(wanted, this.#progressAtMs)
  }

  /** Brings the common meter to now: active queues share the seats that can be used. */
  #advance(): void {
    const nowMs = this.#clock.monotonicMs()
    const passedMs = nowMs - this.#progressAtMs
    if (passedMs > 0 && this.#active.size > 0) this.#progress += this.#due() * passedMs
    this.#progressAtMs = nowMs
  }

  /** How many seats a queue is due at the moment that wants as many as it can get. */
  #due(): number {
    // Nobody wants more than there is.
    if (this.#waiting === 0) return this.#runningSeats
    const wanted = [...this.#active].map(({ seats, waitingSeats }) => seats + waitingSeats)
    wanted.sort((a, b) => a - b)
    let left = this.#limits.seats
    for (const [at, seats] of wanted.entries()) {
      const part = left / (wanted.length - at)
      if (seats >= part) return part
      left -= seats
    }
    return wanted.at(-1) ?? 0
  }
}

export class Queue {
  readonly index: number
  readonly waiting: Request[] = []
  running = 0
  seats = 0
  waitingSize = 0
  waitingSeats = 0
  /** When its next request begins, by the common meter. */
  next = 0

  constructor(index: number) {
    this.index = index
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.running === 0
  }

  /** What it did not use before its oldest came is not saved up for later. */
  holdBack(): void {
    const oldest = this.waiting[0]
    if (oldest) this.catchUp(oldest.arrivedAt)
  }

  catchUp(arrivedAt: number): void {
    if (this.next < arrivedAt) this.next = arrivedAt
  }
}

export class Request implements Ticket, Placed {
  /** Among those that are served. */
  slot = NOWHERE
  readonly counts: Counts
  readonly work: Work
  /** Kept from its start to its very end. */
  readonly seats: number
  /** What it is reckoned to take altogether, in milliseconds of seats. */
  readonly size: number
  isRunning = false
  queueLength = 0
  onTurn: (() => void) | undefined
  about: About | undefined
  queue: Queue | undefined
  arrivedAt = 0
  startedMs = 0
  #isOver = false
  readonly #set: QueueSet

  constructor(set: QueueSet, counts: Counts, work: Work) {
    this.#set = set
    this.counts = counts
    this.work = work
    this.seats = Math.max(work.seats, work.lastSeats)
    this.size = work.seats * SERVICE_MS + work.lastSeats * work.lastMs
  }

  finish(): void {
    if (!this.isRunning || this.#isOver) return
    this.#isOver = true
    this.#set.finish(this)
  }

  withdraw(reason: Refusal): void {
    if (!this.isRunning) this.#set.withdraw(this, reason)
  }
}

function refuse({ refused }: Counts, reason: Refusal): Refusal {
  refused.set(reason, (refused.get(reason) ?? 0) + 1)
  return reason
}
