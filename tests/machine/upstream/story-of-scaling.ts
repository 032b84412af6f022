/** Autoscalers by every sort of metric, over every sort of workload: how they grow and shrink, what holds them back, and what they say when nothing comes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { GROUP, makeCustomScales, removeCustomScales } from './custom-scales.ts'
import { MetricsApis } from './metrics-apis.ts'
import {
  each,
  even,
  external,
  main,
  metrics,
  policies,
  QUICK,
  SCALED,
  type Scaled,
} from './scaled.ts'
import { type Story, until } from './story.ts'
import { isReady, podsOf } from './story-pods.ts'

const PLACE = 'scaling'
const CORE = `/api/v1/namespaces/${PLACE}`
const APPS = `/apis/apps/v1/namespaces/${PLACE}`
const SCALERS = `/apis/autoscaling/v2/namespaces/${PLACE}/horizontalpodautoscalers`
const MERGE = 'application/merge-patch+json'

const COLLECTIONS: readonly string[] = [
  SCALERS,
  `${CORE}/pods`,
  ...['deployments', 'replicasets', 'statefulsets'].map(name => `${APPS}/${name}`),
]

const CUSTOM: Readonly<Record<string, object>> = {
  fleet: { apiVersion: `${GROUP}/v1`, kind: 'Fleet', name: 'fleet' },
  barge: { apiVersion: `${GROUP}/v1`, kind: 'Barge', name: 'barge' },
}

/** What is not there, or has no size. */
const ASTRAY: Readonly<Record<string, object>> = {
  nobody: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nobody' },
  sizeless: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'sizeless' },
  unheard: { apiVersion: 'example.com/v1', kind: 'Thing', name: 'thing' },
}

let apis: MetricsApis

const pluralOf = (kind: string) => `${kind.toLowerCase()}s`

async function makeWorkload(api: ApiEnd, app: string, scaled: Scaled): Promise<void> {
  const { kind = 'Deployment', replicas = 2, containers = [main], pod = {} } = scaled
  await api.want('POST', `${APPS}/${pluralOf(kind)}`, {
    metadata: { name: app },
    spec: {
      replicas,
      selector: { matchLabels: { app } },
      ...(kind === 'StatefulSet' ? { serviceName: app, podManagementPolicy: 'Parallel' } : {}),
      template: {
        metadata: { labels: { app } },
        spec: { containers, terminationGracePeriodSeconds: 1, ...pod },
      },
    },
  })
}

const makeScaler = (api: ApiEnd, name: string, scaleTargetRef: object, spec: object) =>
  api.want('POST', SCALERS, {
    metadata: { name },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 8, behavior: QUICK, ...spec },
  })

interface Expected {
  readonly size?: number
  /** Where it is another. */
  readonly desired?: number
  readonly able?: string
  readonly active?: string
  readonly limited?: string
}

/** What the controller has found out, and is going to find out again and again. */
async function areSettled(
  api: ApiEnd,
  expected: Readonly<Record<string, Expected | number>>,
): Promise<void> {
  let others: readonly string[] = []
  const isSo = async () => {
    const { items } = await api.want('GET', SCALERS)
    const found = new Map(items.map((item: Shown) => [item.metadata.name, item]))
    others = Object.entries(expected).flatMap(([name, given]) => {
      const wanted = summaryOf(typeof given === 'number' ? { size: given } : given)
      const so = found.get(name) as Shown
      const shown = so ? shownOf(so) : 'nothing'
      return shown === wanted ? [] : [`${name}: ${shown} instead of ${wanted}`]
    })
    return others.length === 0
  }
  await until('autoscalers are settled', isSo).catch(error => {
    throw new Error(`${error.message}\n${others.join('\n')}`)
  })
}

function summaryOf({
  size = 0,
  desired = size,
  able = 'ReadyForNewScale',
  active = 'ValidMetricFound',
  limited = 'DesiredWithinRange',
}: Expected): string {
  return `${size} ${desired} ${able} ${active} ${limited}`
}

function shownOf({ status }: Shown): string {
  const { currentReplicas = 0, desiredReplicas = 0, conditions = [] } = status
  const reasons = ['AbleToScale', 'ScalingActive', 'ScalingLimited'].map(
    type => conditions.find((each: Shown) => each.type === type)?.reason ?? '',
  )
  return [currentReplicas, desiredReplicas, ...reasons].join(' ')
}

