/** How the cluster is: what is wrong first, then how full it is, then what it warns of. */
import { nodeProblems, type Tally, workloadProblem } from '../model/health.ts'
import { listAddress, type Route } from '../model/route.ts'
import type { Tone } from '../model/tone.ts'
import { bytesText, coresText, nodeUsage, percentOf } from '../model/usage.ts'
import type { App, Page } from './app.ts'
import { every, oncePerFrame } from './browser.ts'
import { type Child, h, link, replace } from './dom.ts'
import { LiveTable } from './live-table.ts'
import { loading } from './messages.ts'
import { drawTroubles, drawWarnings, objectsIn, podTally } from './overview-tables.ts'

const WORKLOADS = ['deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'jobs.batch']

export function overviewPage(
  app: App,
  _route: Extract<Route, { page: 'overview' }>,
  signal: AbortSignal,
): Page {
  let leave = new AbortController()
  signal.addEventListener('abort', () => leave.abort(), { once: true })
  let namespace = app.namespace
  let tables = new Map<string, LiveTable>()
  const stats = h('div', { class: 'stats' })
  const troubles = h('section', { class: 'card' }, loading())
  const warnings = h('section', { class: 'card' })
  const title = h('h1', {})
  const drawSoon = oncePerFrame(() => draw(), signal)

  const begin = () => {
    leave.abort()
    leave = new AbortController()
    namespace = app.namespace
    title.textContent = namespace ? `Overview of ${namespace}` : 'Overview'
    tables = new Map()
    const follow = (key: string, includes: 'Object' | 'Metadata', fields = '') => {
      const resource = app.resources.get(key)
      if (!resource) return
      const query = { resource, fields, includes, ...(resource.isNamespaced ? { namespace } : {}) }
      tables.set(key, new LiveTable(app.api, query, drawSoon, leave.signal))
    }
    follow('nodes', 'Object')
    follow('pods', 'Metadata')
    for (const key of WORKLOADS) follow(key, 'Object')
    follow('persistentvolumeclaims', 'Object')
    follow('nodes.metrics.k8s.io', 'Object')
    follow('events', 'Object', 'type=Warning')
    draw()
  }
  const draw = () => {
    replace(stats, ...statCards(tables, namespace))
    drawTroubles(troubles, tables)
    drawWarnings(app, warnings, tables.get('events'))
  }
  begin()
  every(10_000, drawSoon, signal)
  return {
    title: 'Overview',
    update(route) {
      if (route.page !== 'overview') return false
      if (app.namespace !== namespace) begin()
      return true
    },
    element: h(
      'div',
      { class: 'page' },
      h('div', { class: 'head' }, title),
      stats,
      troubles,
      warnings,
    ),
  }
}

function statCards(tables: ReadonlyMap<string, LiveTable>, namespace: string): HTMLElement[] {
  const nodes = objectsIn(tables.get('nodes'))
  const ready = nodes.filter(node => nodeProblems(node).length === 0).length
  const pods = podTally(tables.get('pods'))
  const allPods = pods.good + pods.busy + pods.bad + pods.quiet
  const workloads = WORKLOADS.flatMap(key =>
    objectsIn(tables.get(key)).map(object => ({ object, table: tables.get(key) })),
  )
  const wrong = workloads.filter(({ object, table }) =>
    workloadProblem(object, table?.resource.kind ?? ''),
  ).length
  const { total } = nodeUsage(nodes, objectsIn(tables.get('nodes.metrics.k8s.io')))
  return [
    card(
      'Nodes',
      listAddress('nodes'),
      stateOf(tables.get('nodes')) ?? [
        big(
          `${ready}/${nodes.length}`,
          ready === nodes.length ? 'ready' : 'ready and free of trouble',
          ready === nodes.length ? 'good' : 'bad',
        ),
      ],
    ),
    card(
      'Pods',
      listAddress('pods', { namespace }),
      stateOf(tables.get('pods')) ?? [
        big(allPods.toLocaleString('en'), '', 'plain'),
        tallyBar(pods),
      ],
    ),
    card(
      'Workloads',
      listAddress('deployments.apps', { namespace }),
      stateOf(tables.get('deployments.apps')) ?? [
        big(
          `${workloads.length - wrong}/${workloads.length}`,
          'as wanted',
          wrong > 0 ? 'bad' : 'good',
        ),
      ],
    ),
    card(
      'Processors',
      listAddress('nodes'),
      total.all.cpu > 0
        ? [
            big(
              `${percentOf(total.used.cpu, total.all.cpu)} %`,
              `${coresText(total.used.cpu)} of ${coresText(total.all.cpu)} cores`,
              'plain',
            ),
            meter('Processors', total.used.cpu, total.all.cpu),
          ]
        : [h('p', { class: 'muted' }, 'Nobody measures: metrics.k8s.io has no figures.')],
    ),
    card(
      'Memory',
      listAddress('nodes'),
      total.all.memory > 0
        ? [
            big(
              `${percentOf(total.used.memory, total.all.memory)} %`,
              `${bytesText(total.used.memory)} of ${bytesText(total.all.memory)}`,
              'plain',
            ),
            meter('Memory', total.used.memory, total.all.memory),
          ]
        : [h('p', { class: 'muted' }, 'No figures.')],
    ),
  ]
}

/** Instead of figures that are not there. */
function stateOf(table: LiveTable | undefined): Child[] | undefined {
  if (!table) return [h('p', { class: 'muted' }, 'Not served here.')]
  if (table.state === 'failed')
    return [
      h(
        'p',
        { class: 'muted', title: table.error?.message },
        table.error?.code === 403 ? 'You may not list them.' : (table.error?.message ?? ''),
      ),
    ]
  return table.state === 'loading' && table.rows.size === 0
    ? [h('p', { class: 'muted' }, 'Loading…')]
    : undefined
}

function card(title: string, address: string, content: readonly Child[]): HTMLElement {
  return h('section', { class: 'card stat' }, h('h2', {}, link(address, title)), ...content)
}

const big = (figure: string, text: string, tone: Tone): HTMLElement =>
  h(
    'p',
    { class: `big tone-${tone}` },
    h('strong', {}, figure),
    text && h('span', { class: 'muted' }, ` ${text}`),
  )

function meter(name: string, used: number, all: number): HTMLElement {
  const percent = percentOf(used, all)
  const bar = h('span', {
    class: percent >= 90 ? 'tone-bad' : percent >= 75 ? 'tone-busy' : 'tone-good',
  })
  bar.style.width = `${percent}%`
  return h(
    'div',
    {
      class: 'meter',
      attributes: { role: 'img', 'aria-label': `${name}: ${percent} percent used` },
    },
    bar,
  )
}

const TALLY_WORDS: Readonly<Record<keyof Tally, string>> = {
  good: 'running',
  busy: 'waiting',
  bad: 'failing',
  quiet: 'completed',
}

function tallyBar(tally: Tally): HTMLElement {
  const all = tally.good + tally.busy + tally.bad + tally.quiet
  const parts = (['good', 'busy', 'bad', 'quiet'] as const).filter(each => tally[each] > 0)
  const bar = h('div', { class: 'meter', attributes: { 'aria-hidden': 'true' } })
  for (const part of parts) {
    const span = h('span', { class: `tone-${part}` })
    span.style.width = `${(tally[part] / all) * 100}%`
    bar.append(span)
  }
  return h(
    'div',
    {},
    bar,
    h(
      'p',
      { class: 'legend' },
      ...parts.map(part =>
        h(
          'span',
          { class: `tone-${part}` },
          `${tally[part].toLocaleString('en')} ${TALLY_WORDS[part]}`,
        ),
      ),
    ),
  )
}
