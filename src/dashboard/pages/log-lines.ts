/** Lines of a log on the page, in pieces of which the browser lays out only what is seen. Stays at the end while one is there. */
import { MAXIMUM_KEPT_LINES } from '../model/kept-lines.ts'
import { h } from './dom.ts'

const PIECE_LINES = 200
/** So near to the end counts as there. */
const END_PX = 40

export interface LogLines {
  readonly element: HTMLElement
  set(lines: readonly string[]): void
  add(lines: readonly string[]): void
}

export function createLogLines(): LogLines {
  const element = h('div', {
    class: 'log-lines',
    attributes: { tabindex: '0', role: 'log', 'aria-label': 'Log', 'aria-live': 'off' },
  })
  let last: HTMLElement | undefined
  let inLast = 0
  const add = (lines: readonly string[]) => {
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < END_PX
    for (let at = 0; at < lines.length; ) {
      if (!last || inLast >= PIECE_LINES) {
        last = h('div', { class: 'piece' })
        inLast = 0
        element.append(last)
      }
      const some = lines.slice(at, at + PIECE_LINES - inLast)
      last.append(`${some.join('\n')}\n`)
      inLast += some.length
      at += some.length
    }
    while (element.childElementCount > MAXIMUM_KEPT_LINES / PIECE_LINES + 12)
      element.firstElementChild?.remove()
    if (isAtEnd) element.scrollTop = element.scrollHeight
  }
  return {
    element,
    add,
    set(lines) {
      element.replaceChildren()
      last = undefined
      inLast = 0
      add(lines)
      element.scrollTop = element.scrollHeight
    },
  }
}
