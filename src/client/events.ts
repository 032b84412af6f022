/**
 * Tells people what happened to an object, as Event objects beside it. Recording never waits and never fails its caller:
 * events queue up, repeats become a count on one Event, messages that only differ in detail are combined, and an object that
 * causes too many is cut short. Limits are upstream's, so that `kubectl describe` reads the same. Events give way to other work of a busy
 * process (docs/adr/0013), with the time at which they were recorded.
 */
import { type Event as CoreEvent, event as eventKind } from '#api/core/v1/event.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { StatusError } from '#api/machinery/status.ts'
import { type Clock, rfc3339, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Writer } from './client.ts'
import { createEventCorrelator, type EventGroup } from './event-correlator.ts'
import { EventQueue } from './event-queue.ts'

/** Events waiting to be written; more are dropped, so that a server that is away costs no memory. */
const QUEUE_LIMIT = 25_000
/** How many may wait for an idle moment; where there are more they are written like anything else, so that none is dropped for being patient. */
const PATIENT_LIMIT = 20_000
/** How many are written at once, each about another object: one by one they would wait for a disk each. */
const WRITERS = 16
/** How often one event is tried while no answer comes, and the wait in between. */
const WRITE_ATTEMPTS = 4
const WRITE_RETRY_MS = 5_000
/** Of a millisecond; the first name in one lies in its first half, each other one a little behind the one before. */
const NANOSECONDS = 1_000_000n
const FIRST_WITHIN = 500_000
const NEXT_WITHIN = 10_000

export type EventType = 'Normal' | 'Warning'

export interface EventRecorder {
  /** Notes that something happened to `about`. Returns at once. */
  record(about: KubernetesObject, type: EventType, reason: string, more: EventText): void
  /** Resolves when all that was recorded so far is written or given up. */
  flush(): Promise<void>
  stop(): void
}

export interface EventText {
  readonly message: string
  /** What was being done, e.g. `Binding`. */
  readonly action?: string
  /** The part of the object that is meant, e.g. `spec.containers{web}`. */
  readonly fieldPath?: string
}

export interface EventRecorderOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Who reports, e.g. `deployment-controller`. */
  readonly component: string
  /** The node or process that reports. */
  readonly host?: string
}

interface Pending {
  readonly group: EventGroup
  /** The message by which the group counts repeats. */
  readonly counted: string
  /** When it happened, RFC 3339. */
  readonly at: string
  readonly event: Partial<CoreEvent>
}

export function createEventRecorder(writer: Writer, options: EventRecorderOptions): EventRecorder {
  const { clock, random, log, component, host = '' } = options
  const correlator = createEventCorrelator(clock)
  const queue = new EventQueue<Pending>()
  const stopping = new AbortController()
  const writers = new Set<Promise<void>>()
  /** Lowered when a writer finds nothing more to write, which is before its promise is known to be over. */
  let busy = 0
  const nextSuffix = suffixes(clock, random)

  const write = async ({ group, counted, at: when, event }: Pending): Promise<void> => {
    const before = group.told(counted)
    if (before) {
      before.count++
      const at = { name: before.name, namespace: event.metadata?.namespace ?? 'default' }
      const patch = { count: before.count, lastTimestamp: when, message: event.message }
      try {
        await writer.patch(eventKind, at, 'strategic', patch)
        return
      } catch (error) {
        // Events live for an hour; a repeat after that is a new one.
        if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error
      }
    }
    const created = await writer.create(eventKind, {
      ...event,
      firstTimestamp: when,
      lastTimestamp: when,
      count: 1,
    } as Partial<CoreEvent>)
    const { name = '' } = created.metadata
    group.tell(counted, { name, count: 1 })
  }

  const writeWithPatience = async (pending: Pending): Promise<void> => {
    for (let attempt = 1; ; attempt++)
      try {
        return await write(pending)
      } catch (error) {
        // An answer is final: the namespace is going away, or the event is refused. No answer is worth another try.
        const final = error instanceof StatusError && error.code < 500 && error.code !== 429
        if (final || attempt >= WRITE_ATTEMPTS || stopping.signal.aborted) {
          log.debug('event not written', { reason: pending.event.reason, why: messageOf(error) })
          return
        }
        await sleep(clock, WRITE_RETRY_MS, stopping.signal).catch(() => {})
      }
  }

  const work = async (): Promise<void> => {
    busy++
    for (let object = queue.claim(); object !== undefined; object = queue.claim())
      for (let pending = queue.take(object); pending; pending = queue.take(object)) {
        // Pods that start are worth more than the story of those that did.
        const turn = queue.size < PATIENT_LIMIT && clock.whenIdle?.(stopping.signal)
        if (turn) await turn
        if (!stopping.signal.aborted) await writeWithPatience(pending)
      }
    busy--
  }

  return {
    record(about, type, reason, { message: text, action, fieldPath }) {
      if (stopping.signal.aborted) return
      const { name = '', namespace, uid, resourceVersion } = about.metadata
      // Short where it can be: each event that is remembered holds several of them.
      const object = uid || [about.kind, namespace, name].join('\n')
      const part = [object, fieldPath].join('\n')
      if (!correlator.affordable(part)) return
      const alike = [part, type, reason].join('\n')
      const { group, message, counted } = correlator.combined(alike, text)
      if (queue.size >= QUEUE_LIMIT) return
      const event = {
        metadata: {
          name: `${name}.${nextSuffix()}`,
          namespace: namespace || 'default',
        },
        involvedObject: {
          kind: about.kind,
          apiVersion: about.apiVersion,
          name,
          ...(namespace ? { namespace } : {}),
          ...(uid ? { uid } : {}),
          ...(resourceVersion ? { resourceVersion } : {}),
          ...(fieldPath ? { fieldPath } : {}),
        },
        type,
        reason,
        message,
        source: { component, ...(host ? { host } : {}) },
        reportingComponent: component,
        reportingInstance: host,
        ...(action ? { action } : {}),
      } as Partial<CoreEvent>
      // Whoever writes about an object looks for more when that is done.
      const isUnclaimed = queue.push(object, { group, counted, at: rfc3339(clock.now()), event })
      if (busy >= WRITERS || !isUnclaimed) return
      const writing = work().finally(() => writers.delete(writing))
      writers.add(writing)
    },
    async flush() {
      while (writers.size > 0) await Promise.all(writers)
    },
    stop() {
      stopping.abort()
      queue.clear()
    },
  }
}

/**
 * Sixteen hexadecimal digits of the time in nanoseconds, as upstream names events. Below a millisecond they are random but grow, for events of one
 * second are shown in the order of their names.
 */
function suffixes(clock: Clock, random: Random): () => string {
  let last = 0n
  return () => {
    const now = BigInt(clock.now()) * NANOSECONDS + BigInt(random.integer(FIRST_WITHIN))
    last = now > last ? now : last + BigInt(1 + random.integer(NEXT_WITHIN))
    return last.toString(16)
  }
}
