import { eventColumns } from '../../core/v1/event.columns.ts'
import { event as coreEvent, eventSource } from '../../core/v1/event.ts'
import { objectReference } from '../../core/v1/references.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  int32,
  microTime,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { fromCoreEvent, toCoreEvent } from './conversion.ts'

export const eventSeries = shape('io.k8s.api.events.v1.EventSeries', 'events.EventSeries', {
  count: int32(1).required().doc('events.EventSeries.count'),
  lastObservedTime: microTime(2).required().doc('events.EventSeries.lastObservedTime'),
})
export type EventSeries = ValueOfShape<typeof eventSeries>

export const eventShape = objectShape('io.k8s.api.events.v1.Event', 'events.Event', {
  eventTime: microTime(2).required().doc('events.Event.eventTime'),
  series: struct(3, eventSeries).optional().doc('events.Event.series'),
  reportingController: string(4).doc('events.Event.reportingController'),
  reportingInstance: string(5).doc('events.Event.reportingInstance'),
  action: string(6).doc('events.Event.action'),
  reason: string(7).doc('events.Event.reason'),
  regarding: struct(8, objectReference).always().atomic().doc('events.Event.regarding'),
  related: struct(9, objectReference).optional().atomic().doc('events.Event.related'),
  note: string(10).doc('events.Event.note'),
  type: string(11).doc('events.Event.type'),
  deprecatedSource: struct(12, eventSource)
    .always()
    .deprecated()
    .doc('events.Event.deprecatedSource'),
  deprecatedFirstTimestamp: time(13).deprecated().doc('events.Event.deprecatedFirstTimestamp'),
  deprecatedLastTimestamp: time(14).deprecated().doc('events.Event.deprecatedLastTimestamp'),
  deprecatedCount: int32(15).deprecated().doc('events.Event.deprecatedCount'),
})
export type Event = ObjectOfShape<typeof eventShape>

export const event = defineKind<Event>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  shape: eventShape,
  storedAs: { kind: coreEvent, toStored: toCoreEvent, fromStored: fromCoreEvent },
  fieldSelectors: {
    'regarding.kind': object => object.regarding.kind ?? '',
    'regarding.namespace': object => object.regarding.namespace ?? '',
    'regarding.name': object => object.regarding.name ?? '',
    'regarding.uid': object => object.regarding.uid ?? '',
    'regarding.apiVersion': object => object.regarding.apiVersion ?? '',
    'regarding.resourceVersion': object => object.regarding.resourceVersion ?? '',
    'regarding.fieldPath': object => object.regarding.fieldPath ?? '',
    reason: object => object.reason ?? '',
    reportingController: object => object.reportingController ?? '',
    type: object => object.type ?? '',
  },
  // The table is the same whichever group is asked.
  columns: eventColumns.map(column => ({
    ...column,
    cell: (object: Event, now: number) => column.cell(toCoreEvent(object), now),
  })),
})
