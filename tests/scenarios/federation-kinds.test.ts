/** What is particular to kinds in a federation, and to what stands in its way. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { daemonSet } from '#api/apps/v1/daemon-set.ts'
import { type Deployment, deployment } from '#api/apps/v1/deployment.ts'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { statefulSet } from '#api/apps/v1/stateful-set.ts'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { job } from '#api/batch/v1/job.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { event } from '#api/core/v1/event.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { secret } from '#api/core/v1/secret.ts'
import { service } from '#api/core/v1/service.ts'
import { type AnyKind, defineKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { ingress } from '#api/networking/v1/ingress.ts'
import { sleep } from '#base/clock.ts'
import { unjoin } from '../../src/federation/inventory/join.ts'
import { fastClock } from './fast-clock.ts'
import { TestFederation, until } from './federation-clusters.ts'

const NAMES = ['east', 'north', 'west']
const clock = fastClock(20)
let federation: TestFederation

before(async () => {
  federation = await TestFederation.start({ members: NAMES, clock, nodes: 1 })
  await federation.client.create(namespace, { metadata: { name: 'shop' } })
})
after(() => federation?.stop())

async function found<T = KubernetesObject>(
  cluster: string,
  kind: AnyKind,
  name: string,
): Promise<T | undefined> {
  try {
    const at = kind.scope === 'Namespaced' ? 'shop' : undefined
    return (await federation.member(cluster).client.get(kind, name, at)) as T
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
}
const everywhere = async (kind: AnyKind, name: string) =>
  (await Promise.all(NAMES.map(cluster => found(cluster, kind, name)))).every(copy => copy)
const nowhere = async (kind: AnyKind, name: string) =>
  (await Promise.all(NAMES.map(cluster => found(cluster, kind, name)))).every(copy => !copy)

const template = (labels: object, more: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image: 'web:1', ...more }] },
})
const workload = (name: string, spec: object, metadata: object = {}, more: object = {}) =>
  ({
    metadata: { name, namespace: 'shop', ...metadata },
    spec: {
      selector: { matchLabels: { app: name } },
      template: template({ app: name }, more),
      ...spec,
    },
  }) as object

test('Services get addresses of each cluster, and tell where they are', async () => {
  const { client } = federation
  const ports = [{ port: 80, protocol: 'TCP' }]
  const made = await client.create(service, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports },
  } as object)
  await client.create(service, {
    metadata: { name: 'headless', namespace: 'shop' },
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports },
  } as object)
  await until('services', () => everywhere(service, 'web'))
  await until('headless', () => everywhere(service, 'headless'))
  const copy = await found<{ spec: { clusterIP?: string } }>('east', service, 'headless')
  assert.equal(copy?.spec.clusterIP, 'None')
  const at = { name: 'web', namespace: 'shop' }
  await client.patch(service, at, 'merge', { spec: { selector: { app: 'other' } } })
  await until('changed', async () => {
    const changed = await found<{ spec: { selector?: Record<string, string> } }>(
      'west',
      service,
      'web',
    )
    return changed?.spec.selector?.app === 'other'
  })
  assert.ok(made.spec.clusterIP)
  const balanced = { status: { loadBalancer: { ingress: [{ ip: '10.1.1.1' }] } } }
  await client.patch(service, at, 'merge', { spec: { type: 'LoadBalancer' } })
  const east = federation.member('east').client
  await until(
    'a balancer',
    async () => (await east.get(service, 'web', 'shop')).spec.type === 'LoadBalancer',
  )
  await east.patch(service, at, 'merge', balanced, { subresource: 'status' })
  await until('told', async () => {
    const { status } = await client.get(service, 'web', 'shop')
    return status.loadBalancer?.ingress?.[0]?.ip === '10.1.1.1'
  })
})

test('Secrets, Ingresses, DaemonSets, StatefulSets and ReplicaSets', async () => {
  const { client } = federation
  await client.create(secret, {
    metadata: { name: 'key', namespace: 'shop' },
    data: { a: 'YQ==' },
  })
  await client.create(ingress, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  } as object)
  await client.create(daemonSet, workload('agent', {}))
  await client.create(statefulSet, workload('db', { replicas: 1, serviceName: 'headless' }))
  await client.create(replicaSet, workload('plain', { replicas: 6 }))
  for (const [kind, name] of [
    [secret, 'key'],
    [ingress, 'web'],
    [daemonSet, 'agent'],
    [statefulSet, 'db'],
    [replicaSet, 'plain'],
  ] as const)
    await until(name, () => everywhere(kind, name))
  await until('told', async () => {
    const agents = (await client.get(daemonSet, 'agent', 'shop')).status.numberReady
    const databases = (await client.get(statefulSet, 'db', 'shop')).status
    const plain = (await client.get(replicaSet, 'plain', 'shop')).status.readyReplicas
    return agents === 3 && databases.readyReplicas === 3 && plain === 6
  })
})

test('a Job is shared out, ends as a whole, and is not begun again', async () => {
  const { client } = federation
  const spec = {
    completions: 6,
    parallelism: 3,
    template: {
      metadata: { annotations: { 'proa.dev/exit-after': '1s' } },
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'a', image: 'work:1', command: ['true'] }],
      },
    },
  }
  await client.create(job, { metadata: { name: 'sums', namespace: 'shop' }, spec } as object)
  await until('shared out', () => everywhere(job, 'sums'))
  const shares = await Promise.all(
    NAMES.map(cluster => found<{ spec: { completions: number } }>(cluster, job, 'sums')),
  )
  assert.deepEqual(
    shares.map(copy => copy?.spec.completions),
    [2, 2, 2],
  )
  for (const cluster of NAMES) await finishJob(cluster, 'sums')
  await until('complete', async () => {
    const { status } = await client.get(job, 'sums', 'shop')
    return (
      status.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') ??
      false
    )
  })
  const { status } = await client.get(job, 'sums', 'shop')
  assert.equal(status.succeeded, 6)
  await federation.member('east').client.delete(job, { name: 'sums', namespace: 'shop' })
  await until('gone', async () => !(await found('east', job, 'sums')))
  await sleep(clock, 20_000)
  assert.ok(!(await found('east', job, 'sums')), 'it is over')
  const { labels } = (await found('west', job, 'sums'))?.metadata ?? {}
  assert.ok(!labels?.['controller-uid'], 'that would be the uid of the host’s')
  // Unless that is said, jobs are orphaned, here as everywhere.
  await client.delete(job, { name: 'sums', namespace: 'shop' }, { propagationPolicy: 'Background' })
  await until('gone', () => nowhere(job, 'sums'))
})

/** Hollow pods may run for ever: the cluster's job is said to be done. */
async function finishJob(cluster: string, name: string): Promise<void> {
  const { client } = federation.member(cluster)
  await until(`${name} in ${cluster}`, async () => {
    const { status, spec } = await client.get(job, name, 'shop')
    if (status.conditions?.some(({ type }) => type === 'Complete')) return true
    const now = new Date(clock.now()).toISOString().replace(/\.\d+/, '')
    const condition = (type: string) => ({
      ...{ type, status: 'True', reason: 'CompletionsReached', message: '' },
      ...{ lastProbeTime: now, lastTransitionTime: now },
    })
    await client.patch(
      job,
      { name, namespace: 'shop' },
      'merge',
      {
        spec: { suspend: false },
        status: {
          ...{ active: 0, ready: 0, terminating: 0, succeeded: spec.completions },
          ...{ startTime: status.startTime ?? now, completionTime: now },
          uncountedTerminatedPods: null,
          conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
        },
      },
      { subresource: 'status' },
    )
    return true
  })
}

