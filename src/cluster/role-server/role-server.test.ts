/** Controllers and scheduler alone, each with its port, asked by everybody from nobody to an administrator. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { clusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import type { ValuesOf } from '#cli'
import { parseCommandLine } from '#cli'
import { createHttpTransport } from '#client/http-transport.ts'
import { type Connection, connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Running } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { type Remote, remoteContext } from '../remote-context.ts'
import { startSingleApiServer } from '../single-apiserver.ts'
import { startControllerManager } from '../single-controller-manager.ts'
import { startSingleScheduler } from '../single-scheduler.ts'
import { servingPair } from './role-server.ts'

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return String(port)
}

/** A port that was free may be somebody else's before it is taken: another one is tried then. */
async function atFreePort<T>(begin: (port: string) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await begin(await freePort())
    } catch (error) {
      if (tries === 5 || !/already in use/.test(String(error))) throw error
    }
}

type Name = 'controller-manager' | 'scheduler'

const stops: (() => Promise<void>)[] = []
let api: Awaited<ReturnType<typeof startSingleApiServer>>
let admin: Remote
const ports: Record<Name, string> = { 'controller-manager': '', scheduler: '' }

const connectionOf = (name: string): Promise<Connection> =>
  connectionFromKubeconfig(api.kubeconfigs()[name] ?? '', {
    read: async () => assert.fail(),
    resolve: file => file,
  })

async function remoteAs(name: string): Promise<Remote> {
  const remote = remoteContext(await connectionOf(name), silentLog)
  stops.push(() => remote.stop())
  return remote
}

function valuesOf<N extends Name>(name: N, ...words: string[]): ValuesOf<N> {
  const invocation = parseCommandLine([name, ...words])
  return invocation?.values as unknown as ValuesOf<N>
}

before(async () => {
  api = await startSingleApiServer({
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    serviceClusterIpRange: '10.96.0.0/12',
    clusterDomain: 'cluster.local',
    listen: { address: '127.0.0.1', port: 0 },
    nodeName: 'none',
  })
  stops.push(() => api.stop())
  admin = await remoteAs('admin')
  const start: Record<Name, (words: string[]) => Promise<Running>> = {
    'controller-manager': async words =>
      startControllerManager(
        valuesOf('controller-manager', ...words),
        await remoteAs('controller-manager'),
      ),
    scheduler: async words =>
      startSingleScheduler(valuesOf('scheduler', ...words), await remoteAs('scheduler')),
  }
  for (const name of ['controller-manager', 'scheduler'] as const) {
    const role = await atFreePort(port => {
      ports[name] = port
      return start[name](['--secure-port', port])
    })
    stops.push(() => role.stop())
  }
})
after(async () => {
  for (const stop of stops.reverse()) await stop()
})

interface Asked {
  readonly as?: 'admin' | 'scheduler'
  readonly token?: string
  readonly method?: 'GET' | 'POST'
}

async function ask(name: Name, path: string, { as, token, method = 'GET' }: Asked = {}) {
  const pair = as && api.pki.client(as)
  const transport = createHttpTransport(
    {
      server: `https://127.0.0.1:${ports[name]}`,
      namespace: '',
      insecureSkipTlsVerify: true,
      ...(pair ? { clientCertificate: pair.certificate, clientKey: pair.key } : {}),
      ...(token ? { token } : {}),
    } as Connection,
    { clock: systemClock },
  )
  try {
    const { status, headers, body } = await transport.request({ method, path })
    const bytes = body.kind === 'bytes' ? body.bytes : new Uint8Array()
    return { status, headers, text: Buffer.from(bytes).toString() }
  } finally {
    await transport.close()
  }
}

async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await delay(20))
    if (await look()) return
  assert.fail(`${what}: it did not happen`)
}

const names = ['controller-manager', 'scheduler'] as const

test('health is for everybody, the rest for those whom the API server lets', async () => {
  for (const name of names) {
    for (const path of ['/healthz', '/livez', '/readyz'])
      await eventually(`${name} ${path}`, async () => (await ask(name, path)).text === 'ok')
    for (const path of [
      '/metrics',
      '/configz',
      '/statusz',
      '/flagz',
      '/debug/pprof/',
      '/healthz/leaderElection',
    ]) {
      const refused = await ask(name, path)
      assert.equal(refused.status, 403, path)
      const { message } = JSON.parse(refused.text)
      assert.match(message, /^forbidden: User "system:anonymous" cannot get path "/)
      assert.equal((await ask(name, path, { token: 'made-up' })).status, 401, path)
      assert.equal((await ask(name, path, { as: 'scheduler' })).status, 403, path)
      assert.equal((await ask(name, path, { as: 'admin' })).status, 200, path)
    }
    assert.equal((await ask(name, '/healthz', { token: 'made-up' })).status, 401)
    assert.equal((await ask(name, '/nowhere', { as: 'admin' })).status, 404)
  }
})

test('what a role is and how it was started is told by the name that upstream has for it', async () => {
  for (const name of names) {
    const { text } = await ask(name, '/statusz', { as: 'admin' })
    assert.match(text, new RegExp(`^\\nkube-${name} statusz\\n`))
    const flags = await ask(name, '/flagz', { as: 'admin' })
    const shown = ['bind-address 127.0.0.1', `secure-port ${ports[name]}`, 'profiling true']
    for (const line of shown) assert.ok(flags.text.split('\n').includes(line), flags.text)
  }
})

test('a service account that may read metrics reads them with its token, and nothing else', async () => {
  const { client } = admin.context
  const metadata = { name: 'prometheus', namespace: 'kube-system' }
  await client.create(serviceAccount, { metadata })
  const rules = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]
  await client.create(clusterRole, { metadata: { name: 'scrape' }, rules })
  await client.create(clusterRoleBinding, {
    metadata: { name: 'scrape' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'scrape' },
    subjects: [{ kind: 'ServiceAccount', ...metadata }],
  })
  const asked = await client.createSubresource(serviceAccount, metadata, 'token', { spec: {} })
  const { status } = asked as { status: { token: string } }
  for (const name of names) {
    const metrics = await ask(name, '/metrics', { token: status.token })
    assert.equal(metrics.status, 200)
    assert.equal((await ask(name, '/configz', { token: status.token })).status, 403)
    const refused = await ask(name, '/metrics', { token: status.token, method: 'POST' })
    assert.equal(refused.status, 403)
  }
})

