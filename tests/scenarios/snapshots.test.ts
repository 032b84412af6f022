/** A cluster that is brought back to where it was: everything in it goes on as it did from there the first time. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { type Deployment, deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { type Service, service } from '#api/core/v1/service.ts'
import { type Cluster, startCluster } from '#index'
import { cpuMs } from '../../src/base/testing/cpu-time.ts'

const WAIT_MS = 60_000
const OBJECTS = 3_000
/** Of computing. Generous: alone it takes a tenth of it. */
const RESET_MS = 1_500

const at = (name: string) => ({ name, namespace: 'default' })
const labels = { app: 'web' }
const web = (replicas: number, image = 'web:1') =>
  ({
    metadata: at('web'),
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } },
    },
  }) as unknown as Partial<Deployment>

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (const started = performance.now(); performance.now() - started < WAIT_MS; await pause(5)) {
    const found = await look()
    if (found) return found
  }
  return assert.fail(`${what} did not happen within ${WAIT_MS} ms`)
}

const isReady = (each: Pod) =>
  !each.metadata.deletionTimestamp &&
  each.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')

const running = ({ client }: Cluster, count: number) =>
  until(`${count} running pods`, async () => {
    const { items } = await client.list(pod, { namespace: 'default' })
    return items.length === count && items.every(isReady) && items
  })

/** What makes up a pod's life, without its revision. */
const lifeOf = ({ metadata, spec, status }: Pod) => ({
  name: metadata.name,
  uid: metadata.uid,
  node: spec?.nodeName,
  address: status?.podIP,
  container: status?.containerStatuses?.[0]?.containerID,
  restarts: status?.containerStatuses?.[0]?.restartCount,
})

const byName = (pods: readonly Pod[]) => new Map(pods.map(each => [each.metadata.name ?? '', each]))

async function logOf({ transport }: Cluster, name: string): Promise<string> {
  const path = `/api/v1/namespaces/default/pods/${name}/log`
  const { body } = await transport.request({ method: 'GET', path })
  if (body.kind === 'bytes') return new TextDecoder().decode(body.bytes)
  assert.equal(body.kind, 'stream')
  const { stream } = body as Extract<typeof body, { kind: 'stream' }>
  let text = ''
  await new Promise<void>(resolve =>
    stream.subscribe({
      next: bytes => {
        text += new TextDecoder().decode(bytes)
      },
      end: () => resolve(),
    }),
  )
  return text
}

test('a Deployment that was scaled, changed and robbed of pods runs as before, twice', async () => {
  const before = process.getActiveResourcesInfo().sort()
  {
    await using cluster = await startCluster({ nodes: { kind: 'hollow', count: 3 } })
    await cluster.client.create(deployment, web(4))
    const original = byName(await running(cluster, 4))
    const [robbed = ''] = original.keys()
    const snapshot = cluster.snapshot()
    for (let round = 0; round < 2; round++) {
      await cluster.client.delete(pod, at(robbed), { gracePeriodSeconds: 0 })
      await scale(cluster, 7)
      await cluster.reset(snapshot)
      await runsAsBefore(cluster, original, robbed)
    }
    // Controllers, scheduler and kubelets are at work.
    await scale(cluster, 2)
  }
  await pause(0)
  assert.deepEqual(process.getActiveResourcesInfo().sort(), before)
})

async function scale(cluster: Cluster, replicas: number): Promise<void> {
  const { client } = cluster
  const held = await client.get(deployment, 'web', 'default')
  await client.update(deployment, { ...held, spec: { ...held.spec, replicas } })
  await running(cluster, replicas)
}

/** All pods are there and ready, and only the one that was gone runs anew. */
async function runsAsBefore(
  cluster: Cluster,
  original: ReadonlyMap<string, Pod>,
  robbed: string,
): Promise<void> {
  const lost = lifeOf(original.get(robbed) as Pod)
  const pods = await until('a new container', async () => {
    const all = byName(await running(cluster, original.size))
    const one = all.get(robbed)
    return one && lifeOf(one).container !== lost.container && all
  })
  for (const [name, pod] of original)
    if (name !== robbed) assert.deepEqual(lifeOf(pods.get(name) as Pod), lifeOf(pod))
  const { uid, node, restarts } = lifeOf(pods.get(robbed) as Pod)
  assert.deepEqual({ uid, node, restarts }, { uid: lost.uid, node: lost.node, restarts: 0 })
  const { status } = await cluster.client.get(deployment, 'web', 'default')
  assert.equal(status?.replicas, original.size)
}