async function begin(api: ApiEnd): Promise<void> {
  for (const [app, scaled] of Object.entries(SCALED)) {
    await makeWorkload(api, app, scaled)
    if (scaled.usage) apis.usage.set(app, scaled.usage)
  }
  for (const [name, value] of Object.entries(VALUES)) apis.values.set(name, value)
  apis.values.set('fixed', 40)
  for (const [app, { replicas = 2, pod }] of Object.entries(SCALED))
    await until(`pods of ${app} are there`, async () => {
      const pods = await podsOf(api, CORE, app)
      const isUp = ({ status }: Shown) => status.phase === 'Running'
      return pods.length === replicas && pods.every(pod ? isUp : isReady)
    })
  // What a pod uses before it has been ready for a second is not counted.
  await sleep(2000)
  for (const [name, { kind = 'Deployment', spec }] of Object.entries(SCALED))
    await makeScaler(api, name, { apiVersion: 'apps/v1', kind, name }, spec)
  for (const [name, ref] of Object.entries({ ...CUSTOM, ...ASTRAY }))
    await makeScaler(api, name, ref, metrics(external('queue', each('10'))))
  await areSettled(api, { ...sizes(2), ...ASTRAY_STILL, ...HELPLESS, ...MEASURED, fleet: 2 })
}

const sizes = (size: number) =>
  Object.fromEntries(
    Object.keys(SCALED).flatMap(name => (name in HELPLESS ? [] : [[name, size] as const])),
  )

const NOT_FOUND: Expected = { able: 'FailedGetScale', active: '', limited: '' }
const ASTRAY_STILL = { nobody: NOT_FOUND, sizeless: NOT_FOUND, unheard: NOT_FOUND }

/** Without a metric: as large as it is. */
const without = (size: number, sort: string, limited = 'DesiredWithinRange'): Expected => ({
  ...{ size, able: 'SucceededGetScale', active: `FailedGet${sort}Metric`, limited },
})
const helpless: Expected = { ...without(2, 'Resource', ''), desired: 0 }
const HELPLESS = { unready: helpless, unrequested: helpless, unmeasured: 4 }
/** Use always the same. */
const STEADY = new Set([...Object.keys(HELPLESS), 'pair'])

const FLOORED: Expected = { size: 2, limited: 'TooFewReplicas' }
const disabled: Expected = {
  ...{ able: 'SucceededGetScale', active: 'ScalingDisabled', limited: '' },
}
const selectorless: Expected = {
  ...{ size: 2, desired: 0, able: 'SucceededGetScale', active: 'InvalidSelector', limited: '' },
}
const MEASURED = { floored: FLOORED, idle: disabled, barge: selectorless }

/** Twice as much, and two for one of them. */
async function grow(api: ApiEnd): Promise<void> {
  multiply(2)
  const { spec } = SCALED.pair as Scaled
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'pair' }
  await makeScaler(api, 'pair-too', ref, spec)
  const ambiguous: Expected = {
    ...{ size: 2, able: 'SucceededGetScale', active: 'AmbiguousSelector' },
  }
  const full = { size: 4, limited: 'TooManyReplicas' }
  await areSettled(api, {
    ...{ ...sizes(4), ...ASTRAY_STILL, ...HELPLESS, ...MEASURED },
    ...{
      'by-object': full,
      'by-external': full,
      'by-external-whole': { size: 2, limited: 'TooManyReplicas' },
    },
    paced: { size: 3, limited: 'ScaleUpLimit' },
    'only-down': { size: 2, limited: 'ScaleUpLimit' },
    hesitant: { size: 2, able: 'ScaleUpStabilized' },
    tolerant: 2,
    fleet: { size: 2, able: 'FailedUpdateScale' },
    capped: { size: 3, limited: 'TooManyReplicas' },
    'too-many': { size: 2, limited: 'TooManyReplicas' },
    pair: ambiguous,
    'pair-too': { ...ambiguous, desired: 0, limited: '' },
  })
}