test('what an autoscaler sizes in a cluster is not sized back', async () => {
  const { client } = federation
  await client.create(horizontalPodAutoscaler, {
    metadata: { name: 'sized', namespace: 'shop' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'sized' },
      minReplicas: 1,
      maxReplicas: 9,
    },
  } as object)
  await until('autoscalers', () => everywhere(horizontalPodAutoscaler, 'sized'))
  await client.create(deployment, workload('sized', { replicas: 3 }))
  await until('placed', () => everywhere(deployment, 'sized'))
  const { client: east } = federation.member('east')
  const at = { name: 'sized', namespace: 'shop' }
  await east.patch(deployment, at, 'merge', { spec: { replicas: 5 } })
  await until(
    'seven',
    async () => (await client.get(deployment, 'sized', 'shop')).status.readyReplicas === 7,
  )
  assert.equal((await found<Deployment>('east', deployment, 'sized'))?.spec.replicas, 5)
})

test('a definition that is federated brings its custom resources along', async () => {
  const { client } = federation
  const widget = defineKind({
    ...{ group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets' },
    scope: 'Namespaced',
    shape: { name: 'com.example.v1.Widget', doc: '', fields: {} },
  })
  const schema = {
    openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  }
  await client.create(customResourceDefinition, {
    metadata: {
      name: 'widgets.example.com',
      labels: { 'federation.kubernetes.io/federated': 'true' },
    },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  } as object)
  await until('served', () =>
    client.list(widget, { namespace: 'shop' }).then(
      () => true,
      () => false,
    ),
  )
  await client.create(widget, {
    metadata: { name: 'small', namespace: 'shop' },
    spec: { size: 1 },
  } as object)
  await until('placed', () => everywhere(widget, 'small'))
  await client.delete(customResourceDefinition, { name: 'widgets.example.com' })
  await until('gone', () => nowhere(customResourceDefinition, 'widgets.example.com'))
})

test('where somebody else has an object, others get its share, until it is gone', async () => {
  const { client } = federation
  const { client: north } = federation.member('north')
  const foreign = workload('taken', { replicas: 1 }, {}, { image: 'theirs:1' })
  await north.create(deployment, foreign)
  await client.create(deployment, workload('taken', { replicas: 6 }))
  const shares = async () =>
    (await Promise.all(NAMES.map(name => found<Deployment>(name, deployment, 'taken')))).map(
      copy => copy?.spec.replicas,
    )
  await until('three, theirs, three', async () => `${await shares()}` === '3,1,3')
  const theirs = await found<Deployment>('north', deployment, 'taken')
  assert.equal(theirs?.spec.template.spec?.containers[0]?.image, 'theirs:1')
  const { annotations = {} } = (await client.get(deployment, 'taken', 'shop')).metadata
  assert.equal(
    JSON.parse(annotations['federation.kubernetes.io/placement'] ?? '{}').north.state,
    'Conflict',
  )
  await until('told', async () =>
    (await client.list(event, { namespace: 'shop' })).items.some(
      ({ reason, message = '' }) => reason === 'ConflictInCluster' && message.includes('north'),
    ),
  )
  await north.delete(deployment, { name: 'taken', namespace: 'shop' })
  await until('seen', async () => {
    const { annotations = {} } = (await client.get(deployment, 'taken', 'shop')).metadata
    return !annotations['federation.kubernetes.io/placement']?.includes('Conflict')
  })
  const patch = { spec: { replicas: 9 } }
  await client.patch(deployment, { name: 'taken', namespace: 'shop' }, 'merge', patch)
  await until('three each', async () => `${await shares()}` === '3,3,3')
})

test('a cluster without room gives its share to others', async () => {
  const { client } = federation
  const { client: west } = federation.member('west')
  const { items } = await west.list(node)
  for (const { metadata } of items)
    await west.patch(node, { name: metadata.name ?? '' }, 'merge', {
      spec: { unschedulable: true },
    })
  await client.create(deployment, workload('crowd', { replicas: 6 }))
  await until('nobody in the west', async () => {
    const { status } = await client.get(deployment, 'crowd', 'shop')
    const copy = await found<Deployment>('west', deployment, 'crowd')
    return status.readyReplicas === 6 && copy?.spec.replicas === 0
  })
  for (const { metadata } of items)
    await west.patch(node, { name: metadata.name ?? '' }, 'merge', {
      spec: { unschedulable: null },
    })
})

test('where all clusters are full, replicas wait, and do not wander', async () => {
  const { client } = federation
  for (const cluster of NAMES) await cordon(cluster, true)
  await client.create(deployment, workload('wait', { replicas: 3 }))
  await until('placed', () => everywhere(deployment, 'wait'))
  const changes = async () =>
    Promise.all(
      NAMES.map(
        async name => (await found<Deployment>(name, deployment, 'wait'))?.metadata.generation ?? 0,
      ),
    )
  const sum = (of: readonly number[]) => of.reduce((all, one) => all + one, 0)
  await sleep(clock, 150_000)
  const before = sum(await changes())
  await sleep(clock, 120_000)
  assert.ok(sum(await changes()) - before <= 1, 'two minutes later')
  for (const cluster of NAMES) await cordon(cluster, false)
  await until(
    'three run',
    async () => (await client.get(deployment, 'wait', 'shop')).status.readyReplicas === 3,
  )
  await client.delete(deployment, { name: 'wait', namespace: 'shop' })
})

async function cordon(cluster: string, isOn: boolean): Promise<void> {
  const { client } = federation.member(cluster)
  const spec = { unschedulable: isOn || null }
  for (const { metadata } of (await client.list(node)).items)
    await client.patch(node, { name: metadata.name ?? '' }, 'merge', { spec })
}

test('copies stay where they were to be orphaned, and are nobody’s then', async () => {
  const { client } = federation
  await client.create(configMap, { metadata: { name: 'keep', namespace: 'shop' } })
  await until('placed', () => everywhere(configMap, 'keep'))
  await client.delete(
    configMap,
    { name: 'keep', namespace: 'shop' },
    { propagationPolicy: 'Orphan' },
  )
  await until('gone from the host', () =>
    client.get(configMap, 'keep', 'shop').then(
      () => false,
      error => isStatus(error, 'NotFound'),
    ),
  )
  await sleep(clock, 5_000)
  assert.ok(await everywhere(configMap, 'keep'))
  const copy = await found('east', configMap, 'keep')
  assert.deepEqual({ ...copy?.metadata.labels }, {})
})

test('a selector that cannot be read is told, and changes nothing', async () => {
  const { client } = federation
  const at = { name: 'odd', namespace: 'shop' }
  await client.create(configMap, { metadata: at })
  await until('placed', () => everywhere(configMap, 'odd'))
  const annotations = { 'federation.alpha.kubernetes.io/cluster-selector': '[{"key":"a"}]' }
  await client.patch(configMap, at, 'merge', { metadata: { annotations } })
  await until('told', async () =>
    (await client.list(event, { namespace: 'shop' })).items.some(
      ({ reason }) => reason === 'InvalidClusterSelector',
    ),
  )
  assert.ok(await everywhere(configMap, 'odd'))
  const labels = { 'federation.kubernetes.io/federated': 'false' }
  await client.patch(configMap, at, 'merge', {
    metadata: { labels, annotations: { 'federation.alpha.kubernetes.io/cluster-selector': null } },
  })
  await until('taken away', () => nowhere(configMap, 'odd'))
  await client.delete(configMap, at)
})

test('a namespace that is deleted goes everywhere, with one cluster away not before that is back or has left', async () => {
  const { client } = federation
  await client.create(namespace, { metadata: { name: 'brief' } })
  await client.create(configMap, { metadata: { name: 'a', namespace: 'brief' } })
  const inAll = async (kind: AnyKind, name: string, at?: string) =>
    Promise.all(
      NAMES.map(cluster =>
        federation
          .member(cluster)
          .client.get(kind, name, at)
          .then(
            () => true,
            () => false,
          ),
      ),
    )
  await until('placed', async () => (await inAll(configMap, 'a', 'brief')).every(is => is))
  const { way } = federation.member('west')
  way.cut()
  await client.delete(namespace, { name: 'brief' })
  await until(
    'gone from two',
    async () => `${await inAll(namespace, 'brief')}` === 'false,false,true',
  )
  await sleep(clock, 90_000)
  assert.ok((await client.get(namespace, 'brief')).metadata.deletionTimestamp)
  await unjoin(client, 'west')
  await until('gone from the host', () =>
    client.get(namespace, 'brief').then(
      () => false,
      error => isStatus(error, 'NotFound'),
    ),
  )
  assert.ok((await federation.member('west').client.get(namespace, 'brief')).metadata.uid)
  const { items } = await client.list(secret, { namespace: 'federation-system' })
  await until('its credentials are gone', async () =>
    (await client.list(secret, { namespace: 'federation-system' })).items.every(
      ({ metadata }) => !metadata.name?.startsWith('west-'),
    ),
  )
  assert.ok(items.length >= 2)
})
