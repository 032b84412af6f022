/** Workloads of a story whose sizes autoscalers look after, each by another metric or in another way. */
import type { Usage } from './metrics-apis.ts'

const asks = { resources: { requests: { cpu: '20m', memory: '20Mi' } } }
export const main = { name: 'main', image: 'web:1', ...asks }
const side = { ...main, name: 'side' }

const target = (sort: string, more: object) => ({ type: sort, ...more })
const resource = (name: string, target: object) => ({
  type: 'Resource',
  resource: { name, target },
})
const utilization = (percent: number) => target('Utilization', { averageUtilization: percent })
export const each = (averageValue: string) => target('AverageValue', { averageValue })
const whole = (value: string) => target('Value', { value })
const byCpu = resource('cpu', utilization(50))
export const external = (name: string, target: object, selector?: object) => ({
  type: 'External',
  external: { metric: { name, ...(selector ? { selector } : {}) }, target },
})
const ofObject = (kind: string, name: string, metric: string, target: object) => ({
  type: 'Object',
  object: { describedObject: { apiVersion: 'v1', kind, name }, metric: { name: metric }, target },
})

/** Shrinks at once. */
export const QUICK = { scaleDown: { stabilizationWindowSeconds: 0 } }
/** Longer than the story, so that a policy is used once. */
const LONG = 1800
export const policies = (...given: readonly (readonly [type: string, value: number])[]) => ({
  policies: given.map(([type, value]) => ({ type, value, periodSeconds: LONG })),
})

export interface Scaled {
  readonly kind?: string
  readonly replicas?: number
  readonly containers?: readonly object[]
  readonly pod?: object
  readonly usage?: Usage
  readonly spec: object
}

export const even: Usage = { cpu: 20, memory: 20 }
export const metrics = (...given: readonly object[]) => ({ metrics: given })

/** Two pods each where nothing else is said, which use what they are to use. */
export const SCALED: Readonly<Record<string, Scaled>> = {
  'by-cpu': { usage: even, spec: metrics(byCpu) },
  'by-value': { kind: 'StatefulSet', usage: even, spec: metrics(resource('cpu', each('10m'))) },
  'by-memory': {
    kind: 'ReplicaSet',
    usage: even,
    spec: metrics(resource('memory', utilization(50))),
  },
  'by-memory-each': {
    usage: { cpu: 1, memory: 21 },
    spec: metrics(resource('memory', each('12M'))),
  },
  'by-storage': { usage: even, spec: metrics(resource('ephemeral-storage', each('10Mi'))) },
  'by-bytes': {
    spec: metrics({ type: 'Pods', pods: { metric: { name: 'bytes' }, target: each('1Ki') } }),
  },
  'by-external-bytes': { spec: metrics(external('bytes', each('1Ki'))) },
  'by-external-whole': { spec: { ...metrics(external('bytes', whole('2Ki'))), maxReplicas: 2 } },
  'by-default': { usage: { cpu: 32, memory: 1 }, spec: {} },
  'by-container': {
    containers: [main, side],
    usage: { ...even, beside: 1000 },
    spec: metrics(
      ...['cpu', 'memory'].map(name => ({
        type: 'ContainerResource',
        containerResource: { name, container: 'main', target: utilization(50) },
      })),
    ),
  },
  'by-pods': {
    spec: metrics({ type: 'Pods', pods: { metric: { name: 'requests' }, target: each('10') } }),
  },
  'by-object': {
    spec: {
      ...metrics(ofObject('Service', 'metrics', 'hits', whole('20'))),
      ...{ minReplicas: 2, maxReplicas: 4 },
    },
  },
  'by-object-each': { spec: metrics(ofObject('Service', 'metrics', 'hits', each('10'))) },
  'by-namespace': { spec: metrics(ofObject('Namespace', 'scaling', 'hits', each('10'))) },
  'by-external': {
    spec: {
      ...metrics(
        external('queue', whole('20'), {
          matchLabels: { queue: 'work' },
          matchExpressions: [{ key: 'shard', operator: 'In', values: ['b', 'a'] }],
        }),
      ),
      ...{ minReplicas: 2, maxReplicas: 4 },
    },
  },
  'by-external-each': { spec: metrics(external('queue', each('10'))) },
  'by-several': { usage: even, spec: metrics(byCpu, external('other-queue', each('10'))) },
  'by-several-more': { usage: even, spec: metrics(byCpu, external('other-queue', each('10'))) },
  paced: {
    spec: {
      ...metrics(external('queue', each('10'))),
      behavior: {
        scaleUp: { ...policies(['Pods', 1], ['Percent', 50]), selectPolicy: 'Min' },
        scaleDown: { ...policies(['Percent', 50]), stabilizationWindowSeconds: 0 },
      },
    },
  },
  'only-up': {
    spec: {
      ...metrics(external('queue', each('10'))),
      behavior: { scaleDown: { selectPolicy: 'Disabled' } },
    },
  },
  'only-down': {
    spec: {
      ...metrics(external('queue', each('10'))),
      behavior: { ...QUICK, scaleUp: { selectPolicy: 'Disabled' } },
    },
  },
  patient: { spec: { ...metrics(external('queue', each('10'))), behavior: undefined } },
  hesitant: {
    spec: {
      ...metrics(external('queue', each('10'))),
      behavior: { ...QUICK, scaleUp: { stabilizationWindowSeconds: LONG } },
    },
  },
  tolerant: {
    spec: {
      ...metrics(external('queue', each('10'))),
      behavior: {
        scaleDown: { ...QUICK.scaleDown, tolerance: '300m' },
        scaleUp: { tolerance: '1' },
      },
    },
  },
  capped: { spec: { ...metrics(external('queue', each('10'))), maxReplicas: 3 } },
  floored: { spec: { ...metrics(external('queue', each('100'))), minReplicas: 2 } },
  'too-many': { replicas: 4, spec: { ...metrics(external('queue', each('10'))), maxReplicas: 2 } },
  'too-few': { replicas: 1, spec: { ...metrics(external('queue', each('10'))), minReplicas: 2 } },
  idle: { replicas: 0, spec: metrics(external('queue', each('10'))) },
  unready: {
    pod: { readinessGates: [{ conditionType: 'example.com/open' }] },
    usage: { cpu: 100, memory: 100 },
    spec: metrics(byCpu),
  },
  unmeasured: { replicas: 3, usage: { cpu: 54, memory: 1, unknown: 1 }, spec: metrics(byCpu) },
  unrequested: {
    containers: [{ name: 'main', image: 'web:1' }],
    usage: even,
    spec: metrics(byCpu),
  },
  pair: { usage: even, spec: metrics(byCpu) },
}