/** Metrics fail in all ways, one of two among them; and what was not to be had is there. */
async function fail(api: ApiEnd): Promise<void> {
  for (const [name, failure] of Object.entries(FAILING)) apis.failing.set(name, failure)
  apis.usage.set('by-several', { ...even, cpu: 10 })
  apis.usage.set('by-several-more', { ...even, cpu: 60 })
  // Of one thing not more than so many Events are told, and these tell two each time.
  for (const name of ['pair-too', 'unready', 'unrequested', 'barge'])
    await api.want('DELETE', `${SCALERS}/${name}`)
  await makeWorkload(api, 'nobody', { spec: {} })
  await api.want('PATCH', `${APPS}/deployments/idle/scale`, { spec: { replicas: 2 } }, MERGE)
  await areSettled(api, {
    'by-cpu': without(4, 'Resource'),
    'by-value': without(4, 'Resource'),
    'by-memory': without(4, 'Resource'),
    'by-memory-each': without(4, 'Resource'),
    'by-container': without(4, 'ContainerResource'),
    'by-pods': without(4, 'Pods'),
    'by-bytes': without(4, 'Pods'),
    'by-object': without(4, 'Object', 'TooManyReplicas'),
    'by-object-each': without(4, 'Object'),
    'by-namespace': without(4, 'Object'),
    'by-external-bytes': without(4, 'External'),
    'by-external-whole': without(2, 'External', 'TooManyReplicas'),
    'by-several': without(4, 'External'),
    'by-several-more': 6,
    idle: 4,
    nobody: 4,
    pair: 2,
  })
}

const FAILING = {
  'by-cpu': 'unknown',
  'by-value': 'bare',
  'by-memory': 'broken',
  'by-memory-each': 'empty',
  'by-container': 'unknown',
  requests: 'bare',
  bytes: 'empty',
  hits: 'broken',
  'other-queue': 'unknown',
} as const

/** All come back, with half of what was at the beginning; some with other limits, another behavior or another metric. */
async function shrink(api: ApiEnd): Promise<void> {
  for (const [name, spec] of Object.entries({
    'by-cpu': { minReplicas: 3 },
    'by-bytes': metrics(external('fixed', each('10'))),
    hesitant: { minReplicas: 2, maxReplicas: 2 },
    'only-up': { minReplicas: 5 },
    paced: { behavior: { scaleDown: policies(['Pods', 1]) } },
    patient: { maxReplicas: 2 },
  }))
    await api.want('PATCH', `${SCALERS}/${name}`, { spec }, MERGE)
  multiply(0.5)
  apis.failing.clear()
  const few = (size: number): Expected => ({ size, limited: 'TooFewReplicas' })
  await areSettled(api, {
    ...{ ...sizes(1), 'by-cpu': few(3), 'by-bytes': 4, hesitant: few(2), floored: few(2) },
    ...{ 'too-few': few(2), 'by-object': few(2), 'by-external': few(2), unmeasured: 4, pair: 2 },
    patient: { size: 2, able: 'ScaleDownStabilized', limited: 'TooManyReplicas' },
    'only-up': { ...few(5), able: 'ScaleDownStabilized' },
    ...{ nobody: 1, fleet: 1 },
  })
}

/** Nobody serves metrics any more. */
async function withdraw(api: ApiEnd): Promise<void> {
  await apis.withdraw()
  await until('all say so', async () => {
    const { items } = await api.want('GET', SCALERS)
    return items.every(({ status }: Shown) =>
      status.conditions.some(({ message }: Shown) =>
        /could not find|not found|no matches|no custom/.test(message),
      ),
    )
  })
}

/** All but those of which it is told one by one. */
function multiply(factor: number): void {
  for (const [app, { usage }] of Object.entries(SCALED))
    if (usage && !STEADY.has(app))
      apis.usage.set(app, { ...usage, cpu: usage.cpu * factor, memory: usage.memory * factor })
  for (const [name, value] of Object.entries(VALUES)) apis.values.set(name, value * factor)
}

const VALUES = { requests: 20, hits: 20, queue: 20, 'other-queue': 20, bytes: 2048 }

export const storyOfScaling: Story = {
  place: PLACE,
  collections: COLLECTIONS,
  hashed: [...Object.keys(SCALED), 'nobody'],
  suffixed: ['by-memory'],
  nodes: 2,
  numbered: ['by-value'],
  alike: [[/\[scaling\/pair-too scaling\/pair\]/g, '[scaling/pair scaling/pair-too]']],
  beside: async api => {
    apis = await MetricsApis.start(api, PLACE)
    await makeCustomScales(api, PLACE)
    return {
      async stop() {
        await removeCustomScales(api)
        await apis.stop()
      },
    }
  },
  chapters: [
    { name: 'measured', happens: begin },
    { name: 'grown', happens: grow },
    { name: 'failing', happens: fail },
    { name: 'shrunk', happens: shrink },
    { name: 'withdrawn', happens: withdraw },
  ],
}