test('what is deleted by cascade comes back as one, and nothing collects it again', async () => {
  await using cluster = await startCluster()
  const { client } = cluster
  await client.create(namespace, { metadata: { name: 'shop' } })
  await client.create(deployment, web(2))
  await client.create(configMap, { metadata: { name: 'list', namespace: 'shop' } })
  const uids = (await running(cluster, 2)).map(({ metadata }) => metadata.uid).sort()
  const snapshot = cluster.snapshot()
  await client.delete(deployment, at('web'), { propagationPolicy: 'Background' })
  await client.delete(namespace, { name: 'shop' })
  await running(cluster, 0)
  await until('the end of the namespace', async () => {
    const { items } = await client.list(namespace)
    return items.every(({ metadata }) => metadata.name !== 'shop')
  })
  await cluster.reset(snapshot)
  await client.get(configMap, 'list', 'shop')
  await running(cluster, 2)
  await pause(300)
  const pods = await running(cluster, 2)
  assert.deepEqual(pods.map(({ metadata }) => metadata.uid).sort(), uids)
  await client.create(configMap, { metadata: { name: 'more', namespace: 'shop' } })
})

test('a pod that ended since runs and ends again', async () => {
  await using cluster = await startCluster()
  const { client } = cluster
  const containers = [{ name: 'main', image: 'x', command: ['sh', '-c', 'echo hello; sleep 1'] }]
  const spec = { containers, restartPolicy: 'Never' }
  await client.create(pod, { metadata: at('once'), spec } as unknown as Partial<Pod>)
  const phase = (wanted: string) =>
    until(wanted, async () => {
      const now = await client.get(pod, 'once', 'default')
      return now.status?.phase === wanted && now
    })
  await phase('Running')
  const snapshot = cluster.snapshot()
  const first = lifeOf(await phase('Succeeded'))
  await cluster.reset(snapshot)
  assert.equal((await client.get(pod, 'once', 'default')).status?.phase, 'Running')
  const second = lifeOf(await phase('Succeeded'))
  assert.equal(second.restarts, 0)
  assert.notEqual(second.container, first.container)
  assert.equal(await logOf(cluster, 'once'), 'hello\n', 'of the second life only')
})

test('a snapshot from the very start, before any node registered, is one, too', async () => {
  await using cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 } })
  const { client } = cluster
  const snapshot = cluster.snapshot()
  const ready = () =>
    until('two ready nodes', async () => {
      const { items } = await client.list(node)
      const good = items.filter(({ status }) =>
        status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      )
      return good.length === 2
    })
  await ready()
  await cluster.reset(snapshot)
  await ready()
  await client.create(deployment, web(2))
  await running(cluster, 2)
})

test('addresses and node ports are held by who held them', async () => {
  await using cluster = await startCluster({ nodes: { kind: 'none' } })
  const { client } = cluster
  const create = (name: string, spec: object) =>
    client.create(service, {
      metadata: at(name),
      spec: { ports: [{ port: 80 }], ...spec },
    } as unknown as Partial<Service>)
  const first = await create('first', { type: 'NodePort' })
  const snapshot = cluster.snapshot()
  await client.delete(service, at('first'))
  const { clusterIP } = first.spec
  const port = first.spec.ports?.[0]?.nodePort
  await create('thief', { clusterIP })
  const later = await create('later', { type: 'NodePort' })
  await cluster.reset(snapshot)
  assert.equal((await client.get(service, 'first', 'default')).spec.clusterIP, clusterIP)
  await assert.rejects(create('thief', { clusterIP }), /provided IP is already allocated/)
  await assert.rejects(
    create('thief', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] }),
    /provided port is already allocated/,
  )
  await create('again', { clusterIP: later.spec.clusterIP })
})

test('watches live through it, revisions go on, and pages of before can be finished', async () => {
  await using cluster = await startCluster({ nodes: { kind: 'none' } })
  const { client } = cluster
  // A ConfigMap, too, which a controller makes when it gets to it: it shall not come amid what is told below.
  await until('the root certificate', async () => {
    const { items } = await client.list(configMap, { namespace: 'default' })
    return items.length === 1
  })
  for (const name of ['kept', 'changed', 'gone'])
    await client.create(configMap, { metadata: at(name), data: { is: 'old' } })
  const snapshot = cluster.snapshot()
  const held = await client.get(configMap, 'changed', 'default')
  await client.update(configMap, { ...held, data: { is: 'new' } })
  await client.delete(configMap, at('gone'))
  await client.create(configMap, { metadata: at('new') })
  const page = await client.list(configMap, { namespace: 'default', limit: 1 })
  const told: string[] = []
  let ended = false
  const events = await client.watch(configMap, {
    namespace: 'default',
    resourceVersion: page.metadata.resourceVersion,
  })
  const cancel = events.subscribe({
    next: ({ type, object }) => {
      told.push(`${type} ${object.metadata.name}`)
      assert.ok(Number(object.metadata.resourceVersion) > Number(page.metadata.resourceVersion))
    },
    end: () => {
      ended = true
    },
  })
  await cluster.reset(snapshot)
  assert.deepEqual(told.sort(), ['ADDED gone', 'DELETED new', 'MODIFIED changed'])
  assert.equal(ended, false)
  cancel()
  const rest = await client.list(configMap, {
    namespace: 'default',
    limit: 10,
    continue: page.metadata.continue ?? '',
  })
  assert.deepEqual(
    [...page.items, ...rest.items]
      .map(({ metadata }) => metadata.name)
      .filter(name => name !== 'kube-root-ca.crt'),
    ['changed', 'kept', 'new'],
  )
})

