/** The first module: lets this browser in, learns what the API serves, and shows the page that the address names. */
import { type Resource, resourceKey, resourcesIn } from '../model/resource.ts'
import { parseRoute, type Route } from '../model/route.ts'
import { Api, ApiError, errorText } from './api.ts'
import { Access, type App, type Page } from './app.ts'
import { after, ask, kept, randomKey } from './browser.ts'
import { h, replace } from './dom.ts'
import { kindsPage } from './kinds-page.ts'
import { listPage } from './list-page.ts'
import { errorBox, loading } from './messages.ts'
import { objectPage } from './object-page.ts'
import { overviewPage } from './overview-page.ts'
import { createShell } from './shell.ts'
import { applyTheme } from './theme.ts'

const KEY = 'proa-dashboard-key'
const NEW_KEY = 'proa-dashboard-new-key'
const NAMESPACE = 'proa-dashboard-namespace'
const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const RETRY_MS = 2_000
const MAXIMUM_TRIES = 10

applyTheme()
void start()

async function start(): Promise<void> {
  const key = await keyOfThisBrowser()
  if (key === undefined) return showStranger('This browser is not known to the dashboard yet.')
  const api = new Api(key, () => {
    kept.set(KEY, undefined)
    showStranger('The dashboard was started anew, and does not know this browser any more.')
  })
  await open(api)
}

/** A new one for the token of the address, which is good once; else that of an earlier visit. */
async function keyOfThisBrowser(): Promise<string | undefined> {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? []
  if (token === undefined) return kept.get(KEY)
  // Drawn here and kept before it is sent: where the answer is lost, the same may be sent again.
  const key = kept.get(NEW_KEY) ?? randomKey()
  kept.set(NEW_KEY, key)
  for (let tries = 1; ; tries++) {
    const response = await ask('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, key }),
    }).catch(() => undefined)
    if (!response && tries < MAXIMUM_TRIES) {
      await new Promise<void>(resolve => void after(RETRY_MS / 4, resolve))
      continue
    }
    history.replaceState(null, '', location.pathname)
    kept.set(NEW_KEY, undefined)
    if (!response?.ok) return kept.get(KEY)
    kept.set(KEY, key)
    return key
  }
}

function showStranger(why: string): void {
  document.title = 'Proa dashboard'
  replace(
    document.body,
    h(
      'main',
      { class: 'stranger' },
      h('h1', {}, 'Proa dashboard'),
      h('p', {}, why),
      h(
        'p',
        {},
        'Open the address that it printed last in its terminal, with the token behind the #. Each address lets one browser in.',
      ),
    ),
  )
}

async function open(api: Api): Promise<void> {
  const resources = new Map<string, Resource>()
  const discover = async () => {
    const lists = await Promise.all(
      ['/api', '/apis'].map(path =>
        api.json<Parameters<typeof resourcesIn>[0][number]>('GET', path, undefined, {
          accept: `${DISCOVERY},application/json;q=0.1`,
        }),
      ),
    )
    resources.clear()
    for (const each of resourcesIn(lists)) resources.set(resourceKey(each), each)
  }
  try {
    replace(
      document.body,
      h('main', { class: 'stranger' }, loading('Asking the API server what it serves…')),
    )
    await discover()
    if (resources.size === 0)
      throw new ApiError(406, {
        message:
          'This API server does not tell what it serves in one list; the dashboard needs Kubernetes 1.30 or newer.',
      })
  } catch (error) {
    // A key that is not good any more was told of already.
    if (error instanceof ApiError && error.code === 401 && kept.get(KEY) === undefined) return
    replace(
      document.body,
      h(
        'main',
        { class: 'stranger' },
        errorBox(error, () => void open(api)),
      ),
    )
    if (error instanceof ApiError && error.isAway) after(RETRY_MS, () => void open(api))
    return
  }
  run(api, resources, discover)
}

function run(api: Api, resources: Map<string, Resource>, discover: () => Promise<void>): void {
  let current: { page: Page; leave: AbortController } | undefined
  const app: App = {
    api,
    resources,
    access: new Access(api),
    namespace: kept.get(NAMESPACE) ?? '',
    tell: (text, tone) => shell.tell(text, tone),
    async discover() {
      await discover()
      shell.drawMenu()
    },
  }
  const shell = createShell(app, {
    onNamespace(namespace) {
      app.namespace = namespace
      kept.set(NAMESPACE, namespace)
    },
    focusFilter: () => current?.page.focusFilter?.(),
  })
  const show = (isFirst = false) => {
    const route = parseRoute(location.hash)
    shell.mark(route)
    if (current?.page.update?.(route)) return
    current?.leave.abort()
    const leave = new AbortController()
    const page = pageOf(app, route, leave.signal)
    current = { page, leave }
    document.title = `${page.title} · Proa`
    shell.show(page.element)
    // Readers of screens begin at the top of what is new, as after any other navigation.
    if (!isFirst) shell.focusPage()
  }
  replace(document.body, shell.element)
  window.addEventListener('hashchange', () => show())
  show(true)
}

function pageOf(app: App, route: Route, signal: AbortSignal): Page {
  try {
    switch (route.page) {
      case 'overview':
        return overviewPage(app, route, signal)
      case 'kinds':
        return kindsPage(app, route, signal)
      case 'list':
        return listPage(app, route, signal)
      case 'object':
        return objectPage(app, route, signal)
      case 'unknown':
        return notFound(`There is no page ${JSON.stringify(route.address)}.`)
    }
  } catch (error) {
    return notFound(errorText(error))
  }
}

function notFound(text: string): Page {
  return {
    title: 'Not found',
    element: h('div', { class: 'page' }, h('h1', {}, 'Not found'), h('p', {}, text)),
  }
}
