import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { isQualifiedName, utf8Length } from '../../machinery/names.ts'
import type { Event } from './event.ts'
import { immutable, wrong } from './validation.ts'

const MAXIMUM_NAME_CHARACTERS = 128
const MAXIMUM_MESSAGE_CHARACTERS = 1024
/** Events about cluster-scoped objects live here. */
const NAMESPACE_OF_CLUSTER_EVENTS = 'default'

/** `newStyle` is for what comes through events.k8s.io, where more must be said. */
export function validateEvent(event: Event, newStyle = Boolean(event.eventTime)): FieldError[] {
  const errors = inRightNamespace(event)
  return newStyle ? [...errors, ...validateNewStyle(event)] : errors
}

function inRightNamespace({ metadata, involvedObject }: Event): FieldError[] {
  const { namespace = '' } = metadata
  const about = involvedObject.namespace ?? ''
  if (about === namespace) return []
  const isAboutCluster =
    about === '' && (namespace === NAMESPACE_OF_CLUSTER_EVENTS || namespace === 'kube-system')
  return isAboutCluster
    ? []
    : [invalid('involvedObject.namespace', about, 'does not match event.namespace')]
}

function validateNewStyle(event: Event): FieldError[] {
  const { reportingComponent, reportingInstance, action = '', reason = '', message = '' } = event
  const errors: FieldError[] = []
  if (!event.eventTime) errors.push(required('eventTime'))
  if (event.type !== 'Normal' && event.type !== 'Warning')
    errors.push(invalid('type', event.type ?? '', `has invalid value: ${event.type ?? ''}`))
  if (!reportingComponent) errors.push(required('reportingController'))
  else
    errors.push(
      ...wrong('reportingController', reportingComponent, isQualifiedName(reportingComponent)),
    )
  if (!reportingInstance) errors.push(required('reportingInstance'))
  if (!action) errors.push(required('action'))
  if (!reason) errors.push(required('reason'))
  for (const [field, text, most] of [
    ['reportingInstance', reportingInstance, MAXIMUM_NAME_CHARACTERS],
    ['action', action, MAXIMUM_NAME_CHARACTERS],
    ['reason', reason, MAXIMUM_NAME_CHARACTERS],
    ['message', message, MAXIMUM_MESSAGE_CHARACTERS],
  ] as const)
    if (utf8Length(text) > most)
      errors.push(invalid(field, '', `can have at most ${most} characters`))
  return errors
}

/** Of an event of the new style only its series goes on. */
export function validateEventUpdate(next: Event, previous: Event): FieldError[] {
  if (!previous.eventTime) return []
  const fields = [
    'involvedObject',
    'reason',
    'message',
    'source',
    'firstTimestamp',
    'lastTimestamp',
    'count',
    'type',
    'eventTime',
    'action',
    'related',
    'reportingComponent',
    'reportingInstance',
  ] as const
  // Events from before absent times were written as null lack them.
  return fields.flatMap(field =>
    immutable(field, next[field] ?? undefined, previous[field] ?? undefined),
  )
}