test('a custom kind that came since is gone, and one that went is served again', async () => {
  await using cluster = await startCluster({ nodes: { kind: 'none' } })
  const define = (kind: string) => {
    const plural = `${kind.toLowerCase()}s`
    const schema = { openAPIV3Schema: { type: 'object' } }
    return cluster.client.create(customResourceDefinition, {
      metadata: { name: `${plural}.example.com` },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    } as never)
  }
  const path = (plural: string) => `/apis/example.com/v1/namespaces/default/${plural}`
  const ask = (method: 'GET' | 'POST' | 'DELETE', where: string, object?: object) =>
    cluster.transport.request({
      method,
      path: where,
      objects: true,
      ...(object ? { body: object } : {}),
    })
  const served = (plural: string, status: number) =>
    until(`${plural} answers ${status}`, async () => {
      const answer = await ask('GET', path(plural))
      return answer.status === status && answer
    })
  await define('Boat')
  await served('boats', 200)
  const made = await ask('POST', path('boats'), {
    apiVersion: 'example.com/v1',
    kind: 'Boat',
    metadata: { name: 'proa' },
  })
  assert.equal(made.status, 201)
  const snapshot = cluster.snapshot()
  await define('Car')
  await served('cars', 200)
  await ask('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.example.com')
  await served('boats', 404)
  await cluster.reset(snapshot)
  await served('cars', 404)
  const { body } = await served('boats', 200)
  const { items } = (body as unknown as { object: { items: { metadata: { name: string } }[] } })
    .object
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['proa'],
  )
})

test(`${OBJECTS} objects come back in a moment`, async context => {
  await using cluster = await startCluster()
  const { client } = cluster
  const make = (prefix: string) =>
    Promise.all(
      Array.from({ length: OBJECTS }, (_, index) =>
        client.create(configMap, { metadata: at(`${prefix}-${index}`), data: { of: prefix } }),
      ),
    )
  await make('kept')
  await client.create(deployment, web(3))
  await running(cluster, 3)
  const started = cpuMs()
  const snapshot = cluster.snapshot()
  const takenMs = cpuMs() - started
  const few = async () => {
    await client.delete(configMap, at('kept-7'))
    const resetting = cpuMs()
    await cluster.reset(snapshot)
    return cpuMs() - resetting
  }
  await few()
  const fewMs = await few()
  await make('new')
  const resetting = cpuMs()
  await cluster.reset(snapshot)
  const manyMs = cpuMs() - resetting
  const { items } = await client.list(configMap, { namespace: 'default' })
  assert.equal(items.filter(({ data }) => data?.of === 'kept').length, OBJECTS)
  assert.equal(items.filter(({ data }) => data?.of === 'new').length, 0)
  await running(cluster, 3)
  context.diagnostic(
    `among ${OBJECTS} objects: taken in ${takenMs.toFixed(2)} ms of computing, one back in ${fewMs.toFixed(1)} ms, ${OBJECTS} gone in ${manyMs.toFixed(1)} ms`,
  )
  assert.ok(takenMs < 50, `taken in ${takenMs} ms`)
  assert.ok(fewMs < RESET_MS && manyMs < RESET_MS, `${fewMs} ms, ${manyMs} ms`)
})

test('a cluster on disk has none, a stopped one no more', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-snapshots-'))
  {
    await using cluster = await startCluster({
      dataDirectory: directory,
      nodes: { kind: 'none' },
    })
    assert.throws(() => cluster.snapshot(), /dataDirectory/)
  }
  rmSync(directory, { recursive: true })
  const stopped = await startCluster({ nodes: { kind: 'none' } })
  const snapshot = stopped.snapshot()
  await Promise.allSettled([stopped.reset(snapshot), stopped.stop()])
  await assert.rejects(stopped.reset(snapshot), /was stopped/)
})
