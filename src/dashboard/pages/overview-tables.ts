/** The tables of the first page: what is not as it was asked for, and what the cluster warns of. */
import { shortSpan } from '../model/age.ts'
import {
  type AnyObject,
  eventText,
  needsALook,
  nodeProblems,
  noTally,
  podTone,
  type Tally,
  workloadProblem,
} from '../model/health.ts'
import { resourceOfKind } from '../model/resource.ts'
import { listAddress, objectAddress } from '../model/route.ts'
import { cellText } from '../model/table.ts'
import type { Tone } from '../model/tone.ts'
import { type App, keyOf } from './app.ts'
import { now } from './browser.ts'
import { h, link, plainTable, replace } from './dom.ts'
import type { LiveTable } from './live-table.ts'
import { errorBox, pill } from './messages.ts'

const MAXIMUM_PROBLEMS = 50
const MAXIMUM_WARNINGS = 25

interface Trouble {
  readonly tone: Tone
  readonly kind: string
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly text: string
  readonly created: string | undefined
}

export const objectsIn = (table: LiveTable | undefined): AnyObject[] =>
  [...(table?.rows.values() ?? [])].map(({ object }) => object as AnyObject)

function podCells(table: LiveTable): { readonly status: number; readonly ready: number } {
  const at = (name: string) => table.rows.columns.findIndex(column => column.name === name)
  return { status: at('Status'), ready: at('Ready') }
}

export function podTally(table: LiveTable | undefined): Tally {
  const tally = noTally()
  if (!table) return tally
  const { status, ready } = podCells(table)
  for (const { cells } of table.rows.values()) {
    const tone = podTone(cellText(cells[status]), cellText(cells[ready]))
    tally[tone === 'plain' ? 'busy' : tone]++
  }
  return tally
}

function troublesIn(tables: ReadonlyMap<string, LiveTable>): Trouble[] {
  const found: Trouble[] = []
  for (const [key, table] of tables) {
    const { kind } = table.resource
    const add = (object: Pick<AnyObject, 'metadata'>, tone: Tone, text: string) =>
      found.push({
        tone,
        kind,
        key,
        text,
        namespace: object.metadata.namespace ?? '',
        name: object.metadata.name ?? '',
        created: object.metadata.creationTimestamp,
      })
    if (key === 'nodes')
      for (const node of objectsIn(table))
        for (const { tone, text } of nodeProblems(node)) add(node, tone, text)
    else if (key === 'pods') {
      const { status, ready } = podCells(table)
      for (const { cells, object } of table.rows.values()) {
        const [word, up] = [cellText(cells[status]), cellText(cells[ready])]
        const tone = podTone(word, up)
        if (tone === 'bad' || tone === 'busy')
          add(object, tone, word === 'Running' ? `${up} containers ready` : word)
      }
    } else
      for (const object of objectsIn(table)) {
        const problem = workloadProblem(object, kind)
        if (problem) add(object, problem.tone, problem.text)
      }
  }
  const time = now()
  return found
    .filter(({ tone, created, key }) => key === 'nodes' || needsALook(tone, created, time))
    .sort(
      (a, b) => (a.tone === b.tone ? 0 : a.tone === 'bad' ? -1 : 1) || a.kind.localeCompare(b.kind),
    )
}

export function drawTroubles(element: HTMLElement, tables: ReadonlyMap<string, LiveTable>): void {
  const away = [...tables.values()].find(({ state }) => state === 'waiting')
  const isLoading = [...tables.values()].some(
    ({ state, rows }) => state === 'loading' && rows.size === 0,
  )
  const troubles = troublesIn(tables)
  replace(
    element,
    h(
      'h2',
      {},
      'Needs a look',
      troubles.length > 0 && h('span', { class: 'muted' }, ` ${troubles.length}`),
    ),
    away &&
      h(
        'div',
        { class: 'box tone-busy', attributes: { role: 'status' } },
        h('strong', {}, 'Not up to date'),
        ` ${away.error?.message ?? ''} It is tried again.`,
      ),
    troubles.length === 0
      ? h(
          'p',
          { class: isLoading ? 'muted' : 'all-well' },
          isLoading ? 'Looking…' : away ? '' : 'All is as it was asked for.',
        )
      : plainTable(
          ['What', 'Kind', 'Name', 'Namespace', 'Age'],
          troubles
            .slice(0, MAXIMUM_PROBLEMS)
            .map(({ tone, kind, key, name, namespace, text, created }) =>
              h(
                'tr',
                {},
                h('td', { class: 'wraps' }, pill(text, tone)),
                h('td', {}, kind),
                h('td', {}, link(objectAddress(key, { name, namespace }), name)),
                h('td', {}, namespace),
                h('td', {}, created ? shortSpan(now() - Date.parse(created)) : ''),
              ),
            ),
        ),
    troubles.length > MAXIMUM_PROBLEMS &&
      h('p', { class: 'muted' }, `and ${troubles.length - MAXIMUM_PROBLEMS} more`),
  )
}

export function drawWarnings(app: App, element: HTMLElement, table: LiveTable | undefined): void {
  if (!table) return
  const events = objectsIn(table)
    .map(object => eventText(object as unknown as Record<string, unknown>))
    .sort((a, b) => b.lastMs - a.lastMs)
  const rows = events
    .slice(0, MAXIMUM_WARNINGS)
    .map(({ regarding, reason, message, count, lastMs }) => {
      const resource = resourceOfKind(app.resources.values(), regarding.apiVersion, regarding.kind)
      const text = `${regarding.kind} ${regarding.name}`
      const about = resource
        ? link(
            objectAddress(keyOf(resource), {
              name: regarding.name,
              namespace: resource.isNamespaced ? regarding.namespace : '',
            }),
            text,
          )
        : text
      return h(
        'tr',
        {},
        h('td', {}, shortSpan(now() - lastMs)),
        h('td', {}, reason),
        h('td', {}, about),
        h('td', { class: 'wraps' }, message),
        h('td', {}, count),
      )
    })
  replace(
    element,
    h(
      'h2',
      {},
      link(listAddress('events', { fields: 'type=Warning' }), 'Warnings'),
      events.length > 0 && h('span', { class: 'muted' }, ` ${events.length}`),
    ),
    table.state === 'failed' && errorBox(table.error),
    rows.length === 0
      ? h(
          'p',
          { class: 'muted' },
          table.state === 'loading' ? 'Loading…' : 'None in the last hour.',
        )
      : plainTable(['Last', 'Reason', 'About', 'Message', 'Times'], rows),
  )
}
