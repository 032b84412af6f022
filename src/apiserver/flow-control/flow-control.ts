/**
 * API priority and fairness: each request belongs to a flow of a schema, each schema leads to a priority level, and each level has a
 * part of the server's seats, of which it lends what it does not use. What FlowSchemas and PriorityLevelConfigurations say counts from
 * the next request on.
 */
import type { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import {
  CATCH_ALL,
  EXEMPT,
  MANDATORY_FLOW_SCHEMAS,
  MANDATORY_PRIORITY_LEVELS,
} from '#api/flowcontrol/v1/mandatory.ts'
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1/priority-level-configuration.ts'
import type { Clock } from '#base/clock.ts'
import { allocate } from './allocation.ts'
import { type Asked, byPrecedence, flowOf, matches } from './classify.ts'
import type { Refusal } from './counts.ts'
import { createFlowFigures, type FlowFigures } from './figures.ts'
import { PriorityLevel, type Wishes, wishesOf } from './priority-level.ts'
import { ONE_SEAT, type Ticket, type Work } from './queue-set.ts'

/** How often seats are lent and taken back. */
const ADJUSTMENT_MS = 10_000
/** A quarter of what a request may take altogether. */
const LONGEST_WAIT_MS = 15_000

/** The objects as they are now. */
export interface FlowControlObjects {
  /** Changes whenever one of them does. */
  readonly version: () => number
  readonly schemas: () => readonly FlowSchema[]
  readonly levels: () => readonly PriorityLevelConfiguration[]
}

export interface FlowControlOptions {
  readonly clock: Clock
  readonly objects: FlowControlObjects
  /** Of the whole server. */
  readonly seats: number
}

/** Where a request belongs. */
export interface Flow {
  readonly schema: FlowSchema
  readonly level: PriorityLevel
  /** Names of both, as figures tell them. */
  readonly labels: readonly string[]
}

export class FlowControl {
  readonly figures: FlowFigures
  readonly #clock: Clock
  readonly #objects: FlowControlObjects
  readonly #total: number
  #version = -1
  #schemas: readonly FlowSchema[] = []
  #levels = new Map<string, PriorityLevel>()
  readonly #flows = new Map<FlowSchema, Flow>()
  #nominalSum = 0
  #cancelAdjustment: (() => void) | undefined
  /** The part of its target that a level gets which no bound holds, at the last look. */
  fairFraction = 0

  constructor({ clock, objects, seats }: FlowControlOptions) {
    this.#clock = clock
    this.#objects = objects
    this.#total = seats
    this.figures = createFlowFigures(this, clock)
  }

  /** By name. */
  get levels(): readonly PriorityLevel[] {
    this.#refresh()
    return [...this.#levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  classify(asked: Asked): Flow {
    this.#refresh()
    for (const schema of this.#schemas) if (matches(schema, asked)) return this.#flowOf(schema)
    // Whom not even the last schema knows is in neither of the two groups that everybody is in.
    const schema = this.#schemas.find(({ metadata }) => metadata.name === CATCH_ALL) as FlowSchema
    return this.#flowOf(schema)
  }

  /** Takes a seat, or a place in a queue; tells why not where there is none. */
  enter(flow: Flow, asked: Asked, estimate: (widest: number) => Work): Ticket | Refusal {
    const { schema, level } = flow
    const name = schema.metadata.name ?? ''
    this.#cancelAdjustment ??= this.#clock.after(ADJUSTMENT_MS, () => this.#adjust())
    const work = level.wishes.isExempt ? ONE_SEAT : estimate(level.widest)
    const counts = level.countsOf(name)
    const hand = () => level.handOf(name, flowOf(schema, asked))
    const ticket = level.seats.enter(counts, work, hand)
    if (typeof ticket !== 'string')
      ticket.about = {
        schema: name,
        flow: flowOf(schema, asked),
        arrivedAt: this.#clock.now(),
        asked,
      }
    return ticket
  }

  /** Resolves with true when it is the ticket's turn, with false when it was taken out of its queue. */
  turnOf(ticket: Ticket, signal: AbortSignal | undefined): Promise<boolean> {
    if (ticket.isRunning) return Promise.resolve(true)
    return new Promise(resolve => {
      const over = (isTurn: boolean) => {
        cancel()
        signal?.removeEventListener('abort', leave)
        resolve(isTurn)
      }
      const giveUp = (reason: Refusal) => {
        ticket.withdraw(reason)
        over(false)
      }
      const leave = () => giveUp('cancelled')
      const cancel = this.#clock.after(LONGEST_WAIT_MS, () => giveUp('time-out'))
      signal?.addEventListener('abort', leave, { once: true })
      ticket.onTurn = () => over(true)
      if (signal?.aborted) leave()
    })
  }

  stop(): void {
    this.#cancelAdjustment?.()
  }

  #flowOf(schema: FlowSchema): Flow {
    let flow = this.#flows.get(schema)
    if (!flow) {
      const { metadata, spec } = schema
      const level = this.#levels.get(spec.priorityLevelConfiguration.name) as PriorityLevel
      flow = { schema, level, labels: [level.name, metadata.name ?? ''] }
      this.#flows.set(schema, flow)
    }
    return flow
  }

  #refresh(): void {
    const version = this.#objects.version()
    if (version === this.#version) return
    this.#version = version
    this.#readLevels()
    this.#readSchemas()
    this.#flows.clear()
    this.#divide()
  }

  #readLevels(): void {
    const levels = new Map<string, PriorityLevel>()
    const keep = (name: string, uid: string, wishes: Wishes) => {
      const level = this.#levels.get(name) ?? new PriorityLevel(name, wishes, this.#clock)
      level.uid = uid
      level.wishes = wishes
      level.isLeaving = false
      levels.set(name, level)
    }
    for (const object of this.#objects.levels()) {
      const wishes = wishesOf(object)
      if (wishes) keep(object.metadata.name ?? '', object.metadata.uid ?? '', wishes)
    }
    for (const [name, spec] of MANDATORY_PRIORITY_LEVELS) {
      const wishes = wishesOf({ metadata: { name }, spec } as PriorityLevelConfiguration)
      if (!levels.has(name) && wishes) keep(name, '', wishes)
    }
    for (const [name, level] of this.#levels) {
      if (levels.has(name) || level.seats.isIdle) continue
      level.isLeaving = true
      levels.set(name, level)
    }
    this.#levels = levels
  }

  /** Those that lead nowhere are passed over. */
  #readSchemas(): void {
    const schemas = byPrecedence(this.#objects.schemas()).filter(({ spec }) => {
      const level = this.#levels.get(spec.priorityLevelConfiguration.name)
      return level !== undefined && !level.isLeaving
    })
    const has = (name: string) => schemas.some(({ metadata }) => metadata.name === name)
    const imagined = (name: string) =>
      ({ metadata: { name, uid: '' }, spec: MANDATORY_FLOW_SCHEMAS.get(name) }) as FlowSchema
    if (!has(EXEMPT)) schemas.unshift(imagined(EXEMPT))
    if (!has(CATCH_ALL)) schemas.push(imagined(CATCH_ALL))
    this.#schemas = schemas
    for (const level of this.#levels.values()) level.forget(name => !has(name))
  }

  #divide(): void {
    const levels = [...this.#levels.values()]
    const shares = levels.reduce((sum, { wishes }) => sum + wishes.shares, 0)
    for (const level of levels) level.divide(this.#total, shares)
    this.#nominalSum = levels.reduce((sum, { bounds }) => sum + bounds.nominal, 0)
    for (const level of levels) level.apply()
  }

  #adjust(): void {
    this.#cancelAdjustment = undefined
    const nowMs = this.#clock.monotonicMs()
    for (const [name, level] of this.#levels) {
      level.seats.demand.look(nowMs)
      if (level.isLeaving && level.seats.isIdle) {
        this.#levels.delete(name)
        // Its share goes to the others.
        this.#version = -1
      }
    }
    this.#refresh()
    this.#lend()
    const isBusy = [...this.#levels.values()].some(({ seats }) => !seats.isIdle)
    // The next request begins it again.
    if (isBusy) this.#cancelAdjustment = this.#clock.after(ADJUSTMENT_MS, () => this.#adjust())
  }

  /** Everybody keeps what it needed lately, up to its own; what is left goes by what was wanted. */
  #lend(): void {
    const levels = [...this.#levels.values()]
    const exempt = levels.filter(({ wishes }) => wishes.isExempt)
    const limited = levels.filter(({ wishes }) => !wishes.isExempt)
    let left = this.#nominalSum
    for (const level of exempt) {
      level.target = level.seats.demand.last.highest
      level.current = Math.max(level.bounds.lowest, level.target)
      left -= level.current
    }
    const needs = limited.map(({ bounds, seats: { demand } }) => {
      const { nominal, lowest, highest } = bounds
      const needed = Math.max(lowest, Math.min(nominal, demand.last.highest))
      return { lowest: needed, highest, target: Math.max(needed, demand.smoothed) }
    })
    const lowestSum = limited.reduce((sum, { bounds }) => sum + bounds.lowest, 0)
    const neededSum = needs.reduce((sum, { lowest }) => sum + lowest, 0)
    const { seats, fraction } = allocate(this.#nominalSum, needs)
    this.fairFraction = left > neededSum ? fraction : 0
    // Where exempt requests take so much that needs are not met, all give way alike.
    const part = left <= lowestSum ? 0 : (left - lowestSum) / (neededSum - lowestSum)
    for (const [at, level] of limited.entries()) {
      const { lowest } = level.bounds
      const needed = needs[at]?.lowest ?? lowest
      level.target = needs[at]?.target ?? 0
      level.current = Math.round(
        left > neededSum ? (seats[at] ?? lowest) : lowest + (needed - lowest) * part,
      )
      level.apply()
    }
  }
}
