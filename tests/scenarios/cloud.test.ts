/** Whole clusters in a cloud: hollow nodes whose machines it has, as a library and by commands. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { lease } from '#api/coordination/v1/lease.ts'
import { event } from '#api/core/v1/event.ts'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { createClient } from '#client/api-client.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { systemClock } from '#host/clock.ts'
import { type Cluster, createMemoryCloud, startCluster } from '#index'
import { serveProvider } from '../../src/cloud/testing/served-provider.ts'
import { freePort } from '../../src/store/testing/etcd-process.ts'
import { ProaProcess } from './proa-process.ts'

const PATIENCE_MS = 60_000
const QUICK = { nodeMonitorPeriodMs: 50, routeReconciliationPeriodMs: 100 }
const balanced = (name: string) =>
  ({
    metadata: { name, namespace: 'default' },
    spec: { type: 'LoadBalancer', selector: { app: name }, ports: [{ port: 80 }] },
  }) as never

async function until<T>(what: string, condition: () => Promise<T>): Promise<NonNullable<T>> {
  const endMs = performance.now() + PATIENCE_MS
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > endMs) throw new Error(`waited in vain for: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

const nodesOf = async ({ client }: Pick<Cluster, 'client'>) =>
  new Map((await client.list(node)).items.map(each => [each.metadata.name ?? '', each]))
const taintsOf = async (cluster: Pick<Cluster, 'client'>, name: string) =>
  ((await nodesOf(cluster)).get(name)?.spec.taints ?? []).map(({ key }) => key.split('/').at(-1))
const ipOf = async ({ client }: Pick<Cluster, 'client'>, name: string) =>
  (await client.get(service, name, 'default')).status?.loadBalancer?.ingress?.[0]?.ip

describe('a cluster in a cloud', () => {
  test('its nodes wait for the cloud; machines go off, on and away with their nodes and pods', async () => {
    const cloud = createMemoryCloud({ zones: ['a', 'b'] })
    cloud.fail('InstanceMetadata', 'not now')
    await using cluster = await startCluster({
      nodes: { kind: 'hollow', count: 2 },
      cloud,
      cloudControllers: QUICK,
    })
    const { client } = cluster
    await until('both nodes', async () => (await nodesOf(cluster)).size === 2)
    assert.ok((await taintsOf(cluster, 'hollow-0')).includes('uninitialized'))
    cloud.fail('InstanceMetadata', undefined)
    await until('initialised', async () => {
      const taints = await Promise.all(['hollow-0', 'hollow-1'].map(n => taintsOf(cluster, n)))
      return taints.flat().length === 0
    })
    const nodes = await nodesOf(cluster)
    const zones = [...nodes.values()].map(
      ({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'],
    )
    assert.deepEqual(zones.sort(), ['a', 'b'])

    const spec = {
      nodeName: 'hollow-0',
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'c', image: 'i' }],
    }
    await until('the pod', () =>
      client
        .create(pod, { metadata: { name: 'p', namespace: 'default' }, spec } as never)
        .catch(() => undefined),
    )
    const status = async () => (await client.get(pod, 'p', 'default')).status
    await until('the pod to run', async () => (await status()).phase === 'Running')

    cloud.shutDown('hollow-0')
    await until('the taint', async () => (await taintsOf(cluster, 'hollow-0')).includes('shutdown'))
    const { conditions } = (await nodesOf(cluster)).get('hollow-0')?.status ?? {}
    const ready = conditions?.find(({ type }) => type === 'Ready')
    assert.deepEqual([ready?.status, ready?.message], ['False', 'node is shutting down'])

    cloud.powerOn('hollow-0')
    await until('no taint', async () => (await taintsOf(cluster, 'hollow-0')).length === 0)
    // Its container died with the machine.
    await until(
      'another container',
      async () => (await status()).containerStatuses?.[0]?.restartCount === 1,
    )

    cloud.terminate('hollow-0')
    await until('the node to go', async () => !(await nodesOf(cluster)).has('hollow-0'))
    const { items } = await client.list(event)
    assert.ok(items.some(({ reason, type }) => reason === 'DeletingNode' && type === 'Normal'))
    await until('its route to go', async () => cloud.routeTable.size === 1)
  })

  test('an annotation switches a machine off, a snapshot brings the cluster back, and it cannot be forked', async () => {
    const cloud = createMemoryCloud()
    await using cluster = await startCluster({
      nodes: { kind: 'hollow', count: 1 },
      cloud,
      cloudControllers: QUICK,
    })
    await until('the node', async () => (await nodesOf(cluster)).get('hollow-0')?.spec.providerID)
    await cluster.client.create(service, balanced('web'))
    await until('an address', () => ipOf(cluster, 'web'))
    const snapshot = cluster.snapshot()
    const annotations = { 'cloud.proa.dev/power': 'off' }
    await cluster.client.patch(node, { name: 'hollow-0' }, 'merge', { metadata: { annotations } })
    await until('the taint', async () => (await taintsOf(cluster, 'hollow-0')).includes('shutdown'))
    await cluster.client.delete(service, { name: 'web', namespace: 'default' })
    await until('no load balancer', async () => cloud.balancers.size === 0)
    await cluster.reset(snapshot)
    await until('a load balancer', async () => cloud.balancers.size === 1)
    // The cloud is no part of the cluster: its machine is still off.
    assert.equal(cloud.machines.get('hollow-0')?.power, 'off')
    cloud.powerOn('hollow-0')
    await until('another boot', async () =>
      (await cluster.client.list(event)).items.some(({ reason }) => reason === 'Rebooted'),
    )
    await until(
      'a node that is ready',
      async () => (await taintsOf(cluster, 'hollow-0')).length === 0,
    )
    await assert.rejects(cluster.fork(), /a cluster with a cloud cannot be forked/)
  })
})

const answerOf = (port: number, path: string) =>
  new Promise<string>((resolve, reject) => {
    get({ port, path, rejectUnauthorized: false }, response => {
      let text = ''
      response.on('data', part => {
        text += part
      })
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    }).on('error', reject)
  })

describe('by commands', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-cloud-'))
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  const clientOf = async (kubeconfig: string) => {
    const { readFileSync } = await import('node:fs')
    const connection = await connectionFromKubeconfig(readFileSync(kubeconfig, 'utf8'), {
      read: async () => '',
      resolve: name => name,
    })
    const transport = createHttpTransport(connection, { clock: systemClock })
    return { client: createClient(transport), close: () => transport.close() }
  }

  test('proa up --cloud-provider memory has load balancers at once', async () => {
    const kubeconfig = join(directory, 'up.conf')
    const up = new ProaProcess([
      ...['up', '--data-dir', join(directory, 'up'), '--secure-port', '0', '--nodes', 'hollow:2'],
      ...['--write-kubeconfig', kubeconfig, '--cloud-provider', 'memory'],
      ...['--cloud-config', file('memory.yaml', 'zones: [here]\nloadBalancerCidr: 192.0.2.0/24\n')],
    ])
    try {
      await up.ready()
      const reached = await clientOf(kubeconfig)
      await until('the zone', async () =>
        [...(await nodesOf(reached)).values()].some(
          ({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'] === 'here',
        ),
      )
      await reached.client.create(service, balanced('web'))
      assert.equal(await until('an address', () => ipOf(reached, 'web')), '192.0.2.1')
      await reached.close()
    } finally {
      up.child.kill('SIGTERM')
      assert.equal((await up.ended).code, 0)
    }
  })

  test('proa cloud-controller-manager does its work by its own kubeconfig, elected', async () => {
    const cloud = createMemoryCloud()
    const served = await serveProvider(cloud)
    const data = join(directory, 'alone')
    const api = new ProaProcess(['apiserver', '--data-dir', data, '--secure-port', '0'])
    const port = await freePort()
    let manager: ProaProcess | undefined
    try {
      await api.ready()
      const reached = await clientOf(join(data, 'admin.conf'))
      manager = new ProaProcess([
        ...[
          'cloud-controller-manager',
          '--kubeconfig',
          join(data, 'cloud-controller-manager.conf'),
        ],
        ...[
          '--cloud-provider',
          'http',
          '--cloud-config',
          file('http.yaml', `url: ${served.url}\n`),
        ],
        ...['--secure-port', String(port), '--cluster-cidr', '10.244.0.0/16'],
        ...['--node-monitor-period', '100ms', '--route-reconciliation-period', '100ms'],
      ])
      const taints = [
        { key: 'node.cloudprovider.kubernetes.io/uninitialized', effect: 'NoSchedule' },
      ]
      const podCIDRs = ['10.244.3.0/24']
      await reached.client.create(node, {
        metadata: { name: 'n' },
        spec: { taints, podCIDR: podCIDRs[0], podCIDRs },
      } as never)
      await until('the node', async () => (await nodesOf(reached)).get('n')?.spec.providerID)
      await until('its route', async () => cloud.routeTable.size)
      await reached.client.create(service, balanced('web'))
      await until('an address', () => ipOf(reached, 'web'))
      await reached.client.delete(service, { name: 'web', namespace: 'default' })
      await until('no load balancer', async () => cloud.balancers.size === 0)
      cloud.shutDown('n')
      await until('the taint', async () => (await taintsOf(reached, 'n')).includes('shutdown'))
      cloud.terminate('n')
      await until('no node', async () => !(await nodesOf(reached)).has('n'))
      await until('the event', async () =>
        (await reached.client.list(event)).items.some(({ reason }) => reason === 'DeletingNode'),
      )
      const held = await reached.client.get(lease, 'cloud-controller-manager', 'kube-system')
      assert.ok(held.spec.holderIdentity)
      assert.equal(await answerOf(port, '/healthz'), '200 ok')
      // Who is nobody may see no more than that.
      assert.match(await answerOf(port, '/metrics'), /^403 /)
      await reached.close()
    } finally {
      for (const each of [manager, api]) {
        each?.child.kill('SIGTERM')
        await each?.ended
      }
      await served.close()
    }
  })

  test('what makes no sense ends with one sentence', async () => {
    const kubeconfig = file(
      'nowhere.conf',
      'apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]\nusers: [{name: u, user: {token: t}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n',
    )
    const says = async (...words: string[]) => {
      const { code, stderr } = await new ProaProcess(words).ended
      assert.equal(code, 1)
      return stderr
    }
    const manager = ['cloud-controller-manager', '--kubeconfig', kubeconfig]
    const memory = [...manager, '--cloud-provider', 'memory']
    assert.match(await says(...manager), /^proa: --cloud-provider cannot be empty\n$/)
    assert.match(
      await says(...manager, '--cloud-provider', 'aws'),
      /^proa: unknown cloud provider "aws"; built in are http, memory, and .*\n$/,
    )
    assert.match(await says(...memory), /^proa: --cluster-cidr is needed, .*\n$/)
    assert.match(
      await says(...memory, '--controllers', 'nodes'),
      /^proa: --controllers: there is no controller "nodes"; .*\n$/,
    )
    assert.match(
      await says('up', '--nodes', 'hollow:1', '--cloud-provider', 'aws', '--data-dir', directory),
      /^proa: unknown cloud provider "aws"/,
    )
    rmSync(directory, { recursive: true })
  })
})
