import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { deployment } from '#api/apps/v1/deployment.ts'
import { selfSubjectReview } from '#api/authentication/v1/self-subject-review.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { secret } from '#api/core/v1/secret.ts'
import { service } from '#api/core/v1/service.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { clusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { Log } from '#base/log.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { type Connection, connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Running } from '#client/role.ts'
import { connectStream } from '#client/streaming/connect.ts'
import type { DuplexChannels } from '#client/transport.ts'
import { startControllers } from '#controllers'
import { startDns } from '#dns'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { serveKubelet } from '#kubelet'
import { startScheduler } from '#scheduler'
import { createHollowNode } from '#simulation'
import { AccountClients } from './account-clients.ts'
import { startHollowNodes } from './hollow-nodes.ts'
import { startLed } from './led-role.ts'
import { createNodeConnector } from './node-connector.ts'
import type { CompleteOptions } from './options.ts'
import { remoteContext } from './remote-context.ts'
import { startSingleApiServer } from './single-apiserver.ts'

/** Keeps all lines: a role that lacks a right says so in one of them, again and again. */
function watchfulLog(problems: string[]): Log {
  const tell = (message: string, fields?: object) =>
    problems.push(`${message} ${JSON.stringify(fields, errorsAsText)}`)
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell, with: () => log }
  return log
}
const errorsAsText = (_: string, value: unknown) => (value instanceof Error ? value.message : value)

async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + 60_000
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > end) assert.fail(`${what}: it did not happen in time`)
    await delay(20)
  }
}

/** Everything as separate clients over HTTPS, each with the certificate of its role and no more. */
async function startParts({ asAccounts = false } = {}) {
  const problems: string[] = []
  const log = watchfulLog(problems)
  const common = {
    clock: systemClock,
    random: systemRandom,
    log,
    serviceClusterIpRange: '10.96.0.0/12',
    clusterDomain: 'cluster.local',
  }
  const kubelets = new Map<string, number>()
  const stops: (() => Promise<void>)[] = []
  const server = await startSingleApiServer({
    ...common,
    listen: { address: '127.0.0.1', port: 0 },
    nodeName: 'hollow-0',
    nodes: pki =>
      createNodeConnector({
        local: () => undefined,
        node: async name => ({
          ...(await admin.client.get(node, name)),
          status: {
            addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
            daemonEndpoints: { kubeletEndpoint: { Port: kubelets.get(name) ?? 0 } },
          } as never,
        }),
        certificateAuthority: pki.authority,
        clientCertificate: () => pki.client('apiserver-kubelet-client'),
        ownAddresses: () => [],
        isOnThisMachine: () => true,
        clock: systemClock,
      }),
  })
  stops.push(() => server.stop())
  const connectionFor = (name: string) =>
    connectionFromKubeconfig(server.kubeconfigs()[name] ?? '', {
      read: async () => assert.fail(),
      resolve: file => file,
    })
  const remoteAs = async (given: Connection) => {
    const remote = remoteContext(given, log)
    stops.push(() => remote.stop())
    return remote.context
  }
  const adminConnection = await connectionFor('admin')
  const admin = await remoteAs(adminConnection)
  const managerConnection = await connectionFor('controller-manager')
  const controllerManager = await remoteAs(managerConnection)
  const accounts = new AccountClients({
    client: controllerManager.client,
    connection: managerConnection,
    namespace: 'kube-system',
    clock: systemClock,
  })
  stops.push(() => accounts.stop())
  const scheduler = await remoteAs(await connectionFor('scheduler'))
  const dns = await remoteAs(await connectionFor('dns'))
  const nodeConnection = await connectionFor('kubelet')
  const nodeContext = await remoteAs(nodeConnection)
  const running: Running[] = [
    startLed('kube-controller-manager', controllerManager, () =>
      startControllers(controllerManager, {
        clusterCidr: '10.244.0.0/16',
        certificateAuthority: server.pki.authority,
        ...(asAccounts ? { clientAs: name => accounts.clientAs(name) } : {}),
      }),
    ),
    startLed('kube-scheduler', scheduler, () => startScheduler(scheduler)),
  ]
  const options = {
    ...common,
    clusterCidr: '10.244.0.0/16',
    hollowMachine: async () => createHollowNode,
  } as unknown as CompleteOptions
  for (const hollow of await startHollowNodes(1, options, () => nodeContext)) {
    const { serving } = server.pki.kubelet(hollow.name, [])
    const served = await serveKubelet({
      addresses: [{ address: '127.0.0.1', port: 0 }],
      tls: () => ({ cert: serving.certificate, key: serving.key, clientCa: server.pki.authority }),
      transport: hollow.transport,
      nodeName: hollow.name,
      client: nodeContext.client,
      clock: systemClock,
      log,
    })
    kubelets.set(hollow.name, served.ports[0] ?? 0)
    running.push(hollow, { stop: () => served.stop() })
  }
  return {
    server,
    accounts,
    admin,
    adminConnection,
    nodeConnection,
    dns,
    problems,
    kubeletPort: () => kubelets.get('hollow-0') ?? 0,
    async [Symbol.asyncDispose]() {
      for (const each of running.reverse()) await each.stop()
      for (const stop of stops.reverse()) await stop()
    },
  }
}

