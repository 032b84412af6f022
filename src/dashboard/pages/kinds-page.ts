/** All kinds that the API serves, custom ones among them. */
import { findResources, isCustom } from '../model/menu.ts'
import { apiVersionOf } from '../model/resource.ts'
import { listAddress, type Route } from '../model/route.ts'
import { errorText } from './api.ts'
import { type App, keyOf, type Page } from './app.ts'
import { button, h, labelled, link, replace } from './dom.ts'

export function kindsPage(
  app: App,
  _route: Extract<Route, { page: 'kinds' }>,
  _signal: AbortSignal,
): Page {
  const body = h('tbody')
  const count = h('span', { class: 'muted', attributes: { role: 'status' } })
  const field = h('input', {
    attributes: {
      type: 'search',
      placeholder: 'Name, short name or group',
      autocomplete: 'off',
      spellcheck: 'false',
    },
    on: { input: () => draw() },
  })
  const draw = () => {
    const found = findResources([...app.resources.values()], field.value)
    count.textContent = `${found.length} kinds`
    replace(
      body,
      ...found.map(each =>
        h(
          'tr',
          {},
          h(
            'td',
            {},
            link(
              listAddress(keyOf(each), { namespace: each.isNamespaced ? app.namespace : '' }),
              each.kind,
            ),
            isCustom(each) && h('span', { class: 'chip' }, 'custom'),
          ),
          h('td', {}, each.plural),
          h('td', {}, each.shortNames.join(', ')),
          h('td', {}, apiVersionOf(each)),
          h('td', {}, each.isNamespaced ? 'namespaced' : 'cluster'),
        ),
      ),
    )
  }
  const again = button('Read again', () => {
    app.discover().then(draw, error => app.tell(errorText(error), 'bad'))
  })
  draw()
  const heads = ['Kind', 'Name', 'Short', 'Version', 'Scope']
  return {
    title: 'All kinds',
    focusFilter: () => field.focus(),
    element: h(
      'div',
      { class: 'page' },
      h(
        'div',
        { class: 'head' },
        h('h1', {}, 'All kinds'),
        count,
        h('span', { class: 'space' }),
        again,
      ),
      h('div', { class: 'filters' }, labelled('Filter', field)),
      h(
        'div',
        { class: 'scroll card' },
        h(
          'table',
          { class: 'plain' },
          h(
            'thead',
            {},
            h('tr', {}, ...heads.map(text => h('th', { attributes: { scope: 'col' } }, text))),
          ),
          body,
        ),
      ),
    ),
  }
}
