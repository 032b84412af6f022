/** One object: how it is, what can be done to it, its text, and of a pod its logs and a terminal in it. Live. */
import type { AnyObject } from '../model/health.ts'
import { titleOf } from '../model/menu.ts'
import type { Resource } from '../model/resource.ts'
import { addressOf, listAddress, type ObjectRoute } from '../model/route.ts'
import { type App, keyOf, type Page } from './app.ts'
import { h, link, replace } from './dom.ts'
import { followObject } from './live-object.ts'
import { logsView } from './logs-view.ts'
import { errorBox, loading, pill } from './messages.ts'
import { createActionBar } from './object-actions.ts'
import { summaryView } from './object-summary.ts'
import { yamlView } from './object-yaml.ts'
import { terminalView } from './terminal-view.ts'

/** A part of the page, which hears of each new state of its object. */
export interface View {
  readonly element: HTMLElement
  draw(object: AnyObject): void
}

export interface ViewContext {
  readonly app: App
  readonly resource: Resource
  readonly route: ObjectRoute
  readonly signal: AbortSignal
}

interface Tab {
  readonly id: string
  readonly title: string
  readonly view: (context: ViewContext) => View
}

const SUMMARY: Tab = { id: '', title: 'Summary', view: summaryView }

function tabsOf(resource: Resource): readonly Tab[] {
  const tabs = [SUMMARY, { id: 'yaml', title: 'YAML', view: yamlView }]
  if (keyOf(resource) !== 'pods') return tabs
  return [
    ...tabs,
    { id: 'logs', title: 'Logs', view: logsView },
    { id: 'terminal', title: 'Terminal', view: terminalView },
  ]
}

export function objectPage(app: App, route: ObjectRoute, signal: AbortSignal): Page {
  const resource = app.resources.get(route.resource)
  if (!resource) throw new Error(`The API serves no ${route.resource}; it may have been removed.`)
  const { namespace, name } = route
  const tabs = tabsOf(resource)
  const tab = tabs.find(({ id }) => id === route.tab) ?? SUMMARY
  const context: ViewContext = { app, resource, route, signal }
  const view = tab.view(context)
  const actions = createActionBar(app, resource)
  const state = h('span', { class: 'object-state', attributes: { role: 'status' } })
  const trouble = h('div')
  const content = h('div', { class: 'view' }, loading())
  let isShown = false

  const draw = (object: AnyObject) => {
    if (!isShown) replace(content, view.element)
    isShown = true
    replace(trouble)
    replace(state, object.metadata.deletionTimestamp !== undefined && pill('Being deleted', 'busy'))
    actions.draw(object)
    view.draw(object)
  }
  void followObject(
    app.api,
    { resource, namespace, name },
    {
      onObject: draw,
      onDeleted() {
        replace(state, pill('Deleted', 'bad'))
        actions.clear()
      },
      onError(error, isFinal) {
        if (isFinal && !isShown) replace(content)
        replace(trouble, errorBox(error))
      },
      onRecovered: () => replace(trouble),
    },
    signal,
  )

  const crumbs = h(
    'p',
    { class: 'crumbs' },
    link(listAddress(keyOf(resource), { namespace }), titleOf(resource)),
    namespace && h('span', { class: 'muted' }, ' in '),
    namespace && link(listAddress(keyOf(resource), { namespace }), namespace),
  )
  return {
    title: `${name} · ${resource.kind}`,
    element: h(
      'div',
      {
        class: `page object-page${tab.id === 'logs' || tab.id === 'terminal' || tab.id === 'yaml' ? ' fills' : ''}`,
      },
      crumbs,
      h(
        'div',
        { class: 'head' },
        h('h1', { class: 'name' }, name),
        state,
        h('span', { class: 'space' }),
        actions.element,
      ),
      trouble,
      tabs.length > 1 &&
        h(
          'nav',
          { class: 'tabs', attributes: { 'aria-label': 'Parts' } },
          ...tabs.map(({ id, title }) =>
            link(addressOf({ ...route, tab: id, container: '' }), title, {
              attributes: { 'aria-current': id === tab.id ? 'page' : undefined },
            }),
          ),
        ),
      content,
    ),
  }
}
