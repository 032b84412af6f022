import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { notFound } from '#api/machinery/status.ts'
import { nodeMetrics } from '#api/metrics/v1beta1/node-metrics.ts'
import { podMetrics } from '#api/metrics/v1beta1/pod-metrics.ts'
import { silentLog as log } from '#base/log.ts'
import { systemClock as clock } from '#host/clock.ts'
import { systemRandom as random } from '#host/random.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { createApiServer } from '../apiserver.ts'
import type { VirtualResource } from './virtual.ts'

const AT = '/apis/metrics.k8s.io/v1beta1'
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }

const measured = (kind: AnyKind, metadata: object, rest: object) =>
  ({
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata,
    timestamp: '2026-01-01T00:00:00Z',
    window: '15s',
    ...rest,
  }) as KubernetesObject
const pod = (name: string, namespace: string, labels: object, ...cpu: string[]) =>
  measured(
    podMetrics,
    { name, namespace, labels },
    {
      containers: cpu.map((each, at) => ({ name: `c${at}`, usage: { cpu: each, memory: '4Ki' } })),
    },
  )
const PODS = [
  pod('a', 'one', { app: 'web' }, '250m', '800m'),
  pod('b', 'one', { app: 'db' }, '5m'),
  pod('a', 'two', { app: 'web' }, '1'),
]

function resource(objects: readonly KubernetesObject[], plural: string): VirtualResource {
  return {
    list: ({ namespace, matches }) =>
      objects.filter(
        each => (!namespace || each.metadata.namespace === namespace) && matches(each),
      ),
    get(namespace, name) {
      const found = objects.find(
        ({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace,
      )
      if (!found) throw notFound({ group: '', resource: plural }, name)
      return found
    },
  }
}

async function asking() {
  const virtual = new Map<AnyKind, VirtualResource>([
    [podMetrics, resource(PODS, 'pods')],
    [nodeMetrics, resource([], 'nodes')],
  ])
  const server = createApiServer({
    store: createMemoryStore({ clock, log }),
    kinds: [...virtual.keys()],
    virtual,
    clock,
    random,
    log,
    authorizationMode: 'AlwaysAllow',
  })
  await server.ready()
  const user = { name: 'somebody', groups: [] }
  const ask = async (path: string, method: 'GET' | 'POST' | 'DELETE' = 'GET', headers = {}) => {
    const request = { method, path: AT + path, headers }
    const { status, body } = await server.transportFor(user).request(request)
    const text =
      body.kind === 'bytes'
        ? Buffer.from(body.bytes)
        : body.kind === 'chunks'
          ? Buffer.concat(body.chunks)
          : Buffer.from('{}')
    return { status, body: JSON.parse(text.toString()) }
  }
  return { server, ask }
}

test('what is known at the moment is got and listed, selected like what is stored', async () => {
  const { server, ask } = await asking()
  const names = async (path: string) =>
    (await ask(path)).body.items.map(
      ({ metadata }: KubernetesObject) => `${metadata.namespace}/${metadata.name}`,
    )
  assert.deepEqual(await names('/pods'), ['one/a', 'one/b', 'two/a'])
  assert.deepEqual(await names('/namespaces/one/pods'), ['one/a', 'one/b'])
  assert.deepEqual(await names('/pods?labelSelector=app%3Dweb'), ['one/a', 'two/a'])
  assert.deepEqual(await names('/pods?fieldSelector=metadata.name%3Db'), ['one/b'])
  assert.deepEqual(await names('/pods?fieldSelector=metadata.namespace%3Dtwo'), ['two/a'])
  const { body } = await ask('/namespaces/one/pods/a')
  assert.equal(body.kind, 'PodMetrics')
  assert.equal(body.metadata.resourceVersion, undefined)
  assert.equal((await ask('/pods')).body.metadata.resourceVersion, undefined)
  assert.equal((await ask('/namespaces/two/pods/b')).status, 404)
  assert.equal((await ask('/pods?fieldSelector=spec.nodeName%3Dx')).status, 400)
  await server.stop()
})

test('a table sums up the containers; one without rows has no columns', async () => {
  const { server, ask } = await asking()
  const { body } = await ask('/namespaces/one/pods', 'GET', TABLE)
  assert.deepEqual(
    body.rows.map(({ cells }: { cells: string[] }) => cells),
    [
      ['a', '1050m', '8Ki', '15s'],
      ['b', '5m', '4Ki', '15s'],
    ],
  )
  assert.deepEqual(
    body.columnDefinitions.map(({ name }: { name: string }) => name),
    ['Name', 'cpu', 'memory', 'Window'],
  )
  const empty = (await ask('/nodes', 'GET', TABLE)).body
  assert.deepEqual([empty.columnDefinitions, empty.rows], [null, null])
  await server.stop()
})

test('nothing is watched, written or below them', async () => {
  const { server, ask } = await asking()
  const refused = await ask('/pods?watch=true')
  assert.equal(refused.status, 405)
  assert.equal(
    refused.body.message,
    'watch is not supported on resources of kind "pods.metrics.k8s.io"',
  )
  assert.equal((await ask('/namespaces/one/pods', 'POST')).status, 405)
  assert.equal((await ask('/nodes/a', 'DELETE')).status, 405)
  assert.equal((await ask('/namespaces/one/pods/a/status')).status, 404)
  await server.stop()
})
