/** A list of any kind, in the columns that kubectl has, live. What is filtered and sorted stands in the address. */
import { titleOf } from '../model/menu.ts'
import { addressOf, type ListQuery, type ListRoute } from '../model/route.ts'
import { shownTable } from '../model/table.ts'
import type { App, Page } from './app.ts'
import { after, every, oncePerFrame } from './browser.ts'
import { h, labelled, replace } from './dom.ts'
import { createRows } from './list-rows.ts'
import { LiveTable } from './live-table.ts'
import { errorBox } from './messages.ts'

/** Rows from which on changes are drawn together. */
const MANY = 1000
const MANY_DELAY_MS = 300

export function listPage(app: App, route: ListRoute, signal: AbortSignal): Page {
  const resource = app.resources.get(route.resource)
  if (!resource) throw new Error(`The API serves no ${route.resource}; it may have been removed.`)
  let query = route.query
  let leaveTable = new AbortController()
  let table: LiveTable
  signal.addEventListener('abort', () => leaveTable.abort(), { once: true })

  const count = h('span', { class: 'muted', attributes: { role: 'status' } })
  const trouble = h('div')
  const rows = createRows({
    resource,
    onSort: name =>
      change({ sort: query.sort === name ? `-${name}` : query.sort === `-${name}` ? '' : name }),
  })
  const text = field('search', 'Part of a row', () => change({ text: text.value }))
  const labels = field('text', 'app=web,tier in (a,b)', undefined, () =>
    change({ labels: labels.value.trim() }),
  )
  const fields = field('text', 'status.phase=Running', undefined, () =>
    change({ fields: fields.value.trim() }),
  )
  const wide = h('input', {
    attributes: { type: 'checkbox' },
    on: { change: () => change({ isWide: wide.checked }) },
  })

  const draw = () => {
    const shown = shownTable(table.rows, {
      isWide: query.isWide,
      text: query.text,
      sort: query.sort,
      showsNamespace: resource.isNamespaced && query.namespace === '',
    })
    rows.draw(shown, query.sort, table.state === 'loading')
    count.textContent = countText(shown.rows.length, table)
    replace(trouble, troubleOf(table, begin))
  }
  const drawSoon = oncePerFrame(draw, signal)
  /** Sorting thousands of rows with every change would leave no time to scroll. */
  let isWaiting = false
  const onData = () => {
    if (table.rows.size < MANY) return drawSoon()
    if (isWaiting) return
    isWaiting = true
    after(MANY_DELAY_MS, () => {
      isWaiting = false
      drawSoon()
    })
  }
  const begin = () => {
    leaveTable.abort()
    leaveTable = new AbortController()
    const { namespace, labels, fields } = query
    table = new LiveTable(
      app.api,
      { resource, namespace, labels, fields },
      onData,
      leaveTable.signal,
    )
    drawSoon()
  }
  /** What the server filters by means another list; the rest is drawn anew of what is here. */
  const take = (next: ListQuery) => {
    const isOther =
      next.namespace !== query.namespace ||
      next.labels !== query.labels ||
      next.fields !== query.fields
    query = next
    if (document.activeElement !== text) text.value = query.text
    labels.value = query.labels
    fields.value = query.fields
    wide.checked = query.isWide
    if (isOther) begin()
    else drawSoon()
  }
  const change = (part: Partial<ListQuery>) => {
    const next = { ...query, ...part }
    history.replaceState(null, '', addressOf({ ...route, query: next }))
    take(next)
  }

  text.value = query.text
  labels.value = query.labels
  fields.value = query.fields
  wide.checked = query.isWide
  begin()
  // Ages grow by themselves.
  every(10_000, drawSoon, signal)
  const title = titleOf(resource)
  return {
    title,
    focusFilter: () => text.focus(),
    update(next) {
      if (next.page !== 'list' || next.resource !== route.resource) return false
      take(next.query)
      return true
    },
    element: h(
      'div',
      { class: 'page list-page' },
      h('div', { class: 'head' }, h('h1', {}, title), count),
      h(
        'div',
        { class: 'filters', attributes: { role: 'search' } },
        labelled('Filter', text),
        labelled('Labels', labels),
        labelled('Fields', fields),
        h('label', { class: 'check' }, wide, h('span', {}, 'Wide')),
      ),
      trouble,
      rows.element,
    ),
  }
}

function field(
  type: string,
  placeholder: string,
  onInput?: () => void,
  onChange?: () => void,
): HTMLInputElement {
  return h('input', {
    attributes: {
      type,
      placeholder,
      autocomplete: 'off',
      spellcheck: 'false',
      autocapitalize: 'off',
    },
    on: { ...(onInput ? { input: onInput } : {}), ...(onChange ? { change: onChange } : {}) },
  })
}

function countText(shown: number, { rows, state, more }: LiveTable): string {
  if (state === 'loading' && rows.size === 0) return 'loading…'
  const all = rows.size
  const text =
    shown === all
      ? all.toLocaleString('en')
      : `${shown.toLocaleString('en')} of ${all.toLocaleString('en')}`
  if (state === 'loading') return `${text}, loading more…`
  return more > 0
    ? `${text}; ${more.toLocaleString('en')} more are not read: filter by namespace, labels or fields`
    : text
}

function troubleOf(table: LiveTable, again: () => void): HTMLElement | undefined {
  if (table.state === 'failed') return errorBox(table.error, again)
  if (table.state !== 'waiting') return undefined
  return h(
    'div',
    { class: 'box tone-busy', attributes: { role: 'status' } },
    h(
      'div',
      {},
      h('strong', {}, 'Not up to date'),
      h('p', {}, `${table.error?.message ?? ''} It is tried again.`),
    ),
  )
}
