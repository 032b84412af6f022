/** A text with numbers before its lines, to read or to change, and with what is wrong told at its line. */
import { h, replace } from './dom.ts'

/** As the style has it. */
const LINE_HEIGHT = 19

export interface Mark {
  /** From 0. */
  readonly line: number
  readonly message: string
}

export interface Editor {
  readonly element: HTMLElement
  readonly text: string
  set(text: string, isReadOnly: boolean): void
  mark(marks: readonly Mark[]): void
  /** Brings a line into view and the cursor to it. */
  goTo(line: number): void
  focus(): void
}

export function createEditor(label: string): Editor {
  const numbers = h('div', { class: 'numbers', attributes: { 'aria-hidden': 'true' } })
  const marked = h('div', { class: 'marks', attributes: { 'aria-hidden': 'true' } })
  const area = h('textarea', {
    attributes: {
      'aria-label': label,
      spellcheck: 'false',
      autocomplete: 'off',
      autocapitalize: 'off',
      readonly: true,
    },
    on: {
      scroll: () => follow(),
      input: () => number(),
      keydown: event => indent(event as KeyboardEvent),
    },
  })
  area.wrap = 'off'
  let lines = 0
  const follow = () => {
    const offset = `translateY(${-area.scrollTop}px)`
    numbers.style.transform = offset
    marked.style.transform = offset
  }
  const number = () => {
    const count = area.value.split('\n').length
    if (count === lines) return
    lines = count
    numbers.textContent = Array.from({ length: count }, (_, at) => at + 1).join('\n')
    follow()
  }
  /** Two spaces where YAML wants some; Tab leaves a text that cannot be changed, and Escape lets it leave any. */
  let leaves = false
  const indent = (event: KeyboardEvent) => {
    if (event.key === 'Escape') leaves = true
    if (event.key !== 'Tab') return
    if (area.readOnly || event.shiftKey || leaves) {
      leaves = false
      return
    }
    event.preventDefault()
    area.setRangeText('  ', area.selectionStart, area.selectionEnd, 'end')
    area.dispatchEvent(new InputEvent('input'))
  }
  return {
    element: h(
      'div',
      { class: 'editor' },
      h('div', { class: 'gutter' }, numbers),
      h('div', { class: 'text' }, marked, area),
    ),
    get text() {
      return area.value
    },
    set(text, isReadOnly) {
      area.readOnly = isReadOnly
      area.classList.toggle('editing', !isReadOnly)
      if (area.value === text) return
      const { scrollTop } = area
      area.value = text
      area.scrollTop = scrollTop
      number()
    },
    mark(marks) {
      replace(
        marked,
        ...marks.map(({ line, message }) => {
          const element = h('div', { class: 'mark', title: message }, h('span', {}, message))
          element.style.top = `${line * LINE_HEIGHT}px`
          return element
        }),
      )
      area.setAttribute('aria-invalid', String(marks.length > 0))
      follow()
    },
    goTo(line) {
      const start = area.value.split('\n').slice(0, line).join('\n').length + (line > 0 ? 1 : 0)
      area.focus()
      area.setSelectionRange(start, start)
      area.scrollTop = Math.max(0, line * LINE_HEIGHT - area.clientHeight / 3)
      follow()
    },
    focus: () => area.focus(),
  }
}