test('figures have upstream’s names', async () => {
  await eventually('leading', async () => {
    const texts = await Promise.all(names.map(name => ask(name, '/metrics', { as: 'admin' })))
    return texts.every(({ text }) =>
      /leader_election_master_status\{name="kube-[^}]*} 1/.test(text),
    )
  })
  // Who leads may still be starting what it leads.
  await eventually('controllers that run', async () =>
    /^running_managed_controllers\{[^}]*name="job-controller"} 1/m.test(
      (await ask('controller-manager', '/metrics', { as: 'admin' })).text,
    ),
  )
  const [manager, scheduler] = await Promise.all(
    names.map(async name => (await ask(name, '/metrics', { as: 'admin' })).text),
  )
  const everywhere = [
    /^process_start_time_seconds \d/m,
    /^kubernetes_build_info\{git_version="v1\.36\.\d+\+proa/m,
    /^rest_client_requests_total\{code="200",method="GET",host="127\.0\.0\.1:\d+"} [1-9]/m,
  ]
  for (const pattern of everywhere) {
    assert.match(manager ?? '', pattern)
    assert.match(scheduler ?? '', pattern)
  }
  assert.match(manager ?? '', /^workqueue_depth\{name="deployment"} \d/m)
  assert.match(manager ?? '', /^running_managed_controllers\{[^}]*name="job-controller"} 1/m)
  assert.match(scheduler ?? '', /^scheduler_pending_pods\{/m)
  await ask('scheduler', '/readyz')
  const slis = await ask('scheduler', '/metrics/slis', { as: 'admin' })
  assert.match(slis.text, /^kubernetes_healthcheck\{name="leaderElection",type="readyz"} 1/m)
})

test('health tells its checks, configz what was given', async () => {
  await eventually('controllers', async () =>
    (await ask('controller-manager', '/healthz?verbose')).text.includes('[+]job-controller ok'),
  )
  const ready = await ask('scheduler', '/readyz?verbose&exclude=shutdown&exclude=none')
  assert.equal(
    ready.text,
    '[+]leaderElection ok\n[+]shutdown excluded: ok\n[+]sched-handler-sync ok\n' +
      'warn: some health checks cannot be excluded: no matches for "none"\nreadyz check passed\n',
  )
  const manager = await ask('controller-manager', '/configz', { as: 'admin' })
  const { 'kubecontrollermanager.config.k8s.io': configuration } = JSON.parse(manager.text)
  assert.equal(configuration.Generic.Port, Number(ports['controller-manager']))
  const scheduler = await ask('scheduler', '/configz', { as: 'admin' })
  assert.deepEqual(JSON.parse(scheduler.text).componentconfig.Profiles, [
    { SchedulerName: 'default-scheduler' },
  ])
})

test('a profile is told as V8 takes it where that is wanted, and one at a time', async () => {
  const profile = () =>
    ask('scheduler', '/debug/pprof/profile?seconds=1&format=v8', { as: 'admin' })
  // On a busy machine one may be over before the other is asked for.
  await eventually('two at a time', async () => {
    const answers = await Promise.all([profile(), profile()])
    const given = answers.filter(({ status }) => status === 200)
    for (const { text } of given) assert.ok(JSON.parse(text).nodes.length > 0)
    const refused = answers.filter(({ status }) => status !== 200)
    for (const { status, text } of refused) {
      assert.equal(status, 500)
      assert.match(text, /cpu profiling already in use/)
    }
    return given.length === 1 && refused.length === 1
  })
  const moved = await ask('scheduler', '/debug/pprof', { as: 'admin' })
  assert.deepEqual([moved.status, moved.headers.location], [302, '/debug/pprof/'])
})

test('without files it shows a certificate of its own, good for where it listens', async () => {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(ports.scheduler),
    rejectUnauthorized: false,
  })
  await once(socket, 'secureConnect')
  const shown = new X509Certificate(socket.getPeerCertificate().raw)
  socket.destroy()
  assert.equal(shown.checkHost('localhost'), 'localhost')
  assert.equal(shown.checkIP('127.0.0.1'), '127.0.0.1')
  const parts = { clock: systemClock, random: systemRandom, files: { read: () => undefined } }
  assert.throws(() => servingPair({ certFile: 'a', keyFile: undefined }, [], parts), UserError)
  assert.throws(() => servingPair({ certFile: 'a', keyFile: 'b' }, [], parts), /no file a/)
})

test('a port that is taken ends the start and leaves nothing running', async () => {
  const remote = await remoteAs('scheduler')
  const values = valuesOf('scheduler', '--secure-port', ports.scheduler)
  await assert.rejects(startSingleScheduler(values, remote), /already in use/)
})
