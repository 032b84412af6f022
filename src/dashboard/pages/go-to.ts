/** The quick way to a kind, by a few letters of its name; and what the keys do. */
import { findResources, titleOf } from '../model/menu.ts'
import { listAddress } from '../model/route.ts'
import { type App, keyOf } from './app.ts'
import { openDialog } from './dialogs.ts'
import { h, link, replace } from './dom.ts'

const MAXIMUM_SHOWN = 12

export function openGoTo(app: App): void {
  if (document.querySelector('dialog[open]')) return
  const resources = [...app.resources.values()]
  const field = h('input', {
    attributes: {
      type: 'search',
      'aria-label': 'Kind',
      placeholder: 'pods, deploy, svc, a custom resource …',
      autocomplete: 'off',
      spellcheck: 'false',
      role: 'combobox',
      'aria-controls': 'go-to-list',
      'aria-expanded': 'true',
    },
    on: { input: () => draw() },
  })
  const list = h('ul', { class: 'go-to-list', attributes: { id: 'go-to-list' } })
  const address = (resource: (typeof resources)[number]) =>
    listAddress(keyOf(resource), { namespace: resource.isNamespaced ? app.namespace : '' })
  const draw = () => {
    const found = findResources(resources, field.value).slice(0, MAXIMUM_SHOWN)
    replace(
      list,
      ...found.map(each =>
        h(
          'li',
          {},
          link(address(each), titleOf(each), { on: { click: () => close() } }),
          h('span', { class: 'muted' }, each.group || 'core'),
        ),
      ),
      found.length === 0 && h('li', { class: 'muted' }, 'No kind has such a name.'),
    )
  }
  const close = () => document.querySelector<HTMLDialogElement>('dialog.go')?.close()
  draw()
  // Down from the field into the list, and up again.
  const onKey = (event: Event) => {
    const { key } = event as KeyboardEvent
    if (key !== 'ArrowDown' && key !== 'ArrowUp') return
    event.preventDefault()
    const stops = [field, ...list.querySelectorAll('a')]
    const at = stops.indexOf(document.activeElement as HTMLAnchorElement)
    stops[(at + (key === 'ArrowDown' ? 1 : -1) + stops.length) % stops.length]?.focus()
  }
  void openDialog({
    title: 'Go to',
    class: 'go',
    content: [h('div', { on: { keydown: onKey } }, field, list)],
    action: 'Go',
    act: async () => {
      const [first] = findResources(resources, field.value)
      if (!first) return 'No kind has such a name.'
      location.hash = address(first)
      return undefined
    },
  })
  field.focus()
}

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'go to a kind'],
  ['/', 'filter the list'],
  ['↑ ↓ Home End', 'move in a list'],
  ['Enter', 'open the object'],
  ['g', 'overview'],
  ['Esc', 'close a dialog; leave a terminal with Ctrl Shift Esc'],
  ['?', 'this help'],
]

export function openHelp(): void {
  if (document.querySelector('dialog[open]')) return
  void openDialog({
    title: 'Keys',
    content: [
      h(
        'dl',
        { class: 'keys' },
        ...KEYS.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]),
      ),
    ],
  })
}
