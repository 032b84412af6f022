/** The containers of a pod: which run, which fail and why, and the ways to their logs and into them. */
import { ageOf } from '../model/age.ts'
import { containerState, containersOf } from '../model/containers.ts'
import type { AnyObject } from '../model/health.ts'
import { apiPath } from '../model/resource.ts'
import { addressOf } from '../model/route.ts'
import { bytesText, coresText, podUsage } from '../model/usage.ts'
import { keyOf } from './app.ts'
import { every, now } from './browser.ts'
import { h, link, plainTable, replace } from './dom.ts'
import { pill } from './messages.ts'
import type { View, ViewContext } from './object-page.ts'

const METRICS_MS = 15_000

export function podSection({ app, resource, route, signal }: ViewContext): View {
  const element = h('div')
  const usage = h('span', { class: 'muted' })
  if (keyOf(resource) !== 'pods') return { element, draw() {} }
  const metrics = app.resources.get('pods.metrics.k8s.io')
  const readUsage = async () => {
    if (!metrics || document.hidden) return
    const { namespace, name } = route
    const measured = await app.api
      .json<AnyObject>('GET', apiPath(metrics, { namespace, name }), undefined, { signal })
      .catch(() => undefined)
    if (!measured) return
    const { cpu, memory } = podUsage(measured)
    usage.textContent = ` uses ${coresText(cpu)} CPU, ${bytesText(memory)} of memory`
  }
  void readUsage()
  every(METRICS_MS, () => void readUsage(), signal)
  return {
    element,
    draw(object) {
      const at = (tab: string, container: string) => addressOf({ ...route, tab, container })
      replace(
        element,
        h(
          'section',
          { class: 'card' },
          h('h2', {}, 'Containers', usage),
          plainTable(
            ['Name', 'State', 'Restarts', 'Image', 'Since', ''],
            containersOf(object).map(container => {
              const { text, tone, message, since } = containerState(container)
              return h(
                'tr',
                {},
                h(
                  'th',
                  { attributes: { scope: 'row' } },
                  container.name,
                  container.role !== '' && h('span', { class: 'chip' }, container.role),
                ),
                h(
                  'td',
                  { class: 'wraps' },
                  pill(text, tone),
                  message !== '' && h('span', { class: 'muted' }, ` ${message}`),
                ),
                h('td', {}, container.restarts),
                h('td', {}, container.image),
                h('td', {}, ageOf(since, now())),
                h(
                  'td',
                  {},
                  link(at('logs', container.name), 'Logs'),
                  ' ',
                  link(at('terminal', container.name), 'Terminal'),
                ),
              )
            }),
          ),
        ),
      )
    },
  }
}
