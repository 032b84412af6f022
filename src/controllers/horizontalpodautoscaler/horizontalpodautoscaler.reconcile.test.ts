import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { WriteFailure } from '../runner/controller.ts'
import { limit, type Memory, type Wish } from './horizontalpodautoscaler.behavior.ts'
import { createMetrics } from './horizontalpodautoscaler.metrics.ts'
import { type AutoscalerOutcome, reconcile } from './horizontalpodautoscaler.reconcile.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const ago = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString()
const forgotten: Memory = { recommendations: [], added: [], removed: [] }

const podOf = (name: string, more: { phase?: string; startedSeconds?: number } = {}) =>
  ({
    metadata: { name, namespace: 'a', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '100m' } } }] },
    status: {
      phase: more.phase ?? 'Running',
      startTime: ago(more.startedSeconds ?? 3600),
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(3500) }],
    },
  }) as unknown as Pod

const utilization = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

interface Setting {
  replicas?: number
  metrics?: object[]
  spec?: object
  pods?: Pod[]
  /** What the metrics APIs answer, by the beginning of the path. */
  answers?: Record<string, object[]>
  memory?: Memory
  selector?: string
  claimants?: string[]
  asked?: string[]
  failure?: WriteFailure
}

function look(setting: Setting): Promise<AutoscalerOutcome> {
  const { replicas = 2, metrics = [utilization(50)], answers = {}, memory = forgotten } = setting
  const { pods = [podOf('p1'), podOf('p2')], selector = 'app=web' } = setting
  const autoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'a', uid: 'h' },
    spec: { minReplicas: 1, maxReplicas: 10, metrics, ...setting.spec },
    status: { desiredReplicas: 0, currentMetrics: [] },
  } as unknown as HorizontalPodAutoscaler
  return reconcile({
    autoscaler,
    target: {
      kind: deployment,
      scale: {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 'web', namespace: 'a' },
        spec: { replicas },
        status: { replicas, selector },
      },
    },
    podsOf: () => pods,
    claimants: () => setting.claimants ?? ['a/web'],
    metrics: createMetrics({
      async getPath(path) {
        setting.asked?.push(decodeURIComponent(path))
        const found = Object.entries(answers).find(([start]) => path.startsWith(start))
        if (!found) throw new StatusError('NotFound', 'the server could not find it')
        return { items: found[1] }
      },
    }),
    resourceOf: () => 'ingresses.networking.k8s.io',
    memory,
    nowMs: NOW_MS,
    monotonicMs: () => 0,
    failure: setting.failure,
  })
}

const cpu = (use: Record<string, string>) =>
  Object.entries(use).map(([name, usage]) => ({
    metadata: { name },
    timestamp: ago(10),
    window: '30s',
    containers: [{ name: 'c', usage: { cpu: usage } }],
  }))
const RESOURCE = '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods'
const CUSTOM = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/a'
const EXTERNAL = '/apis/external.metrics.k8s.io/v1beta1/namespaces/a'

/** What the status becomes. */
function statusIn({ writes }: AutoscalerOutcome): HorizontalPodAutoscaler['status'] {
  const write = writes.find(each => 'subresource' in each && each.subresource === 'status')
  assert.ok(write?.verb === 'update')
  return write.object.status as HorizontalPodAutoscaler['status']
}

