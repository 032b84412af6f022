/** What is in a ConfigMap or a Secret. Values of Secrets are shown one by one, when they are asked for. */
import type { AnyObject } from '../model/health.ts'
import { HIDDEN, isSecret, secretValue } from '../model/secrets.ts'
import { button, h, replace } from './dom.ts'
import type { View, ViewContext } from './object-page.ts'

/** Of a value that is shown: the YAML has all of it. */
const MAXIMUM_SHOWN = 20_000

export function dataSection(_context: ViewContext): View {
  const element = h('div')
  const open = new Set<string>()
  const draw = (object: AnyObject) => {
    const { data, binaryData } = object as { data?: object; binaryData?: object }
    const isHidden = isSecret(object)
    if (!isHidden && !(object.kind === 'ConfigMap' && object.apiVersion === 'v1')) return
    const values = Object.entries({ ...data, ...binaryData }).map(
      ([key, value]) => [key, String(value)] as const,
    )
    replace(
      element,
      h(
        'section',
        { class: 'card' },
        h('h2', {}, 'Data'),
        values.length === 0 && h('p', { class: 'muted' }, 'It has none.'),
        h(
          'dl',
          { class: 'data' },
          ...values.flatMap(([key, value]) => [
            h('dt', {}, h('code', {}, key)),
            h('dd', {}, isHidden ? secret(key, value) : shown(value)),
          ]),
        ),
      ),
    )
    function secret(key: string, value: string): HTMLElement {
      const isOpen = open.has(key)
      const { text, isBinary } = secretValue(value)
      return h(
        'div',
        { class: 'secret' },
        button(
          isOpen ? 'Hide' : 'Show',
          () => {
            if (!open.delete(key)) open.add(key)
            draw(object)
            element
              .querySelector<HTMLButtonElement>(
                `button[data-at="${values.findIndex(([each]) => each === key)}"]`,
              )
              ?.focus()
          },
          {
            attributes: {
              'aria-label': `${isOpen ? 'Hide' : 'Show'} ${key}`,
              'data-at': String(values.findIndex(([each]) => each === key)),
            },
          },
        ),
        isOpen
          ? shown(text)
          : h('span', { class: 'muted' }, `${HIDDEN} (${isBinary ? 'bytes' : 'text'})`),
      )
    }
  }
  return { element, draw }
}

function shown(text: string): HTMLElement {
  const cut = text.length > MAXIMUM_SHOWN
  return h(
    'pre',
    {},
    cut ? text.slice(0, MAXIMUM_SHOWN) : text,
    cut &&
      h(
        'span',
        { class: 'muted' },
        `\n… ${text.length - MAXIMUM_SHOWN} more characters, in the YAML`,
      ),
  )
}