type Parts = Awaited<ReturnType<typeof startParts>>

async function runWeb({ admin: { client } }: Parts): Promise<string> {
  await client.create(deployment, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
    } as never,
  })
  await client.create(service, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } as never,
  })
  await eventually('a rolled out deployment', async () => {
    const { status } = await client.get(deployment, 'web', 'default')
    return status.readyReplicas === 2
  })
  const { items } = await client.list(pod, { namespace: 'default', labelSelector: 'app=web' })
  return items[0]?.metadata.name ?? assert.fail()
}

for (const asAccounts of [false, true])
  test(`each role alone has the rights it needs${asAccounts ? ', and each controller' : ''}: a Deployment runs, its Service has a name`, () =>
    rightsAreEnough(asAccounts))

async function rightsAreEnough(asAccounts: boolean): Promise<void> {
  await using parts = await startParts({ asAccounts })
  const { admin, dns } = parts
  await runWeb(parts)
  const served = await startDns(dns, {
    clusterDomain: 'cluster.local',
    listen: [{ address: '127.0.0.1', port: 0 }],
    upstreams: [],
  })
  await served.stop()
  // What cleans up has the rights for it, too: evicting by taints, emptying a namespace, collecting garbage.
  const tainted = { name: 'hollow-0' }
  const taints = [{ key: 'example.com/away', effect: 'NoExecute' }]
  const before = await podNames(admin)
  await admin.client.patch(node, tainted, 'merge', { spec: { taints } })
  await eventually('pods that leave a tainted node', async () => {
    const now = await podNames(admin)
    return before.every(name => !now.includes(name))
  })
  await admin.client.patch(node, tainted, 'merge', { spec: { taints: null } })
  await admin.client.create(namespace, { metadata: { name: 'brief' } })
  await admin.client.create(configMap, { metadata: { name: 'a', namespace: 'brief' } })
  await admin.client.delete(namespace, { name: 'brief' })
  await eventually('a namespace that empties itself', async () => {
    const { items } = await admin.client.list(namespace)
    return items.every(({ metadata }) => metadata.name !== 'brief')
  })
  await admin.client.delete(deployment, { name: 'web', namespace: 'default' })
  await eventually('pods that go with their owner', async () => {
    const { items } = await admin.client.list(pod, { namespace: 'default' })
    return items.length === 0
  })
  assert.deepEqual(
    parts.problems.filter(problem => /forbidden|may not/i.test(problem)),
    [],
  )
}

async function podNames({ client }: Parts['admin']): Promise<string[]> {
  const { items } = await client.list(pod, { namespace: 'default' })
  return items.map(({ metadata }) => metadata.name ?? '')
}

async function collect(channels: DuplexChannels): Promise<Record<number, string>> {
  const texts: Record<number, string> = {}
  channels.onData((channel, bytes) => {
    texts[channel] = (texts[channel] ?? '') + Buffer.from(bytes).toString()
  })
  await new Promise<void>(resolve => channels.onClose(() => resolve()))
  return texts
}

test('logs and exec reach a kubelet behind its port, through the API server', async () => {
  await using parts = await startParts()
  const { adminConnection } = parts
  const name = await runWeb(parts)
  const at = `/api/v1/namespaces/default/pods/${name}`
  const transport = createHttpTransport(adminConnection, { clock: systemClock })
  const logs = await transport.request({ method: 'GET', path: `${at}/log` })
  assert.equal(logs.status, 200)
  const channels = await connectStream(
    adminConnection,
    { method: 'GET', path: `${at}/exec?command=echo&command=hello&stdout=true&stderr=true` },
    systemClock,
  )
  const said = await collect(channels)
  assert.match(said[1] ?? '', /hello/)
  assert.match(said[3] ?? '', /Success/)
  await assert.rejects(
    connectStream(
      adminConnection,
      { method: 'GET', path: `/api/v1/namespaces/default/pods/none/exec?command=a&stdout=true` },
      systemClock,
    ),
    /pods "none" not found/,
  )
  await transport.close()
})