/** To how many replicas the target is to change, and what the status says. */
function summary({ writes }: AutoscalerOutcome) {
  const lines: string[] = []
  for (const write of writes)
    if ('subresource' in write && write.subresource === 'scale')
      lines.push(write.report?.success?.message('') ?? '')
    else if (write.verb === 'event') lines.push(`${write.reason}: ${write.text.message}`)
    else if (write.verb === 'update') {
      const { conditions = [] } = write.object.status as HorizontalPodAutoscaler['status']
      lines.push(...conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`))
    }
  return lines
}

const SCALED = [
  'AbleToScale=True SucceededRescale',
  'ScalingActive=True ValidMetricFound',
  'ScalingLimited=False DesiredWithinRange',
]

test('use over the target adds replicas, use under it takes some away, use near it changes nothing', async () => {
  const by = async (use: Record<string, string>) =>
    summary(await look({ answers: { [RESOURCE]: cpu(use) } }))
  assert.deepEqual(await by({ p1: '100m', p2: '100m' }), [
    'New size: 4; reason: cpu resource utilization (percentage of request) above target',
    ...SCALED,
  ])
  assert.deepEqual(await by({ p1: '20m', p2: '10m' }), [
    'New size: 1; reason: All metrics below target',
    ...SCALED,
  ])
  assert.deepEqual((await by({ p1: '52m', p2: '52m' }))[0], 'AbleToScale=True ReadyForNewScale')
})

test('a tolerance of its own says what is near', async () => {
  const behavior = { scaleUp: { tolerance: '0.5' }, scaleDown: {} }
  const answers = { [RESOURCE]: cpu({ p1: '70m', p2: '70m' }) }
  assert.match((await summary(await look({ answers })))[0] ?? '', /^New size: 3/)
  assert.equal((await look({ answers, spec: { behavior } })).change, undefined)
})

test('every kind of metric asks its API and is shown in the status', async () => {
  const metric = { name: 'q', selector: { matchLabels: { verb: 'GET' } } }
  const describedObject = { kind: 'Ingress', name: 'main', apiVersion: 'networking.k8s.io/v1' }
  const kinds: [object, Record<string, object[]>, string, RegExp][] = [
    [
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'c', target: { averageUtilization: 50 } },
      },
      { [RESOURCE]: cpu({ p1: '150m', p2: '150m' }) },
      `${RESOURCE}?labelSelector=app=web`,
      /^New size: 6; reason: cpu container resource utilization/,
    ],
    [
      { type: 'Resource', resource: { name: 'cpu', target: { averageValue: '50m' } } },
      { [RESOURCE]: cpu({ p1: '100m', p2: '100m' }) },
      `${RESOURCE}?labelSelector=app=web`,
      /^New size: 4; reason: cpu resource above target/,
    ],
    [
      { type: 'Pods', pods: { metric, target: { averageValue: '10' } } },
      { [CUSTOM]: ['p1', 'p2'].map(name => ({ describedObject: { name }, value: '20' })) },
      `${CUSTOM}/pods/*/q?labelSelector=app=web&metricLabelSelector=verb=GET`,
      /^New size: 4; reason: pods metric q above target/,
    ],
    [
      { type: 'Object', object: { metric, describedObject, target: { value: '10' } } },
      { [CUSTOM]: [{ value: '15' }] },
      `${CUSTOM}/ingresses.networking.k8s.io/main/q?metricLabelSelector=verb=GET`,
      /^New size: 3; reason: Ingress metric q above target/,
    ],
    [
      { type: 'External', external: { metric, target: { averageValue: '10' } } },
      { [EXTERNAL]: [{ value: '30' }, { value: '40' }] },
      `${EXTERNAL}/q?labelSelector=verb=GET`,
      /^New size: 7; reason: external metric q\(&LabelSelector\{MatchLabels:map\[string\]string\{verb: GET,\}/,
    ],
  ]
  // Without a behavior, a target may no more than double, or grow to four.
  const spec = {
    behavior: { scaleUp: { policies: [{ type: 'Pods', value: 9, periodSeconds: 15 }] } },
  }
  for (const [metricSpec, answers, path, expected] of kinds) {
    const asked: string[] = []
    const outcome = await look({ metrics: [metricSpec], answers, asked, spec })
    assert.deepEqual(asked, [path])
    assert.match(summary(outcome)[0] ?? '', expected)
    const { currentMetrics = [] } = statusIn(outcome)
    assert.equal(currentMetrics[0]?.type, (metricSpec as { type: string }).type)
  }
})

test('memory is told in powers of two, everything else in powers of ten', async () => {
  const of = async (name: string, usage: string) => {
    const metrics = [{ type: 'Resource', resource: { name, target: { averageValue: '10Mi' } } }]
    const containers = [{ name: 'c', usage: { [name]: usage } }]
    const answers = {
      [RESOURCE]: ['p1', 'p2'].map(pod => ({ metadata: { name: pod }, containers })),
    }
    const { currentMetrics = [] } = statusIn(await look({ metrics, answers }))
    return currentMetrics[0]?.resource?.current.averageValue
  }
  assert.equal(await of('memory', '10Mi'), '10Mi')
  assert.equal(await of('ephemeral-storage', '10Mi'), '10485760')
})

test('what does not come is told in the words of its kind', async () => {
  const metric = { name: 'q' }
  const describedObject = { kind: 'Ingress', name: 'main', apiVersion: 'networking.k8s.io/v1' }
  const ofObject = (target: object) => ({
    type: 'Object',
    object: { metric, describedObject, target },
  })
  const external = (target: object) => ({ type: 'External', external: { metric, target } })
  const told = async (spec: object, answers: Record<string, object[]> = {}) => {
    const [first, second = ''] = summary(await look({ metrics: [spec], answers }))
    return [first, second.replace(/^.*first error is: /, '')]
  }
  const none = 'unable to fetch metrics from custom metrics API'
  const gone = 'no custom metrics API (custom.metrics.k8s.io) registered'
  const why = `unable to get metric q: Ingress on a main/${none}: ${gone}`
  assert.deepEqual(await told(ofObject({ value: '1' })), [
    `FailedGetObjectMetric: ${why}`,
    `failed to get object metric value: ${why}`,
  ])
  assert.equal(
    (await told(ofObject({ averageValue: '1' })))[1],
    `failed to get object metric value: failed to get q object metric: ${why}`,
  )
  const missing =
    'unable to get external metric a/q/nil: unable to fetch metrics from external metrics API: the server could not find it'
  assert.deepEqual(await told(external({ value: '1' })), [
    `FailedGetExternalMetric: ${missing}`,
    `failed to get q external metric value: failed to get external metric q: ${missing}`,
  ])
  assert.equal(
    (await told(external({ averageValue: '1' })))[1],
    `failed to get q external metric value: failed to get q external metric: ${missing}`,
  )
})

test('a custom metric that is not there is told in the words of whoever serves the API', async () => {
  const asked: string[] = []
  const metrics = createMetrics({
    async getPath(path) {
      asked.push(path)
      if (path === '/apis/custom.metrics.k8s.io') return {}
      throw new StatusError('NotFound', 'not this one')
    },
  })
  const query = { namespace: 'a', resource: 'services', name: 'main', metric: { name: 'q' } }
  await assert.rejects(metrics.ofObject(query), {
    message: 'unable to fetch metrics from custom metrics API: not this one',
  })
  assert.equal(asked.at(-1), '/apis/custom.metrics.k8s.io')
})

/** Of the metrics that the status tells, in its order. */
function measuredTypes({ writes }: Awaited<ReturnType<typeof look>>): string[] {
  const update = writes.find(each => 'subresource' in each && each.subresource === 'status')
  if (update?.verb !== 'update') return []
  const { currentMetrics = [] } = update.object.status as HorizontalPodAutoscaler['status']
  return currentMetrics.map(({ type }) => type)
}

test('a metric that does not come is told, and nothing shrinks without it', async () => {
  const outcome = await look({})
  assert.equal(outcome.change, undefined)
  const lines = summary(outcome)
  assert.match(
    lines[0] ?? '',
    /^FailedGetResourceMetric: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: /,
  )
  assert.match(
    lines[1] ?? '',
    /^FailedComputeMetricsReplicas: invalid metrics \(1 invalid out of 1\), first error is: failed to get cpu resource metric value: /,
  )
  assert.equal(lines[3], 'ScalingActive=False FailedGetResourceMetric')
  assert.equal(outcome.againAfterMs, 15_000, 'and asked again only then')
  const missing = { type: 'External', external: { metric: { name: 'q' }, target: { value: '1' } } }
  const metrics = [utilization(50), missing]
  const shrinking = await look({ metrics, answers: { [RESOURCE]: cpu({ p1: '1m', p2: '1m' }) } })
  assert.equal(shrinking.change, undefined)
  assert.deepEqual(measuredTypes(shrinking), ['Resource', ''])
  const growing = await look({ metrics, answers: { [RESOURCE]: cpu({ p1: '99m', p2: '99m' }) } })
  assert.equal(growing.change, 2)
})

test('a target that refuses its new size is told so, and tried again when it is time', async () => {
  const failure = { verb: 'update', kind: 'Deployment', message: 'no' }
  const outcome = await look({ answers: { [RESOURCE]: cpu({ p1: '100m', p2: '100m' }) }, failure })
  assert.equal(summary(outcome)[0], 'AbleToScale=False FailedUpdateScale')
  assert.deepEqual(
    outcome.writes.map(({ verb }) => verb),
    ['update'],
  )
  assert.equal(outcome.change, undefined)
  assert.equal(outcome.againAfterMs, 15_000)
})

test('pods that cannot be measured yet make a change smaller, never larger', async () => {
  const pods = [podOf('p1'), podOf('p2'), podOf('p3', { phase: 'Pending' })]
  const growing = await look({
    replicas: 3,
    pods,
    answers: { [RESOURCE]: cpu({ p1: '100m', p2: '100m' }) },
  })
  assert.equal(growing.change, 1, 'the pending one counts as idle')
  const running = [podOf('p1'), podOf('p2'), podOf('p3')]
  const answers = { [RESOURCE]: cpu({ p1: '20m', p2: '20m' }) }
  const shrinking = await look({ replicas: 3, pods: running, answers })
  assert.equal(shrinking.change, undefined, 'one without a metric counts as fully used')
})

test('size outside its bounds is corrected without any metric; none at all switches scaling off', async () => {
  assert.deepEqual(
    (await summary(await look({ replicas: 12 })))[0],
    'New size: 10; reason: Current number of replicas above Spec.MaxReplicas',
  )
  assert.deepEqual(
    summary(await look({ replicas: 1, spec: { minReplicas: 3 } }))[0],
    'New size: 3; reason: Current number of replicas below Spec.MinReplicas',
  )
  assert.deepEqual(summary(await look({ replicas: 0 })), [
    'AbleToScale=True SucceededGetScale',
    'ScalingActive=False ScalingDisabled',
  ])
  assert.ok(summary(await look({ selector: '' })).includes('ScalingActive=False InvalidSelector'))
  const shared = summary(await look({ claimants: ['a/other', 'a/web'] }))
  assert.ok(shared.includes('ScalingActive=False AmbiguousSelector'))
})

const wish = (more: Partial<Wish>): Wish => ({
  current: 10,
  desired: 10,
  minimum: 1,
  maximum: 100,
  behavior: undefined,
  memory: forgotten,
  nowMs: NOW_MS,
  ...more,
})
const at = (seconds: number, replicas: number) => ({ replicas, atMs: NOW_MS - seconds * 1000 })
const said = (more: Partial<Wish>) => {
  const { replicas, ableToScale, scalingLimited } = limit(wish(more))
  return [replicas, ableToScale.reason, scalingLimited.reason]
}

test('shrinking waits for five minutes of lower recommendations', () => {
  const remembering = (seconds: number) => ({ ...forgotten, recommendations: [at(seconds, 9)] })
  assert.deepEqual(said({ desired: 3, memory: remembering(299) }), [
    9,
    'ScaleDownStabilized',
    'DesiredWithinRange',
  ])
  assert.deepEqual(said({ desired: 3, memory: remembering(301) }), [
    3,
    'ReadyForNewScale',
    'DesiredWithinRange',
  ])
  assert.deepEqual(said({ desired: 50 }), [20, 'ReadyForNewScale', 'ScaleUpLimit'])
  assert.deepEqual(said({ desired: 50, maximum: 15 }), [15, 'ReadyForNewScale', 'TooManyReplicas'])
  assert.deepEqual(said({ desired: 1, minimum: 5 }), [5, 'ReadyForNewScale', 'TooFewReplicas'])
})

test('policies count what has changed in their period, and the greater or the smaller of them holds', () => {
  const policies = [
    { type: 'Pods', value: 4, periodSeconds: 60 },
    { type: 'Percent', value: 10, periodSeconds: 60 },
  ]
  const up = (selectPolicy: string) => ({ scaleUp: { selectPolicy, policies }, scaleDown: {} })
  const down = (selectPolicy: string) => ({
    scaleUp: {},
    scaleDown: { selectPolicy, policies, stabilizationWindowSeconds: 0 },
  })
  assert.equal(said({ desired: 50, behavior: up('Max') })[0], 14)
  assert.equal(said({ desired: 50, behavior: up('Min') })[0], 11)
  assert.deepEqual(said({ desired: 50, behavior: up('Disabled') }), [
    10,
    'ReadyForNewScale',
    'ScaleUpLimit',
  ])
  assert.equal(said({ desired: 1, behavior: down('Max') })[0], 6)
  assert.equal(said({ desired: 1, behavior: down('Min') })[0], 9)
  const added = [at(30, 3)]
  assert.equal(said({ desired: 50, behavior: up('Max'), memory: { ...forgotten, added } })[0], 11)
  const recommendations = [at(10, 12)]
  const slow = { scaleUp: { policies, stabilizationWindowSeconds: 30 }, scaleDown: {} }
  assert.deepEqual(
    said({ desired: 13, behavior: slow, memory: { ...forgotten, recommendations } }).slice(0, 2),
    [12, 'ScaleUpStabilized'],
  )
})
