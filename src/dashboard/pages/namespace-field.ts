/** Which namespace is looked at: a choice of those that there are, or a name to be typed by who may not list them. */
import type { App } from './app.ts'
import { h, replace } from './dom.ts'
import { LiveTable } from './live-table.ts'

export interface NamespaceField {
  readonly element: HTMLElement
  show(namespace: string): void
}

/** More names do not make a list that anybody scrolls through: it is typed then. */
const MAXIMUM_CHOICES = 300

export function namespaceField(app: App, onChoice: (namespace: string) => void): NamespaceField {
  let shown = app.namespace
  let names: readonly string[] | undefined
  const element = h(
    'label',
    { class: 'namespace' },
    h('span', { class: 'hidden-label' }, 'Namespace'),
  )
  const resource = app.resources.get('namespaces')
  const choice = h('select', {
    attributes: { 'aria-label': 'Namespace' },
    on: { change: () => onChoice(choice.value) },
  })
  const typed = h('input', {
    attributes: {
      'aria-label': 'Namespace',
      placeholder: 'All namespaces',
      autocomplete: 'off',
      spellcheck: 'false',
    },
    on: { change: () => onChoice(typed.value.trim()) },
  })
  const draw = () => {
    const isTyped = names === undefined || names.length > MAXIMUM_CHOICES
    const field = isTyped ? typed : choice
    if (field.parentElement !== element) replace(element, field)
    typed.value = shown
    if (isTyped) return
    const all = names?.includes(shown) || shown === '' ? (names ?? []) : [shown, ...(names ?? [])]
    const options = ['', ...all]
    const isSame =
      options.length === choice.options.length &&
      options.every((name, at) => choice.options[at]?.value === name)
    if (!isSame)
      replace(
        choice,
        ...options.map(name =>
          h('option', { attributes: { value: name } }, name === '' ? 'All namespaces' : name),
        ),
      )
    choice.value = shown
  }
  draw()
  if (resource) {
    const table: LiveTable = new LiveTable(
      app.api,
      { resource },
      () => {
        if (table.state === 'failed') names = undefined
        else names = [...table.rows.values()].map(({ object }) => object.metadata.name ?? '').sort()
        draw()
      },
      // For as long as the page is open.
      new AbortController().signal,
    )
  }
  return {
    element,
    show(namespace) {
      shown = namespace
      draw()
    },
  }
}
