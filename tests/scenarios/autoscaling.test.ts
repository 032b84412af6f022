/** An autoscaler whose metrics an aggregated server serves: each sort of metric, its limits, its pace, and what it says when nothing comes. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscaler,
} from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { kubectlMissing } from '../tools/kubectl.ts'
import { fastClock } from './fast-clock.ts'
import { until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'
import { type MetricsApis, serveMetrics } from './metrics-apis.ts'

/** Autoscalers look every fifteen seconds, which are one and a half here. */
const SPEED = 10
/** Less a few milliseconds, since the two ends of a span are rounded. */
const MINUTE_MS = 59_990

const workload = `apiVersion: apps/v1
kind: Deployment
metadata: { name: front }
spec:
  replicas: 2
  selector: { matchLabels: { app: front } }
  template:
    metadata: { labels: { app: front } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [ { name: main, image: 'web:1', resources: { requests: { cpu: 100m } } } ]
---
apiVersion: v1
kind: Service
metadata: { name: front }
spec: { selector: { app: front }, ports: [ { port: 80 } ] }
`

const QUICK = 'scaleDown: { stabilizationWindowSeconds: 0 }'
const autoscaler = (metric: string, behavior = QUICK) => `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: front }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: front }
  minReplicas: 1
  maxReplicas: 8
  behavior: { ${behavior} }
  metrics: [ { ${metric} } ]
`
const SORTS = {
  resource:
    'type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } }',
  pods: 'type: Pods, pods: { metric: { name: requests }, target: { type: AverageValue, averageValue: 10 } }',
  object:
    'type: Object, object: { metric: { name: requests }, describedObject: { apiVersion: v1, kind: Service, name: front }, target: { type: Value, value: 10 } }',
  external:
    'type: External, external: { metric: { name: queue }, target: { type: AverageValue, averageValue: 10 } }',
}

describe('autoscaling', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const clock = fastClock(SPEED)
  const scene = kubectlCluster(2, { clock })
  let metrics: MetricsApis
  before(async () => {
    metrics = await serveMetrics(() => scene.cluster, clock)
    await scene.apply(metrics.manifest)
    await scene.kubectl.run(
      'wait apiservice/v1beta1.metrics.k8s.io apiservice/v1beta2.custom.metrics.k8s.io apiservice/v1beta1.external.metrics.k8s.io --for=condition=Available --timeout=150s',
    )
    await scene.apply(workload)
    await scene.kubectl.run('rollout status deployment/front --timeout=150s')
  })
  after(() => metrics?.[Symbol.asyncDispose]())

  const get = (): Promise<HorizontalPodAutoscaler> =>
    scene.cluster.client.get(horizontalPodAutoscaler, 'front', 'default')
  const condition = async (type: string) =>
    (await get()).status.conditions?.find(each => each.type === type)
  const replicas = (count: number) =>
    scene.kubectl.run(
      `wait deployment/front --for=jsonpath={.status.readyReplicas}=${count} --timeout=150s`,
    )
  const says = (type: string, reason: string) =>
    until(`${type} to be ${reason}`, async () => (await condition(type))?.reason === reason)

  test('each sort of metric makes it larger and smaller, within its limits', async () => {
    const cases = [
      ['resource', { cpu: 100 }, 4, { cpu: 25 }, 2],
      ['pods', { perPod: 20 }, 4, { perPod: 5 }, 2],
      ['object', { ofObject: 20 }, 4, { ofObject: 5 }, 2],
      ['external', { external: 40 }, 4, { external: 20 }, 2],
    ] as const
    for (const [sort, high, most, low, least] of cases) {
      metrics.measured = high
      await scene.kubectl.run('scale deployment/front --replicas=2')
      await replicas(2)
      await scene.apply(autoscaler(SORTS[sort]))
      await until(
        `more by ${sort}`,
        async () => ((await get()).status.desiredReplicas ?? 0) >= most,
      )
      assert.equal((await condition('ScalingActive'))?.reason, 'ValidMetricFound', sort)
      metrics.measured = low
      await until(
        `less by ${sort}`,
        async () => ((await get()).status.desiredReplicas ?? 9) <= least,
      )
      await scene.kubectl.run('delete hpa front')
    }
  })

  test('it stops at the most that it may have, and says so; without metrics it stays as it is', async () => {
    metrics.measured = { external: 1000 }
    await scene.apply(autoscaler(SORTS.external))
    await replicas(8)
    await says('ScalingLimited', 'TooManyReplicas')
    metrics.measured = {}
    await says('ScalingActive', 'FailedGetExternalMetric')
    const shown = await scene.kubectl.run('get hpa front')
    assert.match(shown, /<unknown>\/10 \(avg\) +1 +8 +8/)
    const described = await scene.kubectl.run('describe hpa front')
    assert.match(described, /FailedGetExternalMetric/)
    await scene.kubectl.run('delete hpa front')
  })

  test('policies set its pace, and the window keeps it from shrinking at once', async () => {
    await scene.kubectl.run('scale deployment/front --replicas=1')
    await replicas(1)
    const [high, low] = [{ external: 80 }, { external: 10 }]
    metrics.measured = high
    const pace =
      'scaleUp: { policies: [ { type: Pods, value: 1, periodSeconds: 60 } ] }, scaleDown: { stabilizationWindowSeconds: 60 }'
    await scene.apply(autoscaler(SORTS.external, pace))
    const sizes = new Set<number>()
    await until('three replicas', async () => {
      const { currentReplicas = 0 } = (await get()).status
      if (currentReplicas > 0) sizes.add(currentReplicas)
      return currentReplicas >= 3
    })
    const firstMs = metrics.told.find(({ measured }) => measured === high)?.atMs
    assert.ok(clock.monotonicMs() - Number(firstMs) >= MINUTE_MS, 'one more a minute')
    assert.deepEqual([...sizes], [1, 2, 3])
    await says('ScalingLimited', 'ScaleUpLimit')
    metrics.measured = low
    await says('AbleToScale', 'ScaleDownStabilized')
    await until('one replica', async () => (await get()).status.desiredReplicas === 1)
    const lastMs = metrics.told.findLast(({ measured }) => measured === high)?.atMs
    assert.ok(clock.monotonicMs() - Number(lastMs) >= MINUTE_MS, 'not before its window is over')
  })

  test('two for one target, or none to be had: it says what is wrong', async () => {
    metrics.measured = { external: 10 }
    const second = autoscaler(SORTS.external).replace('name: front }', 'name: second }')
    await scene.apply(second)
    await says('ScalingActive', 'AmbiguousSelector')
    await scene.kubectl.run('delete hpa second')
    await says('ScalingActive', 'ValidMetricFound')
    await scene.kubectl.run('delete deployment front')
    await says('AbleToScale', 'FailedGetScale')
  })
})
