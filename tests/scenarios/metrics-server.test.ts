/** The resource metrics API as people and autoscalers use it, on hollow nodes whose pods use what their annotations say. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { type Cluster, startCluster } from '#index'
import { kubectlMissing } from '../tools/kubectl.ts'
import { fastClock } from './fast-clock.ts'
import { until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'

/** Fifteen seconds, the pace of measuring and of autoscalers, are one and a half here. */
const SPEED = 10
const SERVICE = 'apiservice/v1beta1.metrics.k8s.io'

const pods = `apiVersion: v1
kind: Pod
metadata:
  name: pair
  labels: { app: pair }
  annotations: { metrics.proa.dev/cpu: 'main=250m, side=50m', metrics.proa.dev/memory: 64Mi }
spec:
  containers: [ { name: main, image: 'web:1' }, { name: side, image: 'web:1' } ]
---
apiVersion: v1
kind: Pod
metadata: { name: other, namespace: kube-public, labels: { app: other } }
spec:
  containers: [ { name: main, image: 'web:1', resources: { requests: { cpu: 1, memory: 1Gi } } } ]
`

describe('what is used', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const scene = kubectlCluster(2, { metricsServer: true, clock: fastClock(SPEED) })
  const run = (words: string) => scene.kubectl.run(words)
  const says = (words: string, pattern: RegExp) =>
    until(`${words} to say ${pattern}`, async () => {
      const { stdout } = await scene.kubectl.try(words)
      return pattern.test(stdout) && stdout
    })

  before(async () => {
    await run(`wait --for=create ${SERVICE} --timeout=150s`)
    await run(`wait --for=condition=Available ${SERVICE} --timeout=150s`)
    await scene.apply(pods)
    await says('top pod -A --no-headers', /other[\s\S]*pair|pair[\s\S]*other/)
  })

  test('kubectl top shows nodes, pods and containers', async () => {
    assert.match(
      await run('top node'),
      /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\)/,
    )
    // The pods are somewhere, the systems everywhere; a node's last round may have begun before the pods did.
    await until('nodes to use what their pods do', async () => {
      const cores = (await run('top node')).matchAll(/^hollow-\d +(\d+)m +\d+% +\d+Mi +\d+%/gm)
      return [...cores].reduce((sum, [, each]) => sum + Number(each), 0) === 2 * 10 + 300 + 100
    })
    assert.match(await run('top pod'), /^pair +300m +64Mi/m)
    const all = await run('top pod -A')
    assert.match(all, /^default +pair +300m +64Mi/m)
    assert.match(all, /^kube-public +other +100m +102Mi/m)
    const containers = await run('top pod --containers')
    assert.match(containers, /^pair +main +250m +32Mi/m)
    assert.match(containers, /^pair +side +50m +32Mi/m)
    assert.match(await run('top pod -A --sum'), /^ +400m +166Mi/m)
    assert.doesNotMatch(await run('top pod -A -l app=other'), /pair/)
    assert.doesNotMatch(await run('top pod -A --field-selector metadata.name=pair'), /other/)
  })

  test('it is an API like others: discovered, explained, shown as a table', async () => {
    const resources = await run('api-resources --api-group=metrics.k8s.io --no-headers')
    assert.match(resources, /^nodes +metrics\.k8s\.io\/v1beta1 +false +NodeMetrics$/m)
    assert.match(resources, /^pods +metrics\.k8s\.io\/v1beta1 +true +PodMetrics$/m)
    assert.match(await run('get nodes.metrics.k8s.io'), /^NAME +CPU +MEMORY +WINDOW/)
    assert.match(await run('get podmetrics'), /^pair +300m +64Mi +\d+(\.\d+)?s/m)
    const one = JSON.parse(await run('get --raw /apis/metrics.k8s.io/v1beta1/nodes/hollow-0'))
    assert.equal(one.kind, 'NodeMetrics')
    assert.equal(one.metadata.labels['kubernetes.io/hostname'], 'hollow-0')
    assert.ok(
      Math.abs(Date.parse(one.timestamp) - Date.parse(one.metadata.creationTimestamp)) < 6e4,
    )
    const explained = await run('explain pods.containers --api-version=metrics.k8s.io/v1beta1')
    assert.match(explained, /KIND: +PodMetrics[\s\S]*usage\t.*-required-/)
    const swagger = JSON.parse(await run('get --raw /openapi/v2'))
    assert.ok(swagger.paths['/apis/metrics.k8s.io/v1beta1/nodes/{name}'])
    const { stderr } = await scene.kubectl.try('get podmetrics none')
    assert.match(stderr, /\(NotFound\): pods "none" not found/)
    const refused = await scene.kubectl.try('delete podmetrics pair')
    assert.match(refused.stderr, /MethodNotAllowed/)
  })

  test('who may view a namespace may see what its pods use, and others may not', async () => {
    await run('create rolebinding viewer --clusterrole=view --user=viewer')
    await says('top pod --as=viewer', /pair/)
    const elsewhere = await scene.kubectl.try('top pod -n kube-public --as=viewer')
    assert.match(
      elsewhere.stderr,
      /pods\.metrics\.k8s\.io is forbidden: User "viewer" cannot list resource "pods" in API group "metrics\.k8s\.io" in the namespace "kube-public"/,
    )
  })

  test('what an annotation says is used from then on', async () => {
    await run('annotate pod pair --overwrite metrics.proa.dev/cpu=1500m')
    await says('top pod pair', /^pair +1500m/m)
  })

  test('another server takes its place by its Service, and gives it back by leaving', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'metrics-server', namespace: 'kube-system' },
      spec: { ports: [{ port: 443, targetPort: 4443 }], selector: { app: 'none' } },
    }
    await scene.apply(JSON.stringify(service))
    await run(`wait --for=condition=Available=False ${SERVICE} --timeout=150s`)
    assert.match(await run(`get ${SERVICE}`), /kube-system\/metrics-server +False/)
    await run('delete service metrics-server -n kube-system')
    await run(`wait --for=condition=Available ${SERVICE} --timeout=150s`)
    assert.match(await run('top pod pair'), /pair/)
  })
})

