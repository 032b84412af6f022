/** Words at the edge of the screen and boxes in the page: what happened, and what went wrong. */
import { ApiError, errorText } from './api.ts'
import { after } from './browser.ts'
import { button, h, icon } from './dom.ts'

const SHOWN_MS = 6_000
const MAXIMUM_SHOWN = 4

/** Where short words appear. Readers of screens speak them when they come. */
export function createToasts(): {
  readonly element: HTMLElement
  tell(text: string, tone?: 'good' | 'bad'): void
} {
  const element = h('div', {
    class: 'toasts',
    attributes: { role: 'status', 'aria-live': 'polite' },
  })
  return {
    element,
    tell(text, tone = 'good') {
      const toast = h('div', { class: `toast tone-${tone}` }, h('span', {}, text))
      const remove = () => toast.remove()
      toast.append(
        button(icon('close'), remove, { class: 'quiet', attributes: { 'aria-label': 'Dismiss' } }),
      )
      element.append(toast)
      while (element.childElementCount > MAXIMUM_SHOWN) element.firstElementChild?.remove()
      // What went wrong stays until it was read.
      if (tone === 'good') after(SHOWN_MS, remove)
    },
  }
}

/** A refusal or a failure as a box in the page. */
export function errorBox(error: unknown, retry?: () => void): HTMLElement {
  return h(
    'div',
    { class: 'box tone-bad', attributes: { role: 'alert' } },
    icon('warning'),
    h('div', {}, h('strong', {}, headline(error)), h('p', {}, errorText(error))),
    retry && button('Try again', retry),
  )
}

function headline(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong in this page'
  if (error.code === 401) return 'The API server does not know you'
  if (error.code === 403) return 'You may not see this'
  if (error.code === 404) return 'There is no such object'
  if (error.code === 400) return 'The API server does not understand this'
  if (error.isAway) return 'The API server does not answer'
  return `The API server refused (${error.status.reason || error.code})`
}

export const loading = (what = 'Loading…'): HTMLElement =>
  h('p', { class: 'muted loading', attributes: { role: 'status' } }, what)

/** A word with the colour of how good it is. */
export const pill = (text: string, tone: string, title?: string): HTMLElement =>
  h('span', { class: `pill tone-${tone}`, title }, text)
