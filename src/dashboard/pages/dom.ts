/**
 * Elements of the page. Texts become text and nothing else: there is no way here to make an element out of one, and links lead to places of
 * the dashboard only, whatever an object of the cluster is called.
 */

export type Child = Node | string | number | null | undefined | false

export interface Properties {
  readonly class?: string
  readonly title?: string | undefined
  readonly attributes?: Readonly<Record<string, string | boolean | undefined>>
  readonly on?: Readonly<Record<string, (event: Event) => void>>
}

const SAFE_ATTRIBUTE =
  /^(?:aria-[a-z]+|role|type|id|for|name|value|placeholder|tabindex|rows|cols|scope|colspan|autocomplete|spellcheck|autocapitalize|disabled|hidden|checked|selected|readonly|open|min|max|list|lang|dir|data-[a-z]+)$/

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (properties.class) element.className = properties.class
  if (properties.title) element.title = properties.title
  for (const [name, value] of Object.entries(properties.attributes ?? {})) {
    if (!SAFE_ATTRIBUTE.test(name)) throw new Error(`attribute ${name} is not for pages`)
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : value)
  }
  for (const [name, listener] of Object.entries(properties.on ?? {}))
    element.addEventListener(name, listener)
  append(element, children)
  return element
}

export function append(element: Element, children: readonly Child[]): void {
  for (const child of children)
    if (child !== null && child !== undefined && child !== false)
      element.append(typeof child === 'number' ? String(child) : child)
}

export function replace(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren()
  append(element, children)
}

/** A link to a place of the dashboard: addresses begin with `#`. */
export function link(address: string, text: Child, properties: Properties = {}): HTMLAnchorElement {
  if (!address.startsWith('#')) throw new Error('links lead to places of the dashboard')
  const anchor = h('a', properties, text)
  anchor.href = address
  return anchor
}

export function button(
  text: Child,
  onClick: (event: Event) => void,
  properties: Properties = {},
): HTMLButtonElement {
  return h(
    'button',
    {
      ...properties,
      attributes: { type: 'button', ...properties.attributes },
      on: { ...properties.on, click: onClick },
    },
    text,
  )
}

/** A field with its label, which may be for readers of screens only. */
export function labelled(
  text: string,
  field: HTMLElement,
  properties: Properties = {},
): HTMLLabelElement {
  return h('label', properties, h('span', {}, text), field)
}

const SVG = 'http://www.w3.org/2000/svg'

/** Drawn by hand: lines on a field of 20 by 20. */
const ICONS = {
  menu: 'M3 5h14M3 10h14M3 15h14',
  search: 'M9 3a6 6 0 1 1 0 12A6 6 0 0 1 9 3zM13.5 13.5L17 17',
  theme: 'M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14',
  close: 'M5 5l10 10M15 5L5 15',
  check: 'M4 10.5l4 4 8-9',
  warning: 'M10 3L18 17H2zM10 8v4M10 14.2v.3',
} as const

export function icon(name: keyof typeof ICONS): SVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 20 20')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', ICONS[name])
  svg.append(path)
  return svg
}

/** A table with a line of names, which scrolls by itself where the page is too narrow for it. */
export function plainTable(names: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const heads = names.map(name => h('th', { attributes: { scope: 'col' } }, name))
  return h(
    'div',
    { class: 'scroll' },
    h('table', { class: 'plain' }, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...rows)),
  )
}
