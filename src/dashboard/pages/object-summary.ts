/** How an object is, on one page: its columns, conditions, containers or data, whom it belongs to, what it owns, and what happened to it. */

import { ageOf } from '../model/age.ts'
import { type AnyObject, conditionsOf, workloadProblem } from '../model/health.ts'
import { apiPath, withQuery } from '../model/resource.ts'
import { objectAddress } from '../model/route.ts'
import { cellText, shownCell, type TableText } from '../model/table.ts'
import { toneOfCell, toneOfCondition } from '../model/tone.ts'
import { isAbort } from './api.ts'
import { keyOf } from './app.ts'
import { every, now } from './browser.ts'
import { type Child, h, link, plainTable, replace } from './dom.ts'
import { pill } from './messages.ts'
import { dataSection } from './object-data.ts'
import { eventsSection } from './object-events.ts'
import type { View, ViewContext } from './object-page.ts'
import { podSection } from './object-pod.ts'
import { ownedSection, ownersLine } from './object-relations.ts'

export function summaryView(context: ViewContext): View {
  const { resource, signal } = context
  const facts = h('dl', { class: 'facts' })
  const problem = h('div')
  const conditions = h('div')
  const labels = h('div')
  const owners = ownersLine(context)
  const data = dataSection(context)
  const pod = podSection(context)
  const owned = ownedSection(context)
  const events = eventsSection(context)
  let object: AnyObject | undefined
  let columns: readonly Child[][] = []
  let asked = ''

  const drawFacts = () => {
    if (!object) return
    const { metadata } = object
    const rows: (readonly Child[])[] = [
      ...columns,
      ...(columns.length === 0 ? [['Age', ageOf(metadata.creationTimestamp, now())]] : []),
      [
        'Created',
        metadata.creationTimestamp ? new Date(metadata.creationTimestamp).toLocaleString() : '',
      ],
      ...(metadata.finalizers?.length ? [['Finalizers', metadata.finalizers.join(', ')]] : []),
    ]
    replace(
      facts,
      ...rows.map(([name, value]) =>
        h(
          'div',
          { class: 'fact' },
          h('dt', {}, name ?? ''),
          h('dd', {}, value || h('span', { class: 'muted' }, '–')),
        ),
      ),
    )
  }
  /** The server's own columns of this kind, which know what matters of it, custom resources included. */
  const readColumns = async () => {
    const { name, namespace } = context.route
    const path = withQuery(apiPath(resource, { namespace, name }), {})
    try {
      const table: TableText = await context.app.api.json('GET', path, undefined, {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
        signal,
      })
      const [row] = table.rows ?? []
      if (!row || !table.columnDefinitions) return
      columns = table.columnDefinitions.flatMap((column, place) => {
        if (column.name === 'Name' || cellText(row.cells[place]) === '<none>') return []
        const text = shownCell(row, column, place, now())
        if (column.name === 'Node' && keyOf(resource) === 'pods')
          return [['Node', link(objectAddress('nodes', { name: text }), text)]]
        const tone = toneOfCell(column.name, text, resource.kind)
        return [
          [
            h('span', { title: column.description }, column.name),
            tone === 'plain' ? text : pill(text, tone),
          ],
        ]
      })
      drawFacts()
    } catch (error) {
      if (!isAbort(error)) columns = []
    }
  }
  every(10_000, () => void readColumns(), signal)
  return {
    element: h(
      'div',
      { class: 'summary' },
      problem,
      h('section', { class: 'card' }, owners.element, facts, labels),
      pod.element,
      data.element,
      owned.element,
      events.element,
      conditions,
    ),
    draw(next) {
      object = next
      const { resourceVersion } = next.metadata
      if (resourceVersion !== asked) {
        asked = resourceVersion ?? ''
        void readColumns()
      }
      drawFacts()
      const wrong = workloadProblem(next, resource.kind)
      replace(
        problem,
        wrong && h('div', { class: `box tone-${wrong.tone}` }, h('strong', {}, wrong.text)),
      )
      replace(conditions, conditionsTable(next))
      replace(
        labels,
        chips('Labels', next.metadata.labels),
        chips('Annotations', next.metadata.annotations),
      )
      for (const part of [owners, data, pod, owned, events]) part.draw(next)
    },
  }
}

function conditionsTable(object: AnyObject): HTMLElement | undefined {
  const conditions = conditionsOf(object)
  if (conditions.length === 0) return undefined
  const time = now()
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Conditions'),
    plainTable(
      ['Type', 'Status', 'Reason', 'Message', 'Since'],
      conditions.map(condition =>
        h(
          'tr',
          {},
          h('th', { attributes: { scope: 'row' } }, condition.type),
          h('td', {}, pill(String(condition.status), toneOfCondition(condition))),
          h('td', {}, cellText(condition.reason)),
          h('td', { class: 'wraps' }, cellText(condition.message)),
          h('td', {}, ageOf(condition.lastTransitionTime, time)),
        ),
      ),
    ),
  )
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** Longer values are in the YAML. */
const MAXIMUM_CHIP = 120

function chips(
  title: string,
  values: Readonly<Record<string, string>> | undefined,
): HTMLElement | undefined {
  // What kubectl keeps there is the object once more.
  const entries = Object.entries(values ?? {}).filter(([key]) => key !== LAST_APPLIED)
  if (entries.length === 0) return undefined
  return h(
    'div',
    { class: 'chips' },
    h('span', { class: 'chips-title' }, title),
    ...entries.map(([key, value]) => {
      const shown = value.length > MAXIMUM_CHIP ? `${value.slice(0, MAXIMUM_CHIP)}…` : value
      return h('span', { class: 'chip' }, shown === '' ? key : `${key}=${shown}`)
    }),
  )
}
