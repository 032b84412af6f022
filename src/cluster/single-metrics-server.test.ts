import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node } from '#api/core/v1/node.ts'
import { clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { clusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { parseCommandLine, type ValuesOf } from '#cli'
import { createHttpTransport } from '#client/http-transport.ts'
import { type Connection, connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Transport } from '#client/transport.ts'
import { systemClock as clock } from '#host/clock.ts'
import { systemRandom as random } from '#host/random.ts'
import { serveKubelet } from '#kubelet'
import { remoteContext } from './remote-context.ts'
import { startSingleApiServer } from './single-apiserver.ts'
import { startSingleMetricsServer } from './single-metrics-server.ts'

const AT = '/apis/metrics.k8s.io/v1beta1'

function valuesOf(...words: string[]): ValuesOf<'metrics-server'> {
  const invocation = parseCommandLine(['metrics-server', ...words])
  assert.ok(invocation?.name === 'metrics-server')
  return invocation.values
}

async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    const found = await look()
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return assert.fail('it did not happen in time')
}

/** A kubelet that tells of a node alone, which uses a quarter of a core. */
const kubelet: Transport = {
  async request({ path }) {
    assert.equal(path, '/metrics/resource')
    const now = clock.now()
    const text = `node_cpu_usage_seconds_total ${now / 4000} ${now}\nnode_memory_working_set_bytes 1048576 ${now}\n`
    return { status: 200, headers: {}, body: { kind: 'bytes', bytes: Buffer.from(text) } }
  },
}

/** An API server over HTTPS, a node whose kubelet has a port, and the metrics server beside them. */
async function startParts() {
  const stops: (() => Promise<void>)[] = []
  const log = silentLog
  const server = await startSingleApiServer({
    ...{ clock, random, log },
    serviceClusterIpRange: '10.96.0.0/12',
    clusterDomain: 'cluster.local',
    listen: { address: '127.0.0.1', port: 0 },
    nodeName: 'n1',
  })
  stops.push(() => server.stop())
  const connection = await connectionFromKubeconfig(server.kubeconfigs().admin ?? '', {
    read: async () => assert.fail(),
    resolve: name => name,
  })
  const remote = remoteContext(connection, log)
  stops.push(() => remote.stop())
  const { client } = remote.context
  const { serving } = server.pki.kubelet('n1', ['127.0.0.1'])
  const served = await serveKubelet({
    addresses: [{ address: '127.0.0.1', port: 0 }],
    tls: () => ({ cert: serving.certificate, key: serving.key, clientCa: server.pki.authority }),
    transport: kubelet,
    nodeName: 'n1',
    ...{ client, clock, log },
  })
  stops.push(() => served.stop())
  await client.create(node, { metadata: { name: 'n1', labels: { disk: 'fast' } } })
  const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] }
  await client.patch(node, { name: 'n1' }, 'merge', { status }, { subresource: 'status' })
  const opened = Promise.withResolvers<number>()
  const told = remoteContext(connection, {
    ...log,
    info(message, fields) {
      if (message === 'the secure port is open') opened.resolve(Number(fields?.port))
    },
    with: () => log,
  })
  const metrics = await startSingleMetricsServer(
    valuesOf(
      ...['--kubeconfig', 'given', '--secure-port', '0'],
      ...['--kubelet-port', String(served.ports[0])],
      ...['--kubelet-preferred-address-types', 'InternalIP'],
    ),
    told,
  )
  stops.push(
    () => told.stop(),
    () => metrics.stop(),
  )
  const port = await opened.promise
  const as = (shown: Partial<Connection>): Connection => ({
    server: `https://127.0.0.1:${port}`,
    namespace: '',
    insecureSkipTlsVerify: true,
    ...shown,
  })
  const ask = async (path: string, shown: Partial<Connection> = {}, headers = {}) => {
    const transport = createHttpTransport(as(shown), { clock })
    const { status, body } = await transport.request({
      method: 'GET',
      path,
      headers,
      objects: true,
    })
    await transport.close()
    // biome-ignore lint/suspicious/noExplicitAny: what a server said
    return { status, body: body.kind === 'object' ? (body.object as any) : undefined }
  }
  const pair = ({ certificate, key }: { certificate: string; key: string }) => ({
    clientCertificate: certificate,
    clientKey: key,
  })
  return {
    ask,
    client,
    admin: pair(server.pki.client('admin')),
    scheduler: pair(server.pki.client('scheduler')),
    async [Symbol.asyncDispose]() {
      for (const stop of stops.reverse()) await stop()
    },
  }
}

test('alone it asks kubelets over the network, and tells those whom the API server lets', async () => {
  await using parts = await startParts()
  const { ask, client, admin, scheduler } = parts
  const list = await eventually(async () => {
    const { body } = await ask(`${AT}/nodes`, admin)
    return body?.items?.length === 1 && body
  })
  const [{ metadata, usage }] = list.items
  assert.equal(metadata.name, 'n1')
  assert.equal(metadata.labels.disk, 'fast')
  assert.equal(usage.memory, '1Mi')
  assert.match(usage.cpu, /^2[45]\d/)
  assert.equal((await ask('/readyz')).status, 200)

  // Nobody in particular may see that it is well, and nothing else.
  assert.equal((await ask('/healthz')).status, 200)
  assert.equal((await ask(`${AT}/nodes`)).status, 403)
  assert.equal((await ask('/metrics')).status, 403)
  assert.equal((await ask(`${AT}/nodes`, {}, { authorization: 'Bearer wrong' })).status, 401)
  assert.equal((await ask('/metrics', admin)).status, 200)

  const refused = await ask(`${AT}/nodes`, scheduler)
  assert.equal(refused.status, 403)
  assert.match(refused.body.message, /User "system:kube-scheduler" cannot list resource "nodes"/)
  const rules = [{ apiGroups: ['metrics.k8s.io'], resources: ['nodes'], verbs: ['list'] }]
  await client.create(clusterRole, { metadata: { name: 'sees' }, rules } as never)
  await client.create(clusterRoleBinding, {
    metadata: { name: 'sees' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'sees' },
    subjects: [
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:kube-scheduler' },
    ],
  } as never)
  await eventually(async () => (await ask(`${AT}/nodes`, scheduler)).status === 200)
  assert.equal((await ask(`${AT}/nodes/n1`, scheduler)).status, 403)
})

test('flags that make no sense are refused', () => {
  const refused = (...words: string[]) => assert.throws(() => valuesOf(...words), UserError)
  refused('--kubelet-preferred-address-types', 'InternalIP,Nothing')
  refused('--metric-resolution', 'soon')
  assert.deepEqual(
    valuesOf('--kubelet-preferred-address-types', 'ExternalIP').kubeletPreferredAddressTypes,
    ['ExternalIP'],
  )
})
