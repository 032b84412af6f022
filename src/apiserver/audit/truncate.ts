/** Before a sink that takes no large events: first they lose their bodies, and where that does not do they are lost. */
import { messageOf } from '#base/errors.ts'
import type { AuditSink, AuditTrouble } from './audit-log.ts'
import { type AuditEvent, eventJson, sizeOf } from './event.ts'
import type { Delivery } from './sinks.ts'

export interface TruncateOptions {
  readonly maximumEventBytes: number
  readonly maximumBatchBytes: number
}

export const TRUNCATED = 'audit.k8s.io/truncated'

const bytesOf = (event: AuditEvent) => sizeOf(eventJson(event))

export function truncating(
  sink: AuditSink,
  { maximumEventBytes }: TruncateOptions,
  trouble: AuditTrouble,
): AuditSink {
  return {
    process(events) {
      const kept = events.flatMap(event => {
        if (bytesOf(event) <= maximumEventBytes) return [event]
        const cut = withoutBodies(event)
        if (bytesOf(cut) <= maximumEventBytes) return [cut]
        trouble('truncate', 'event is too large even after truncating', 1)
        return []
      })
      return kept.length === 0 ? true : sink.process(kept)
    },
    close: () => sink.close(),
  }
}

const withoutBodies = (event: AuditEvent): AuditEvent => ({
  ...event,
  requestObject: undefined,
  responseObject: undefined,
  annotations: new Map(event.annotations).set(TRUNCATED, 'true'),
})

/** Splits batches that are too large together; each part is delivered whatever becomes of the others. */
export function inSmallBatches(
  delivery: Delivery,
  { maximumBatchBytes }: TruncateOptions,
): Delivery {
  return {
    plugin: delivery.plugin,
    async deliver(events) {
      const failures: string[] = []
      for (const batch of split(events, maximumBatchBytes))
        await delivery.deliver(batch).catch(error => failures.push(messageOf(error)))
      if (failures.length > 0) throw new Error(failures.join(', '))
    },
    close: () => delivery.close(),
  }
}

function split(events: readonly AuditEvent[], maximumBytes: number): readonly AuditEvent[][] {
  const batches: AuditEvent[][] = []
  let room = 0
  for (const event of events) {
    const bytes = bytesOf(event)
    if (bytes > room || batches.length === 0) {
      batches.push([])
      room = maximumBytes
    }
    batches.at(-1)?.push(event)
    room -= bytes
  }
  return batches
}
