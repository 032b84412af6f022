import { ageOf, column } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import type { Event } from './event.ts'

const firstSeen = (event: Event) => event.firstTimestamp || event.eventTime
const lastSeen = (event: Event) =>
  event.series?.lastObservedTime || event.lastTimestamp || firstSeen(event)
const countOf = (event: Event) => event.series?.count ?? (event.count || 1)

export const eventColumns: readonly Column<Event>[] = [
  column('Last Seen', 'Time since the event was last seen.', (event, now) =>
    ageOf(lastSeen(event), now),
  ),
  column('Type', 'Normal or Warning.', event => event.type ?? ''),
  column('Reason', 'Why it happened, in one word.', event => event.reason ?? ''),
  column('Object', 'The object that it happened to.', ({ involvedObject: { kind = '', name } }) =>
    name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase(),
  ),
  column('Subobject', 'The part of the object.', event => event.involvedObject.fieldPath ?? '', {
    priority: 1,
  }),
  column('Source', 'Who reported the event.', sourceOf, { priority: 1 }),
  column('Message', 'What happened, in words.', event => (event.message ?? '').trim()),
  column(
    'First Seen',
    'Time since the event was first seen.',
    (event, now) => ageOf(firstSeen(event), now),
    { priority: 1 },
  ),
  column('Count', 'How often the event was seen.', countOf, { priority: 1 }),
  column('Name', 'Name of the event.', event => event.metadata.name ?? '', {
    format: 'name',
    priority: 1,
  }),
]

function sourceOf({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source.component || reportingComponent
  const instance = source.host || reportingInstance
  return instance ? `${component}, ${instance}` : component
}
