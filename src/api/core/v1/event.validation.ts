import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { immutableStruct } from '../../machinery/go-shown.ts'
import { isQualifiedName, utf8Length } from '../../machinery/names.ts'
import type { ObjectShape } from '../../machinery/schema.ts'
import { type Event, eventSource } from './event.ts'
import { objectReference } from './references.ts'
import { immutable, sameValue, wrong } from './validation.ts'

const MAXIMUM_NAME_CHARACTERS = 128
const MAXIMUM_MESSAGE_CHARACTERS = 1024
/** Events about cluster-scoped objects live here. */
const NAMESPACE_OF_CLUSTER_EVENTS = 'default'
const CLUSTER_NAMESPACES: ReadonlySet<string> = new Set([
  NAMESPACE_OF_CLUSTER_EVENTS,
  'kube-system',
])
const FEWEST_OF_SERIES = 2

const OLD_API = ''
const MISPLACED = 'does not match event.namespace'

/**
 * `group` is that of the API through which it is written: events.k8s.io asks for more. `previous` is given on update.
 * Whether an event is of the new style, its time tells.
 */
export function validateEvent(group: string, event: Event, previous?: Event): FieldError[] {
  const errors = event.eventTime ? validateNewStyle(group, event) : inRightNamespace(event)
  if (group === OLD_API) return errors
  if (!previous) return [...errors, ...validateSeries(event), ...validateNewEvent(event)]
  const goesOn = !sameValue(event.series, previous.series)
  return [
    ...errors,
    ...(goesOn ? validateSeries(event) : []),
    ...validateEventUpdate(event, previous),
  ]
}

function inRightNamespace({ metadata, involvedObject }: Event): FieldError[] {
  const { namespace = '' } = metadata
  const about = involvedObject.namespace ?? ''
  if (about === namespace || (about === '' && namespace === NAMESPACE_OF_CLUSTER_EVENTS)) return []
  return [invalid('involvedObject.namespace', about, MISPLACED)]
}

function validateNewStyle(group: string, event: Event): FieldError[] {
  const { reportingComponent, reportingInstance, action = '', reason = '', message = '' } = event
  const errors: FieldError[] = []
  // Here what it is about may be elsewhere.
  if (!event.involvedObject.namespace && !CLUSTER_NAMESPACES.has(event.metadata.namespace ?? ''))
    errors.push(invalid('involvedObject.namespace', '', MISPLACED))
  const reporter = group === OLD_API ? 'reportingComponent' : 'reportingController'
  if (!reportingComponent) errors.push(required(reporter))
  errors.push(...wrong(reporter, reportingComponent, isQualifiedName(reportingComponent)))
  for (const [field, text, most] of [
    ['reportingInstance', reportingInstance, MAXIMUM_NAME_CHARACTERS],
    ['action', action, MAXIMUM_NAME_CHARACTERS],
    ['reason', reason, MAXIMUM_NAME_CHARACTERS],
    ['message', message, MAXIMUM_MESSAGE_CHARACTERS],
  ] as const) {
    if (!text && field !== 'message') errors.push(required(field))
    if (utf8Length(text) > most)
      errors.push(invalid(field, '', `can have at most ${most} characters`))
  }
  return errors
}

function validateSeries({ series }: Event): FieldError[] {
  if (!series) return []
  const errors: FieldError[] = []
  if ((series.count ?? 0) < FEWEST_OF_SERIES)
    errors.push(invalid('series.count', '', `should be at least ${FEWEST_OF_SERIES}`))
  if (!series.lastObservedTime) errors.push(required('series.lastObservedTime'))
  return errors
}

function validateNewEvent(event: Event): FieldError[] {
  const { eventTime, type = '', source } = event
  const errors: FieldError[] = []
  if (!eventTime) errors.push(required('eventTime'))
  if (type !== 'Normal' && type !== 'Warning')
    errors.push(invalid('type', '', `has invalid value: ${type}`))
  // These are of the old style alone.
  for (const field of ['firstTimestamp', 'lastTimestamp', 'count'] as const)
    if (event[field]) errors.push(invalid(field, '', 'needs to be unset'))
  if (source?.component || source?.host) errors.push(invalid('source', '', 'needs to be unset'))
  return errors
}

/** Of an event of the new style only its series goes on. */
function validateEventUpdate(next: Event, previous: Event): FieldError[] {
  if (!previous.eventTime) return []
  const same = (field: keyof Event, absent?: '', name: string = field) =>
    // Events from before absent times were written as null lack them.
    immutable(name, next[field] ?? absent, previous[field] ?? absent)
  const sameStruct = (field: 'involvedObject' | 'source' | 'related', shape: ObjectShape) =>
    immutableStruct(field, shape, next[field], previous[field])
  return [
    ...sameStruct('involvedObject', objectReference),
    ...same('reason', ''),
    ...same('message', ''),
    ...sameStruct('source', eventSource),
    ...same('firstTimestamp'),
    ...same('lastTimestamp'),
    ...same('count'),
    ...same('type', ''),
    ...same('eventTime'),
    ...same('action', ''),
    ...sameStruct('related', objectReference),
    ...same('reportingComponent', '', 'reportingController'),
    ...same('reportingInstance', ''),
  ]
}
