/** Federation v1's policy plugin: an engine is asked about each object once there is a policy, its annotations win, and nothing passes it by. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { event } from '#api/core/v1/event.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { isStatus } from '#api/machinery/status.ts'
import { UserError } from '#base/errors.ts'
import { createClient } from '#client/api-client.ts'
import { type Cluster, startCluster } from '#index'

const SELECTOR = 'federation.alpha.kubernetes.io/cluster-selector'
const POLICIES = 'kube-federation-scheduling-policy'
const directory = mkdtempSync(join(tmpdir(), 'proa-policy-'))
let cluster: Cluster
let asked: Record<string, unknown>[] = []
let answer: { status: number; text: string } = { status: 200, text: '{}' }
const engine = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    assert.equal(request.method, 'POST')
    assert.equal(request.url, '/v0/data/placement')
    asked.push(JSON.parse(Buffer.concat(chunks).toString()))
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.text)
  })
})

function configure(configuration: object): string {
  const { port } = engine.address() as AddressInfo
  writeFileSync(
    join(directory, 'engine.conf'),
    JSON.stringify({
      clusters: [{ name: 'e', cluster: { server: `http://127.0.0.1:${port}/v0/data/placement` } }],
      contexts: [{ name: 'e', context: { cluster: 'e' } }],
      'current-context': 'e',
    }),
  )
  const file = join(directory, 'admission.json')
  const plugins = [{ name: 'SchedulingPolicy', configuration }]
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins,
    }),
  )
  return file
}

before(async () => {
  await new Promise<void>(resolve => engine.listen(0, '127.0.0.1', resolve))
  const configFile = configure({ kubeconfig: join(directory, 'engine.conf'), retryBackoff: 1 })
  cluster = await startCluster({
    nodes: { kind: 'none' },
    controllers: '',
    admission: { enabled: ['SchedulingPolicy'], configFile },
  })
})
after(async () => {
  await cluster?.stop()
  engine.closeAllConnections()
  engine.close()
  rmSync(directory, { recursive: true })
})

let count = 0
const write = (annotations: Record<string, string> = {}) =>
  cluster.client.create(configMap, {
    metadata: { name: `settings-${++count}`, namespace: 'default', annotations },
  })
const refusal = (text: string) => (error: unknown) =>
  isStatus(error, 'Forbidden') &&
  error.code === 403 &&
  error.message === `configmaps "settings-${count}" is forbidden: ${text}`

test('without a policy nobody is asked', async () => {
  answer = { status: 500, text: '' }
  await write()
  await cluster.client.create(namespace, { metadata: { name: POLICIES } })
  assert.deepEqual(asked, [])
})

test('with one, what the engine says is written over what the user did', async () => {
  const { client } = cluster
  await client.create(configMap, { metadata: { name: 'policy', namespace: POLICIES } })
  answer = { status: 200, text: JSON.stringify({ annotations: { [SELECTOR]: '[]', by: 'it' } }) }
  const { metadata } = await write({ [SELECTOR]: 'mine', by: 'me', other: 'stays' })
  assert.deepEqual({ ...metadata.annotations }, { [SELECTOR]: '[]', by: 'it', other: 'stays' })
  const [object] = asked
  assert.equal(asked.length, 1)
  assert.equal(object?.kind, 'ConfigMap')
  assert.equal(object?.apiVersion, 'v1')
  const at = { name: metadata.name ?? '', namespace: 'default' }
  const changed = await client.patch(configMap, at, 'merge', {
    metadata: { annotations: { [SELECTOR]: 'mine' } },
  })
  assert.equal(changed.metadata.annotations?.[SELECTOR], '[]', 'of updates, too')
})

test('reasons against it, no decision and no engine: nothing passes, and an Event says so', async () => {
  answer = { status: 200, text: JSON.stringify({ errors: ['too far', 'too dear'] }) }
  await assert.rejects(write(), refusal('reason(s): too far; too dear'))
  answer = { status: 404, text: '' }
  await assert.rejects(write(), refusal('policy decision is undefined'))
  answer = { status: 401, text: '' }
  await assert.rejects(
    write(),
    error => isStatus(error, 'Forbidden') && /provide credentials/.test(error.message),
  )
  asked = []
  answer = { status: 500, text: '' }
  await assert.rejects(write(), error => isStatus(error, 'Forbidden'))
  assert.equal(asked.length, 5, 'tried several times, and nobody else asks')
  answer = { status: 200, text: '{"annotations":{"a":1}}' }
  await assert.rejects(
    write(),
    refusal('the policy engine answered with annotations that are no texts'),
  )
  const deadline = performance.now() + 60_000
  let found: { type?: string; source?: { component?: string }; message?: string } | undefined
  while (!found && performance.now() < deadline) {
    const { items } = await cluster.client.list(event, { namespace: 'default' })
    found = items.find(({ message }) => message === 'reason(s): too far; too dear')
    if (!found) await new Promise(resolve => setTimeout(resolve, 20))
  }
  assert.equal(found?.type, 'Warning')
  assert.equal(found?.source?.component, 'schedulingpolicy')
})

test('without the engine the federation still writes down where objects are, and the control plane lives', async () => {
  answer = { status: 500, text: '' }
  asked = []
  const groups = { 'impersonate-group': 'system:masters' }
  const who = { 'impersonate-user': 'system:federation-controller-manager', ...groups }
  const federation = createClient({
    request: request =>
      cluster.transport.request({ ...request, headers: { ...request.headers, ...who } }),
  })
  const at = { name: 'settings-1', namespace: 'default' }
  const annotations = { 'federation.kubernetes.io/placement': '{}' }
  await federation.patch(configMap, at, 'merge', { metadata: { annotations } })
  await cluster.client.create(configMap, { metadata: { name: 'own', namespace: 'kube-system' } })
  assert.deepEqual(asked, [])
})

test('what is deleted goes, and so does the policy, whatever the engine says', async () => {
  const { client } = cluster
  answer = { status: 500, text: '' }
  await client.delete(configMap, { name: 'settings-1', namespace: 'default' })
  await client.delete(configMap, { name: 'policy', namespace: POLICIES })
  asked = []
  await write()
  assert.deepEqual(asked, [])
})

test('it does not start without its configuration, or with a wrong one', async () => {
  const start = (admission: object) => startCluster({ nodes: { kind: 'none' }, admission })
  const enabled = ['SchedulingPolicy']
  const because = (text: RegExp) => (error: unknown) =>
    error instanceof UserError && text.test(error.message)
  await assert.rejects(start({ enabled }), because(/--admission-control-config-file/))
  const kubeconfig = join(directory, 'engine.conf')
  for (const [configuration, text] of [
    [{ kubeconfig, retryBackoff: -1 }, /retryBackoff must not be negative/],
    [{}, /kubeconfig path must not be empty/],
    [{ kubeconfig: '/nowhere' }, /\/nowhere/],
  ] as const)
    await assert.rejects(start({ enabled, configFile: configure(configuration) }), because(text))
})