test('the kubelet’s port: nobody without a certificate, others as far as their rights go', async () => {
  await using parts = await startParts()
  const { pki } = parts.server
  const name = await runWeb(parts)
  const server = `https://127.0.0.1:${parts.kubeletPort()}`
  const base = {
    server,
    certificateAuthority: pki.authority,
    tlsServerName: 'hollow-0',
    namespace: '',
  }
  const as = (pair?: { certificate: string; key: string }): Connection =>
    pair ? { ...base, clientCertificate: pair.certificate, clientKey: pair.key } : base
  const statusOf = async (connection: Connection, path: string, headers = {}) => {
    const transport = createHttpTransport(connection, { clock: systemClock })
    const { status } = await transport.request({ method: 'GET', path, headers })
    await transport.close()
    return status
  }
  const paths = ['/healthz', '/pods', '/metrics/resource', `/containerLogs/default/${name}/web`]
  for (const path of [...paths, `/exec/default/${name}/web?command=a&output=1`]) {
    assert.equal(await statusOf(as(), path), 401, path)
    assert.equal(await statusOf(as(), path, { authorization: 'Bearer x' }), 401, path)
    assert.equal(await statusOf(as(pki.kubelet('other', []).client), path), 403, path)
    assert.equal(await statusOf(as(pki.client('scheduler')), path), 403, path)
  }
  for (const path of paths) {
    assert.equal(await statusOf(as(pki.client('apiserver-kubelet-client')), path), 200, path)
    assert.equal(await statusOf(as(pki.client('admin')), path), 200, path)
  }
  const exec = { method: 'GET', path: `/exec/default/${name}/web?command=echo&output=1` } as const
  await assert.rejects(connectStream(as(), exec, systemClock), /Unauthorized/)
  await assert.rejects(
    connectStream(as(pki.client('scheduler')), exec, systemClock),
    /may not create nodes\/proxy/,
  )
  const channels = await connectStream(as(pki.client('admin')), exec, systemClock)
  assert.match((await collect(channels))[3] ?? '', /Success/)
})

test('at the kubelet’s port a service account is known by its token, and judged by its rights', async () => {
  await using parts = await startParts()
  const { pki } = parts.server
  await runWeb(parts)
  const at = '/api/v1/namespaces/default/serviceaccounts/default/token'
  const admin = createHttpTransport(parts.adminConnection, { clock: systemClock })
  const spec = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
  const headers = { 'content-type': 'application/json' }
  const body = Buffer.from(JSON.stringify(spec))
  const made = await admin.request({ method: 'POST', path: at, headers, body })
  await admin.close()
  assert.equal(made.status, 201)
  assert.ok(made.body.kind === 'bytes')
  const { token } = JSON.parse(Buffer.from(made.body.bytes).toString()).status
  const statusOf = async (path: string, bearer: string) => {
    const server = `https://127.0.0.1:${parts.kubeletPort()}`
    const trust = { certificateAuthority: pki.authority, tlsServerName: 'hollow-0', namespace: '' }
    const transport = createHttpTransport({ server, ...trust }, { clock: systemClock })
    const headers = { authorization: `Bearer ${bearer}` }
    const { status } = await transport.request({ method: 'GET', path, headers })
    await transport.close()
    return status
  }
  const { client } = parts.admin
  const name = 'reads-metrics'
  const rules = [{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }]
  await client.create(clusterRole, { metadata: { name }, rules } as never)
  await client.create(clusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'default' }],
  } as never)
  await eventually('a right', async () => (await statusOf('/metrics/resource', token)) === 200)
  assert.equal(await statusOf('/metrics', token), 200)
  assert.equal(await statusOf('/metrics', `${token}x`), 401)
  for (const path of ['/logs/', '/pods', '/stats/summary'])
    assert.equal(await statusOf(path, token), 403, path)
})

test('each controller acts as an account of its own, also when that was made anew', async () => {
  await using parts = await startParts({ asAccounts: true })
  await runWeb(parts)
  const { accounts, admin } = parts
  const inSystem = { namespace: 'kube-system' }
  const replicaSets = 'replicaset-controller'
  // It has made web's pods, so its account is there; nobody else makes any.
  const made = await admin.client.get(serviceAccount, replicaSets, 'kube-system')
  const client = accounts.clientAs(replicaSets)
  const whoAmI = async () =>
    (await client.create(selfSubjectReview, { metadata: {} })).status.userInfo ?? {}
  const [{ username, uid }, ...others] = await Promise.all([whoAmI(), whoAmI(), whoAmI()])
  assert.equal(username, `system:serviceaccount:kube-system:${replicaSets}`)
  assert.equal(uid, made.metadata.uid)
  assert.deepEqual(
    others.map(other => other.uid),
    [uid, uid],
  )
  await assert.rejects(
    client.list(secret, inSystem),
    /User "system:serviceaccount:kube-system:replicaset-controller" cannot list resource "secrets"/,
  )
  await admin.client.delete(serviceAccount, { name: replicaSets, ...inSystem })
  await assert.rejects(whoAmI(), /Unauthorized/)
  const again = await whoAmI()
  assert.equal(again.username, username)
  assert.notEqual(again.uid, uid)
})
