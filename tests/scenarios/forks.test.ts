/** A cluster that goes on from a snapshot of another one, beside it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Deployment, deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { type Cluster, startCluster } from '#index'

const WAIT_MS = 60_000
const OBJECTS = 3_000

const at = (name: string) => ({ name, namespace: 'default' })
const labels = { app: 'web' }
const web = (replicas: number) =>
  ({
    metadata: at('web'),
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web' }] } },
    },
  }) as unknown as Partial<Deployment>

async function running({ client }: Cluster, count: number): Promise<readonly Pod[]> {
  for (const started = performance.now(); performance.now() - started < WAIT_MS; await pause(5)) {
    const { items } = await client.list(pod, { namespace: 'default' })
    const isReady = (each: Pod) =>
      !each.metadata.deletionTimestamp &&
      each.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    if (items.length === count && items.every(isReady)) return items
  }
  return assert.fail(`${count} pods did not run within ${WAIT_MS} ms`)
}

const versions = async ({ client }: Cluster) =>
  (await client.list(configMap, { namespace: 'default' })).items.map(({ metadata }) => [
    metadata.name,
    metadata.uid,
    metadata.resourceVersion,
  ])

test('two clusters go on from one state, and know nothing of each other', async () => {
  const before = process.getActiveResourcesInfo().sort()
  {
    await using original = await startCluster({ nodes: { kind: 'hollow', count: 2 } })
    await original.client.create(deployment, web(3))
    const pods = await running(original, 3)
    await original.client.create(configMap, { metadata: at('kept'), data: { is: 'kept' } })
    const wanted = await versions(original)
    const snapshot = original.snapshot()
    await original.client.delete(configMap, at('kept'))
    await original.client.create(configMap, { metadata: at('later') })

    await using fork = await original.fork(snapshot)
    assert.deepEqual(await versions(fork), wanted)
    const names = (all: readonly Pod[]) => all.map(({ metadata }) => metadata.uid).sort()
    assert.deepEqual(names(await running(fork, 3)), names(pods))
    assert.deepEqual(fork.nodeNames, original.nodeNames)

    // Controllers, scheduler and nodes of both are at work.
    const held = await fork.client.get(deployment, 'web', 'default')
    await fork.client.update(deployment, { ...held, spec: { ...held.spec, replicas: 5 } })
    await fork.client.create(service, {
      metadata: at('only-here'),
      spec: { selector: labels, ports: [{ port: 80 }] },
    } as never)
    await running(fork, 5)
    await original.client.delete(deployment, at('web'), { propagationPolicy: 'Background' })
    await running(original, 0)
    assert.equal((await fork.client.list(pod, { namespace: 'default' })).items.length, 5)
    await assert.rejects(original.client.get(service, 'only-here', 'default'), /not found/)
    await assert.rejects(fork.client.get(configMap, 'later', 'default'), /not found/)

    // A fork has snapshots, and forks, of its own.
    const here = fork.snapshot()
    await fork.client.delete(configMap, at('kept'))
    await using grandchild = await fork.fork(here)
    assert.equal((await grandchild.client.get(configMap, 'kept', 'default')).data?.is, 'kept')
    await fork.reset(here)
    assert.equal((await fork.client.get(configMap, 'kept', 'default')).data?.is, 'kept')
    assert.equal((await grandchild.client.list(node)).items.length, 2)
  }
  await pause(0)
  assert.deepEqual(process.getActiveResourcesInfo().sort(), before)
})

test('a fork listens with the same authority, and takes the tokens of the original', async () => {
  await using original = await startCluster({ nodes: { kind: 'none' }, listen: { port: 0 } })
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  for (let tries = 0; ; tries++) {
    const found = await original.transport.request({
      method: 'GET',
      path: '/api/v1/namespaces/default/serviceaccounts/default',
    })
    if (found.status === 200 || tries > 1000) break
    await pause(5)
  }
  const body = new TextEncoder().encode(
    JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
  )
  const headers = { 'content-type': 'application/json' }
  const made = await original.transport.request({ method: 'POST', path, headers, body } as never)
  const text = new TextDecoder().decode(made.body.kind === 'bytes' ? made.body.bytes : undefined)
  const { token } = JSON.parse(text).status
  await using fork = await original.fork(undefined, { listen: { port: 0 } })
  assert.notEqual(fork.url, original.url)
  const authorityOf = ({ kubeconfig = '' }: Cluster) =>
    /certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1] ?? ''
  assert.ok(authorityOf(fork))
  assert.equal(authorityOf(fork), authorityOf(original))
  const ca = Buffer.from(authorityOf(fork), 'base64').toString()
  const { request } = await import('node:https')
  const status = await new Promise(resolve =>
    request(
      `${fork.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`,
      { ca, method: 'POST', headers: { ...headers, authorization: `Bearer ${token}` } },
      response => {
        response.resume()
        resolve(response.statusCode)
      },
    ).end('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'),
  )
  assert.equal(status, 201)
})

test('a fork of thousands of objects takes milliseconds', async context => {
  await using original = await startCluster({ nodes: { kind: 'none' } })
  for (let from = 0; from < OBJECTS; from += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, more) =>
        original.client.create(configMap, { metadata: at(`c-${from + more}`) }),
      ),
    )
  await using _warm = await original.fork()
  const cpu = process.cpuUsage()
  const started = performance.now()
  await using fork = await original.fork()
  const tookMs = performance.now() - started
  const { user, system } = process.cpuUsage(cpu)
  const cpuMs = (user + system) / 1000
  const { items } = await fork.client.list(configMap, { namespace: 'default' })
  assert.ok(items.length >= OBJECTS)
  context.diagnostic(
    `fork of ${items.length} objects: ${tookMs.toFixed()} ms, ${cpuMs.toFixed()} ms of CPU`,
  )
  assert.ok(cpuMs < 2_000, `${cpuMs} ms`)
})
