/** Events are stored once, as core/v1; the newer group shows the same object under other field names. */
import type { Event as CoreEvent } from '../../core/v1/event.ts'
import type { Event } from './event.ts'

/** To clients the zero time is null; the types are those of what clients write. */
const NONE = null as unknown as string

export function toCoreEvent(event: Event): CoreEvent {
  return withoutAbsent({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: event.metadata,
    involvedObject: event.regarding,
    reason: event.reason,
    message: event.note,
    source: event.deprecatedSource,
    firstTimestamp: event.deprecatedFirstTimestamp ?? NONE,
    lastTimestamp: event.deprecatedLastTimestamp ?? NONE,
    count: event.deprecatedCount,
    type: event.type,
    eventTime: event.eventTime ?? NONE,
    series: event.series,
    action: event.action,
    related: event.related,
    reportingComponent: event.reportingController ?? '',
    reportingInstance: event.reportingInstance ?? '',
  })
}

export function fromCoreEvent(event: CoreEvent): Event {
  return withoutAbsent({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: event.metadata,
    eventTime: event.eventTime ?? NONE,
    series:
      event.series &&
      withoutAbsent({
        count: event.series.count ?? 0,
        lastObservedTime: event.series.lastObservedTime ?? NONE,
      }),
    reportingController: event.reportingComponent || undefined,
    reportingInstance: event.reportingInstance || undefined,
    action: event.action,
    reason: event.reason,
    regarding: event.involvedObject,
    related: event.related,
    note: event.message,
    type: event.type,
    deprecatedSource: event.source,
    deprecatedFirstTimestamp: event.firstTimestamp ?? NONE,
    deprecatedLastTimestamp: event.lastTimestamp ?? NONE,
    deprecatedCount: event.count,
  })
}

/** A key with the value undefined is not the same as no key once objects are compared or spread. */
function withoutAbsent<T extends object>(object: { [K in keyof T]: T[K] | undefined }): T {
  const present: Partial<Record<keyof T, unknown>> = {}
  for (const key in object) if (object[key] !== undefined) present[key] = object[key]
  return present as T
}
