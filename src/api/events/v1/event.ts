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

export const eventSeries = shape('io.k8s.api.events.v1.EventSeries', 'How an event went on.', {
  count: int32(1).required().doc('How often it happened.'),
  lastObservedTime: microTime(2).required().doc('When it last happened.'),
})
export type EventSeries = ValueOfShape<typeof eventSeries>

export const eventShape = objectShape(
  'io.k8s.api.events.v1.Event',
  'Something that happened to an object, kept for an hour or so to be read by people.',
  {
    eventTime: microTime(2).required().doc('When it was first seen.'),
    series: struct(3, eventSeries).optional().doc('How it went on, if it happened more than once.'),
    reportingController: string(4).doc(
      'The controller that reports, such as kubernetes.io/kubelet.',
    ),
    reportingInstance: string(5).doc('Which of several controllers of that name.'),
    action: string(6).doc('What was done, or failed, as one word.'),
    reason: string(7).doc('Why, as one CamelCase word for programs.'),
    regarding: struct(8, objectReference).always().doc('The object that it happened to.'),
    related: struct(9, objectReference).optional().doc('Another object that had a part in it.'),
    note: string(10).doc('What happened, as a sentence for people.'),
    type: string(11).doc('Normal or Warning.'),
    deprecatedSource: struct(12, eventSource)
      .always()
      .deprecated()
      .doc('Who reported it, in the words of core events.'),
    deprecatedFirstTimestamp: time(13)
      .deprecated()
      .doc('When it was first seen, in the words of core events.'),
    deprecatedLastTimestamp: time(14)
      .deprecated()
      .doc('When it was last seen, in the words of core events.'),
    deprecatedCount: int32(15)
      .deprecated()
      .doc('How often it was seen, in the words of core events.'),
  },
)
export type Event = ObjectOfShape<typeof eventShape>

export const event = defineKind<Event>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  nameRule: 'dns1123Subdomain',
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
