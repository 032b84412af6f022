/**
 * The rows of a list as a table of which only what is seen is made: ten thousand rows scroll like ten. Rows are all of one height; what is above
 * and below of them is one empty row each. The arrow keys move through all of them. On a narrow screen each row has its name above, and below it as much of
 * the rest as has room.
 */
import { type Resource, resourceKey } from '../model/resource.ts'
import { objectAddress } from '../model/route.ts'
import { columnLengths, type Row, type ShownTable, shownCell } from '../model/table.ts'
import { toneOfCell } from '../model/tone.ts'
import { ROW_HEIGHT, TALL_ROW_HEIGHT, visibleRows } from '../model/visible-rows.ts'
import { now } from './browser.ts'
import { button, h, link, replace } from './dom.ts'

/** As the style has it. */
const NARROW = '(max-width: 760px)'
const LETTER_PX = 8.6
const CELL_PX = 34

export interface Rows {
  readonly element: HTMLElement
  draw(shown: ShownTable, sort: string, isLoading: boolean): void
}

interface RowElement {
  readonly element: HTMLTableRowElement
  readonly cells: HTMLTableCellElement[]
  /** What stands in the cells: asking the document would cost more than all the rest. */
  readonly texts: string[]
  row?: Row
}

export function createRows(options: {
  readonly resource: Resource
  readonly onSort: (column: string) => void
}): Rows {
  const { resource, onSort } = options
  const key = resourceKey(resource)
  let shown: ShownTable = { columns: [], places: [], rows: [] }
  /** Of the row that the keys are at. */
  let activeUid: string | undefined
  let drawnHead = ''
  let drawnFirst = 0
  const pool: RowElement[] = []

  const columns = h('colgroup')
  const head = h('thead')
  const above = h('tr', { class: 'spacer', attributes: { 'aria-hidden': 'true' } })
  const below = h('tr', { class: 'spacer', attributes: { 'aria-hidden': 'true' } })
  const body = h(
    'tbody',
    {
      on: {
        keydown: event => onKey(event as KeyboardEvent),
        focusin: onFocus,
        mouseover: onPointer,
        click: onClick,
      },
    },
    above,
    below,
  )
  const table = h(
    'table',
    { class: 'rows', attributes: { 'aria-rowcount': '-1' } },
    columns,
    head,
    body,
  )
  const empty = h('p', { class: 'muted empty' })
  const element = h(
    'div',
    { class: 'scroll card list', on: { scroll: () => drawRows() } },
    table,
    empty,
  )
  const narrow = matchMedia(NARROW)
  const rowHeight = () => (narrow.matches ? TALL_ROW_HEIGHT : ROW_HEIGHT)
  // A phone that is turned is resized, too.
  new ResizeObserver(() => drawRows()).observe(element)

  function drawHead(sort: string): void {
    const now = JSON.stringify([sort, shown.columns.map(({ name }) => name)])
    if (now === drawnHead) return
    drawnHead = now
    const cells = shown.columns.map(({ name, description }) => {
      const way = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : undefined
      const mark = way === 'ascending' ? ' ▲' : way === 'descending' ? ' ▼' : ''
      return h(
        'th',
        { title: description, attributes: { scope: 'col', 'aria-sort': way } },
        button(name + mark, () => onSort(name), { class: 'sort' }),
      )
    })
    // A new button would lose the focus of who sorts by keys.
    const at = [...head.querySelectorAll('button')].indexOf(
      document.activeElement as HTMLButtonElement,
    )
    replace(head, h('tr', {}, ...cells))
    if (at >= 0) head.querySelectorAll('button')[at]?.focus()
  }

  function drawWidths(): void {
    const lengths = columnLengths(shown, now())
    const widths = lengths.map(length => Math.round(length * LETTER_PX + CELL_PX))
    const total = widths.reduce((sum, width) => sum + width, 0)
    while (columns.childElementCount > widths.length) columns.lastElementChild?.remove()
    while (columns.childElementCount < widths.length) columns.append(h('col'))
    for (const [at, width] of widths.entries())
      (columns.children[at] as HTMLElement).style.width = `${width}px`
    table.style.minWidth = `${total}px`
  }

  function drawRows(): void {
    const { rows } = shown
    const { scrollTop, clientHeight } = element
    const height = rowHeight()
    const { first, last } = visibleRows(scrollTop, clientHeight, rows.length, height)
    above.style.height = `${first * height}px`
    below.style.height = `${(rows.length - last) * height}px`
    turn(first)
    const hasFocus = body.contains(document.activeElement)
    while (pool.length > last - first) pool.pop()?.element.remove()
    while (pool.length < last - first) {
      const made: RowElement = { element: h('tr'), cells: [], texts: [] }
      pool.push(made)
      below.before(made.element)
    }
    const time = now()
    let isActiveShown = false
    for (const [at, made] of pool.entries()) {
      const row = rows[first + at]
      if (!row) continue
      const isActive = activeUid !== undefined && row.object.metadata.uid === activeUid
      isActiveShown ||= isActive
      drawRow(made, row, first + at, time)
      made.element.tabIndex = isActive ? 0 : -1
      // Rows move under the focus as others come and go: it stays with its object.
      if (
        hasFocus &&
        isActive &&
        document.activeElement !== made.element &&
        !made.element.contains(document.activeElement)
      )
        made.element.focus({ preventScroll: true })
    }
    if (!isActiveShown && pool[0]) pool[0].element.tabIndex = 0
  }

  /** Rows that left at one edge are used again at the other, so that those in between stay as they are. */
  function turn(first: number): void {
    const by = first - drawnFirst
    drawnFirst = first
    if (by === 0 || Math.abs(by) >= pool.length) return
    if (by > 0) {
      const left = pool.splice(0, by)
      below.before(...left.map(({ element: row }) => row))
      pool.push(...left)
    } else {
      const left = pool.splice(by)
      above.after(...left.map(({ element: row }) => row))
      pool.unshift(...left)
    }
  }

  function drawRow(made: RowElement, row: Row, index: number, time: number): void {
    const { element: tr } = made
    const isOther = made.row?.object.metadata.uid !== row.object.metadata.uid
    made.row = row
    tr.setAttribute('aria-rowindex', String(index + 2))
    tr.classList.toggle('leaving', row.object.metadata.deletionTimestamp !== undefined)
    while (made.cells.length > shown.columns.length) {
      made.cells.pop()?.remove()
      made.texts.pop()
    }
    while (made.cells.length < shown.columns.length) {
      const cell = h('td')
      made.cells.push(cell)
      tr.append(cell)
    }
    for (const [at, column] of shown.columns.entries()) {
      const cell = made.cells[at]
      const place = shown.places[at] ?? 0
      const text = shownCell(row, column, place, time)
      const isName = place === 0
      // Another name may stand in the same text, and what was a name may be none.
      const known = `${isName} ${column.name} ${text}`
      if (!cell || (made.texts[at] === known && !(isName && isOther))) continue
      made.texts[at] = known
      if (isName) drawName(cell, row, text)
      else cell.textContent = text
      cell.className = `tone-${toneOfCell(column.name, text, resource.kind)}${isName ? ' name' : ''}`
    }
  }

  function drawName(cell: HTMLTableCellElement, row: Row, text: string): void {
    const { name = '', namespace } = row.object.metadata
    const address = objectAddress(key, { name, namespace })
    replace(cell, link(address, text, { attributes: { tabindex: '-1' } }))
  }

  /** What is cut off is told by the pointer. */
  function onPointer({ target }: Event): void {
    const cell = target instanceof Element ? target.closest('td') : null
    if (cell) cell.title = cell.scrollWidth > cell.clientWidth ? (cell.textContent ?? '') : ''
  }

  function open(row: Row | undefined): void {
    const { name = '', namespace } = row?.object.metadata ?? {}
    if (name) location.hash = objectAddress(key, { name, namespace })
  }

  function rowOf(target: EventTarget | null): number {
    const tr = target instanceof Element ? target.closest('tr') : null
    const made = pool.find(each => each.element === tr)
    return made?.row ? shown.rows.indexOf(made.row) : -1
  }

  function onFocus(event: Event): void {
    const row = shown.rows[rowOf(event.target)]
    if (row) activeUid = row.object.metadata.uid
  }

  function onClick(event: Event): void {
    const { target } = event
    // A link does it by itself; who selects text does not want to leave.
    if (target instanceof Element && target.closest('a, button')) return
    if (getSelection()?.toString()) return
    open(shown.rows[rowOf(target)])
  }

  function onKey(event: KeyboardEvent): void {
    const at = rowOf(event.target)
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return
    const page = Math.max(1, Math.floor(element.clientHeight / rowHeight()) - 2)
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: shown.rows.length - 1,
    }
    const to = steps[event.key]
    if (event.key === 'Enter') {
      event.preventDefault()
      open(shown.rows[at])
    } else if (to !== undefined) {
      event.preventDefault()
      moveTo(Math.min(Math.max(0, to), shown.rows.length - 1))
    }
  }

  function moveTo(index: number): void {
    const row = shown.rows[index]
    if (!row) return
    activeUid = row.object.metadata.uid
    const height = rowHeight()
    const top = index * height
    const bottom = top + height + head.clientHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (bottom > element.scrollTop + element.clientHeight)
      element.scrollTop = bottom - element.clientHeight
    drawRows()
    pool.find(({ row: each }) => each === row)?.element.focus({ preventScroll: true })
  }

  return {
    element,
    draw(next, sort, isLoading) {
      shown = next
      drawHead(sort)
      drawWidths()
      drawRows()
      table.setAttribute('aria-rowcount', String(shown.rows.length + 1))
      empty.hidden = shown.rows.length > 0
      empty.textContent = isLoading ? 'Loading…' : `There are no ${resource.plural} here.`
    },
  }
}
