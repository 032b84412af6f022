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
import { eventColumns } from './event.columns.ts'
import { objectReference } from './references.ts'

export const eventSource = shape('io.k8s.api.core.v1.EventSource', 'core.EventSource', {
  component: string(1).doc('core.EventSource.component'),
  host: string(2).doc('core.EventSource.host'),
})
export type EventSource = ValueOfShape<typeof eventSource>

export const eventSeries = shape('io.k8s.api.core.v1.EventSeries', 'core.EventSeries', {
  count: int32(1).doc('core.EventSeries.count'),
  lastObservedTime: microTime(2).doc('core.EventSeries.lastObservedTime'),
})
export type EventSeries = ValueOfShape<typeof eventSeries>

export const eventShape = objectShape('io.k8s.api.core.v1.Event', 'core.Event', {
  involvedObject: struct(2, objectReference).required().atomic().doc('core.Event.involvedObject'),
  reason: string(3).doc('core.Event.reason'),
  message: string(4).doc('core.Event.message'),
  source: struct(5, eventSource).always().doc('core.Event.source'),
  firstTimestamp: time(6).doc('core.Event.firstTimestamp'),
  lastTimestamp: time(7).doc('core.Event.lastTimestamp'),
  count: int32(8).doc('core.Event.count'),
  type: string(9).doc('core.Event.type'),
  eventTime: microTime(10).doc('core.Event.eventTime'),
  series: struct(11, eventSeries).optional().doc('core.Event.series'),
  action: string(12).doc('core.Event.action'),
  related: struct(13, objectReference).optional().atomic().doc('core.Event.related'),
  reportingComponent: string(14).always().doc('core.Event.reportingComponent'),
  reportingInstance: string(15).always().doc('core.Event.reportingInstance'),
})
export type Event = ObjectOfShape<typeof eventShape>

export const event = defineKind<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  shape: eventShape,
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
