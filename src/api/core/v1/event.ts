import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { objectMeta } from '../../machinery/metadata.ts'
import {
  int32,
  microTime,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { eventColumns } from './event.columns.ts'
import { objectReference } from './references.ts'

export const eventSource = shape('io.k8s.api.core.v1.EventSource', 'Who reported an event.', {
  component: string(1).doc('Name of the reporting program.'),
  host: string(2).doc('Node that the program runs on.'),
})
export type EventSource = ValueOfShape<typeof eventSource>

export const eventSeries = shape('io.k8s.api.core.v1.EventSeries', 'How an event went on.', {
  count: int32(1).doc('How often it happened.'),
  lastObservedTime: microTime(2).doc('When it last happened.'),
})
export type EventSeries = ValueOfShape<typeof eventSeries>

export const eventShape = objectShape(
  'io.k8s.api.core.v1.Event',
  'Something that happened to an object, kept for an hour or so to be read by people.',
  {
    metadata: struct(1, objectMeta).required().doc('Name, labels and what else every object has.'),
    involvedObject: struct(2, objectReference).required().doc('The object that it happened to.'),
    reason: string(3).doc('Why it happened, as one CamelCase word for programs.'),
    message: string(4).doc('What happened, as a sentence for people.'),
    source: struct(5, eventSource).always().doc('Who reported it.'),
    firstTimestamp: time(6).doc('When it was first seen.'),
    lastTimestamp: time(7).doc('When it was last seen.'),
    count: int32(8).doc('How often it was seen.'),
    type: string(9).doc('Normal or Warning.'),
    eventTime: microTime(10).doc(
      'When it was first seen, to the microsecond; only of reporters of the newer style.',
    ),
    series: struct(11, eventSeries)
      .optional()
      .doc('How it went on, if it happened more than once.'),
    action: string(12).doc('What was done, or failed, as one word.'),
    related: struct(13, objectReference).optional().doc('Another object that had a part in it.'),
    reportingComponent: string(14)
      .always()
      .doc('The controller that reports, such as kubernetes.io/kubelet.'),
    reportingInstance: string(15).always().doc('Which of several controllers of that name.'),
  },
)
export type Event = ObjectOfShape<typeof eventShape>

export const event = defineKind<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  nameRule: 'pathSegment',
  shape: eventShape,
  takesAnyPrefix: true,
  fieldSelectors: {
    'involvedObject.kind': object => object.involvedObject.kind ?? '',
    'involvedObject.namespace': object => object.involvedObject.namespace ?? '',
    'involvedObject.name': object => object.involvedObject.name ?? '',
    'involvedObject.uid': object => object.involvedObject.uid ?? '',
    'involvedObject.apiVersion': object => object.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': object => object.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': object => object.involvedObject.fieldPath ?? '',
    reason: object => object.reason ?? '',
    reportingComponent: object => object.reportingComponent,
    source: object => object.source.component || object.reportingComponent,
    type: object => object.type ?? '',
  },
  columns: eventColumns,
})
