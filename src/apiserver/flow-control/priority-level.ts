/** One priority level: what its object asks for, how many seats that makes here, and who is on them. */
import { EXEMPT } from '#api/flowcontrol/v1/mandatory.ts'
import type {
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
} from '#api/flowcontrol/v1/priority-level-configuration.ts'
import type { Clock } from '#base/clock.ts'
import { type Counts, noCounts } from './counts.ts'
import { handOf } from './hand.ts'
import { QueueSet, type Queuing } from './queue-set.ts'
import { RetryAfter } from './retry-after.ts'

/** What a level asks for. */
export interface Wishes {
  readonly isExempt: boolean
  readonly shares: number
  readonly lendablePercent: number
  /** No limit where there is none. */
  readonly borrowingPercent: number | undefined
  readonly queuing: Queuing | undefined
}

/** Undefined where the object contradicts itself; it is then as if it were not there. */
export function wishesOf({ metadata, spec }: PriorityLevelConfiguration): Wishes | undefined {
  const { type, limited, exempt } = spec as PriorityLevelConfigurationSpec
  const isExempt = type === EXEMPT_TYPE
  if (isExempt !== (metadata.name === EXEMPT)) return undefined
  if (isExempt)
    return {
      isExempt,
      shares: exempt?.nominalConcurrencyShares ?? 0,
      lendablePercent: exempt?.lendablePercent ?? 0,
      borrowingPercent: undefined,
      queuing: undefined,
    }
  if (!limited) return undefined
  const { queuing } = limited.limitResponse
  if ((limited.limitResponse.type === 'Queue') !== (queuing !== undefined)) return undefined
  return {
    isExempt,
    shares: limited.nominalConcurrencyShares ?? 0,
    lendablePercent: limited.lendablePercent ?? 0,
    borrowingPercent: limited.borrowingLimitPercent,
    queuing: queuing && {
      queues: queuing.queues,
      handSize: queuing.handSize,
      queueLength: queuing.queueLengthLimit,
    },
  }
}
const EXEMPT_TYPE = 'Exempt'

/** In seats. */
export interface Bounds {
  readonly nominal: number
  readonly lowest: number
  readonly highest: number
}

/** The most that one request may take of its level, as a part of the level. */
const WIDEST_PART = 0.15
/** Hands that are kept; beyond, all are dealt anew. */
const MAXIMUM_HANDS = 1_000

export class PriorityLevel {
  readonly name: string
  readonly seats: QueueSet
  readonly retryAfter: RetryAfter
  /** By the name of the schema that leads here. */
  readonly counts = new Map<string, Counts>()
  uid = ''
  wishes: Wishes
  bounds: Bounds = { nominal: 0, lowest: 0, highest: 0 }
  /** How many seats it has now. */
  current = 0
  /** What it was given them for. */
  target = 0
  /** Its object is gone; it ends with the last who is on it. */
  isLeaving = false
  readonly #clock: Clock
  readonly #hands = new Map<string, readonly number[]>()

  constructor(name: string, wishes: Wishes, clock: Clock) {
    this.name = name
    this.wishes = wishes
    this.#clock = clock
    this.seats = new QueueSet(clock, { seats: 0, queuing: undefined })
    this.retryAfter = new RetryAfter(clock.now())
  }

  /** Others may be given what it lends; until somebody asks, half of that is. */
  divide(total: number, allShares: number): void {
    const { shares, lendablePercent, borrowingPercent } = this.wishes
    const nominal = Math.ceil((total * shares) / allShares)
    const lendable = Math.round((nominal * lendablePercent) / 100)
    const borrowed =
      borrowingPercent === undefined ? total : Math.round((nominal * borrowingPercent) / 100)
    const isNew = this.bounds.highest === 0
    this.bounds = { nominal, lowest: nominal - lendable, highest: nominal + borrowed }
    if (isNew) this.current = nominal - Math.floor(lendable / 2)
  }

  /** Takes over what was decided. */
  apply(): void {
    const { isExempt, queuing } = this.wishes
    this.seats.configure({
      seats: isExempt ? Number.POSITIVE_INFINITY : this.current,
      queuing,
    })
    const { queues = 0, queueLength = 0 } = queuing ?? {}
    const capacity = {
      nominalSeats: this.bounds.nominal,
      currentSeats: this.current,
      queueLength: queues * queueLength,
    }
    this.seats.usage.resize(capacity, this.#clock.monotonicMs())
  }

  /** Of one request at the most. */
  get widest(): number {
    const { queuing } = this.wishes
    if (!queuing) return Number.POSITIVE_INFINITY
    const { nominal } = this.bounds
    const part = Math.min(Math.ceil(nominal * WIDEST_PART), Math.floor(nominal / queuing.handSize))
    return Math.max(1, part)
  }

  countsOf(schema: string): Counts {
    let counts = this.counts.get(schema)
    if (!counts) {
      counts = noCounts()
      this.counts.set(schema, counts)
    }
    return counts
  }

  /** Schemas that come and go leave nothing behind. */
  forget(isGone: (schema: string) => boolean): void {
    for (const [schema, { waiting, running, runningSeats }] of this.counts)
      if (isGone(schema) && waiting + running + runningSeats === 0) this.counts.delete(schema)
  }

  handOf(schema: string, flow: string): readonly number[] {
    const { queues = 1, handSize = 1 } = this.wishes.queuing ?? {}
    const key = `${schema},${flow},${queues},${handSize}`
    let hand = this.#hands.get(key)
    if (!hand) {
      if (this.#hands.size >= MAXIMUM_HANDS) this.#hands.clear()
      hand = handOf(`${schema},${flow}`, queues, handSize)
      this.#hands.set(key, hand)
    }
    return hand
  }
}
