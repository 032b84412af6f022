/** What is around every page: the bar with the namespace and the search for a kind, the menu, and short words at the edge. */
import { menuOf, titleOf } from '../model/menu.ts'
import { listAddress, parseRoute, type Route } from '../model/route.ts'
import { type App, keyOf } from './app.ts'
import { button, h, icon, link, replace } from './dom.ts'
import { openGoTo, openHelp } from './go-to.ts'
import { createToasts } from './messages.ts'
import { namespaceField } from './namespace-field.ts'
import { currentTheme, turnTheme } from './theme.ts'

export interface Shell {
  readonly element: HTMLElement
  show(page: HTMLElement): void
  focusPage(): void
  /** Marks in the menu where one is. */
  mark(route: Route): void
  drawMenu(): void
  tell(text: string, tone?: 'good' | 'bad'): void
}

export interface ShellEvents {
  onNamespace(namespace: string): void
  focusFilter(): void
}

export function createShell(app: App, events: ShellEvents): Shell {
  const toasts = createToasts()
  const main = h('main', { attributes: { tabindex: '-1', id: 'page' } })
  const nav = h('nav', { class: 'menu', attributes: { 'aria-label': 'Kinds' } })
  const namespace = namespaceField(app, chosen => {
    events.onNamespace(chosen)
    const route = parseRoute(location.hash)
    if (route.page === 'list')
      location.hash = listAddress(route.resource, { ...route.query, namespace: chosen })
    // The overview of another namespace has the same address.
    else if (route.page === 'overview') window.dispatchEvent(new HashChangeEvent('hashchange'))
  })
  const themeButton = button(icon('theme'), () => nameTheme(turnTheme()), { class: 'quiet' })
  const nameTheme = (theme = currentTheme()) => {
    themeButton.title = `Colours: ${theme}`
    themeButton.setAttribute('aria-label', `Colours: ${theme}. Change`)
  }
  nameTheme()
  const menuButton = button(icon('menu'), () => setMenu(!shell.classList.contains('menu-open')), {
    class: 'quiet menu-button',
    attributes: { 'aria-label': 'Menu', 'aria-expanded': 'false' },
  })
  const setMenu = (isOpen: boolean) => {
    shell.classList.toggle('menu-open', isOpen)
    menuButton.setAttribute('aria-expanded', String(isOpen))
  }
  const bar = h(
    'header',
    { class: 'bar' },
    button('Skip to the page', () => main.focus(), { class: 'skip' }),
    menuButton,
    link('#/', h('span', { class: 'brand' }, 'Proa'), {
      attributes: { 'aria-label': 'Proa: overview' },
    }),
    namespace.element,
    h('span', { class: 'space' }),
    button(
      h(
        'span',
        { class: 'go-to' },
        icon('search'),
        h('span', { class: 'wide-only' }, 'Go to…'),
        h('kbd', { class: 'wide-only' }, 'Ctrl K'),
      ),
      () => openGoTo(app),
      {
        attributes: { 'aria-label': 'Go to a kind' },
      },
    ),
    themeButton,
  )
  const shell = h('div', { class: 'shell' }, bar, nav, main, toasts.element)
  document.addEventListener('keydown', event => onKey(app, event, events))

  const drawMenu = () => {
    const sections = menuOf([...app.resources.values()]).map(({ title, resources }) =>
      h(
        'section',
        {},
        h('h2', {}, title),
        h(
          'ul',
          {},
          ...resources.map(each =>
            h(
              'li',
              {},
              link(listAddress(keyOf(each)), titleOf(each), {
                attributes: { 'data-key': keyOf(each) },
              }),
            ),
          ),
        ),
      ),
    )
    replace(
      nav,
      h('ul', {}, h('li', {}, link('#/', 'Overview', { attributes: { 'data-key': 'overview' } }))),
      ...sections,
      h(
        'ul',
        {},
        h('li', {}, link('#/kinds', 'All kinds…', { attributes: { 'data-key': 'kinds' } })),
      ),
    )
    mark(parseRoute(location.hash))
  }
  const mark = (route: Route) => {
    setMenu(false)
    const key = 'resource' in route ? route.resource : route.page
    for (const anchor of nav.querySelectorAll('a'))
      if (anchor.dataset.key === key) anchor.setAttribute('aria-current', 'page')
      else anchor.removeAttribute('aria-current')
    // In the menu a kind leads to the namespace that is looked at.
    for (const anchor of nav.querySelectorAll<HTMLAnchorElement>('a[data-key]')) {
      const resource = app.resources.get(anchor.dataset.key ?? '')
      if (resource)
        anchor.href = listAddress(keyOf(resource), {
          namespace: resource.isNamespaced ? app.namespace : '',
        })
    }
    if (route.page === 'list' && app.resources.get(route.resource)?.isNamespaced) {
      if (app.namespace !== route.query.namespace) events.onNamespace(route.query.namespace)
      namespace.show(route.query.namespace)
    } else namespace.show(app.namespace)
  }
  drawMenu()
  return {
    element: shell,
    show: page => replace(main, page),
    focusPage: () => main.focus({ preventScroll: true }),
    mark,
    drawMenu,
    tell: toasts.tell,
  }
}

function onKey(app: App, event: KeyboardEvent, { focusFilter }: ShellEvents): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    openGoTo(app)
    return
  }
  const { target } = event
  const isTyping =
    target instanceof HTMLElement && target.closest('input, textarea, select, dialog, .terminal')
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === '/') {
    event.preventDefault()
    focusFilter()
  } else if (event.key === '?') openHelp()
  else if (event.key === 'g') location.hash = '#/'
}