const workload = `apiVersion: apps/v1
kind: Deployment
metadata: { name: front }
spec:
  selector: { matchLabels: { app: front } }
  template:
    metadata: { labels: { app: front }, annotations: { metrics.proa.dev/cpu: 20m } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [ { name: main, image: 'web:1', resources: { requests: { cpu: 100m } } } ]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: front }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: front }
  minReplicas: 1
  maxReplicas: 5
  behavior: { scaleDown: { stabilizationWindowSeconds: 60 } }
  metrics: [ { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } } ]
`

describe('an autoscaler of measured pods', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const clock = fastClock(SPEED)
  const scene = kubectlCluster(2, { metricsServer: true, clock })
  const get = () => scene.cluster.client.get(horizontalPodAutoscaler, 'front', 'default')
  const condition = async (type: string) =>
    (await get()).status.conditions?.find(each => each.type === type)
  const says = (type: string, reason: string) =>
    until(`${type} to be ${reason}`, async () => (await condition(type))?.reason === reason)
  const desired = async () => (await get()).status.desiredReplicas ?? 0
  const uses = (cpu: string) =>
    scene.kubectl.run(`annotate pods -l app=front --overwrite metrics.proa.dev/cpu=${cpu}`)
  before(() => scene.apply(workload))

  test('as much as is wanted changes nothing', async () => {
    await says('ScalingActive', 'ValidMetricFound')
    // Where the clock is fast and the machine busy, a round may be looked at a moment too late, and be a hundredth off.
    const used = async () => (await get()).status.currentMetrics?.[0]?.resource?.current
    await until('a fifth of what they ask', async () => (await used())?.averageUtilization === 20)
    assert.equal(await desired(), 1)
    assert.equal((await condition('ScalingLimited'))?.reason, 'DesiredWithinRange')
  })

  test('more makes it larger, at once', async () => {
    // With two more pods of 20m this makes 50m a pod, and all is well.
    await uses('110m')
    await until('three replicas', async () => (await desired()) === 3)
    assert.equal((await condition('AbleToScale'))?.status, 'True')
    await scene.kubectl.run(
      'wait deployment/front --for=jsonpath={.status.readyReplicas}=3 --timeout=150s',
    )
    const events = await scene.kubectl.run('get events --field-selector involvedObject.name=front')
    assert.match(events, /SuccessfulRescale.*New size: 3; reason: cpu resource utilization/)
  })

  test('beyond its limit it does not grow, and says so', async () => {
    await until('all pods to use much', async () => {
      await uses('900m')
      return (await condition('ScalingLimited'))?.reason === 'TooManyReplicas'
    })
    assert.equal(await desired(), 5)
  })

  test('less makes it smaller once that has lasted', async () => {
    // Also of those that come yet.
    await scene.kubectl.run(
      'wait deployment/front --for=jsonpath={.status.readyReplicas}=5 --timeout=150s',
    )
    await uses('10m')
    const lessMs = clock.monotonicMs()
    await says('AbleToScale', 'ScaleDownStabilized')
    await until('fewer replicas', async () => (await desired()) < 5)
    assert.ok(clock.monotonicMs() - lessMs >= 55_000, 'not before the window is over')
    await until('one replica', async () => (await desired()) === 1)
    assert.equal((await condition('ScalingLimited'))?.reason, 'DesiredWithinRange')
  })
})

describe('a cluster in memory', () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster({ metricsServer: true, clock: fastClock(SPEED) })
  })
  after(() => cluster?.stop())

  const names = async () => {
    const { status, body } = await cluster.transport.request({
      method: 'GET',
      path: '/apis/metrics.k8s.io/v1beta1/nodes',
      objects: true,
    })
    const list = body.kind === 'object' ? (body.object as { items?: { metadata: object }[] }) : {}
    return status === 200 && list.items?.length === 1
  }

  test('measures go on after a reset, also to a time before there were any', async () => {
    const before = cluster.snapshot()
    await until('a node to be measured', names)
    await cluster.reset(before)
    await until('a node to be measured again', names)
  })
})
