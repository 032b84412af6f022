/** The audit log of a server: asks the policy about each request, and hands events to all sinks. */

import type { Clock } from '#base/clock.ts'
import { type Counter, createFigureBook, type FigureSource } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import { type Exchange, NO_INFO } from '../exchange.ts'
import { attributesOf } from '../steps/authorize.ts'
import type { AuditEvent } from './event.ts'
import { type Asked, type AuditPolicy, type Wish, wishesOf } from './policy.ts'
import { AuditRecord } from './record.ts'

export interface AuditSink {
  /** Says at once, or once the events are where they should be, whether the request may go on. Never throws. */
  process(events: readonly AuditEvent[]): Eventually<boolean>
  /** Resolves once all that it holds is delivered, or cannot be. */
  close(): Promise<void>
}

/** Told of events that a plugin could not keep. */
export type AuditTrouble = (plugin: string, why: string, events: number) => void

export class AuditFigures {
  readonly source: FigureSource
  readonly events: Counter
  readonly errors: Counter
  readonly levels: Counter
  readonly rejected: Counter
  /** Logs trouble, but not each event of it. */
  readonly trouble: AuditTrouble

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    const book = createFigureBook()
    this.source = book.source
    this.events = book.counter(
      'apiserver_audit_event_total',
      'Audit events that were handed to the backends.',
    )
    this.errors = book.counter(
      'apiserver_audit_error_total',
      'Audit events that could not be kept, by the plugin that failed.',
      ['plugin'],
    )
    this.levels = book.counter(
      'apiserver_audit_level_total',
      'Requests by the level at which the policy audits them.',
      ['level'],
    )
    this.rejected = book.counter(
      'apiserver_audit_requests_rejected_total',
      'Requests that were refused since their audit event could not be kept.',
    )
    const quietUntilMs = new Map<string, number>()
    this.trouble = (plugin, why, events) => {
      this.errors.add([plugin], events)
      const nowMs = clock.monotonicMs()
      if (nowMs < (quietUntilMs.get(plugin) ?? Number.NEGATIVE_INFINITY)) return
      quietUntilMs.set(plugin, nowMs + QUIET_MS)
      log.error('audit events could not be kept', { plugin, error: why, events })
    }
  }
}
/** A disk that is full fails for every event. */
const QUIET_MS = 10_000

export interface AuditOptions {
  readonly policy: AuditPolicy
  readonly sinks: readonly AuditSink[]
  readonly figures: AuditFigures
}

export class AuditLog {
  readonly figures: AuditFigures
  readonly #wishOf: (asked: Asked) => Wish
  readonly #sinks: readonly AuditSink[]

  constructor({ policy, sinks, figures }: AuditOptions) {
    this.#wishOf = wishesOf(policy)
    this.#sinks = sinks
    this.figures = figures
  }

  /** Undefined where the policy wants nothing of this request. */
  recordOf(exchange: Exchange, isKnown = true): AuditRecord | undefined {
    const { info, request } = exchange
    const attributes = attributesOf(exchange)
    // Of what could not be read only so much is known.
    const unread =
      info === NO_INFO
        ? { verb: request.method.toLowerCase(), path: request.path.split('?')[0] ?? '' }
        : {}
    const asked = { ...attributes, ...unread, user: isKnown ? attributes.user : undefined }
    const wish = this.#wishOf(asked)
    this.figures.levels.add([wish.level])
    return wish.level === 'None' ? undefined : new AuditRecord(this, exchange, { asked, wish })
  }

  send(event: AuditEvent): Eventually<boolean> {
    this.figures.events.add([])
    const events = [event]
    let isKept = true
    const waiting: Promise<boolean>[] = []
    for (const sink of this.#sinks) {
      const result = sink.process(events)
      if (result instanceof Promise) waiting.push(result)
      else isKept = isKept && result
    }
    if (waiting.length === 0) return isKept
    return Promise.all(waiting).then(results => isKept && results.every(Boolean))
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map(sink => sink.close()))
  }
}
