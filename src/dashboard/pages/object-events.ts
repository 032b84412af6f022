/** What happened to an object, as Events tell it, the latest first. */
import { shortSpan } from '../model/age.ts'
import { eventText } from '../model/health.ts'
import { every, now, oncePerFrame } from './browser.ts'
import { h, plainTable, replace } from './dom.ts'
import { LiveTable } from './live-table.ts'
import { errorBox, pill } from './messages.ts'
import type { View, ViewContext } from './object-page.ts'

const MAXIMUM_SHOWN = 50

export function eventsSection({ app, route, signal }: ViewContext): View {
  const element = h('section', { class: 'card' })
  const resource = app.resources.get('events')
  let table: LiveTable | undefined
  const draw = () => {
    if (!table) return
    if (table.state === 'failed')
      return replace(element, h('h2', {}, 'Events'), errorBox(table.error))
    const events = [...table.rows.values()]
      .map(({ object }) => eventText(object as unknown as Record<string, unknown>))
      .sort((a, b) => b.lastMs - a.lastMs)
    replace(
      element,
      h('h2', {}, 'Events'),
      events.length === 0
        ? h(
            'p',
            { class: 'muted' },
            table.state === 'loading' ? 'Loading…' : 'Nothing was told lately.',
          )
        : plainTable(
            ['Last', 'Type', 'Reason', 'Message', 'Times'],
            events
              .slice(0, MAXIMUM_SHOWN)
              .map(event =>
                h(
                  'tr',
                  {},
                  h('td', {}, shortSpan(now() - event.lastMs)),
                  h('td', {}, event.isWarning ? pill('Warning', 'bad') : 'Normal'),
                  h('td', {}, event.reason),
                  h('td', { class: 'wraps' }, event.message),
                  h('td', {}, event.count),
                ),
              ),
          ),
    )
  }
  const drawSoon = oncePerFrame(draw, signal)
  every(10_000, drawSoon, signal)
  return {
    element,
    draw(object) {
      if (table || !resource) return
      const { uid } = object.metadata
      // Events of cluster-wide objects are in some namespace, `default` mostly.
      table = new LiveTable(
        app.api,
        {
          resource,
          namespace: route.namespace,
          fields:
            uid && object.kind !== 'Node'
              ? `involvedObject.uid=${uid}`
              : `involvedObject.kind=${object.kind},involvedObject.name=${route.name}`,
          includes: 'Object',
        },
        drawSoon,
        signal,
      )
      drawSoon()
    },
  }
}
