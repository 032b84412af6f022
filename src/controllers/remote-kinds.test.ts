/** What is in a namespace, or owned, is deleted along with it also where another server keeps it. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { apiService } from '#api/apiregistration/v1/api-service.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { systemClock } from '#host/clock.ts'
import {
  aggregationTo,
  apiServiceSpec,
  extensionSlice,
  GROUP,
  json,
  ROOT,
  startExtension,
} from '../apiserver/aggregation/testing.ts'
import { startTestCluster, type TestCluster } from './testing/test-cluster.ts'

/** A server with objects of its own, which it lists, watches (as far as they are there) and deletes. */
function flunderServer() {
  const flunders = new Map<string, KubernetesObject>()
  const list = (items: readonly KubernetesObject[]) => ({
    kind: 'FlunderList',
    apiVersion: `${GROUP}/v1`,
    metadata: { resourceVersion: '7' },
    items,
  })
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'https://x')
    const [, place, name] =
      /^(?:\/namespaces\/([^/]+))?\/flunders(?:\/([^/]+))?$/.exec(
        url.pathname.slice(ROOT.length),
      ) ?? []
    if (url.pathname === ROOT) return json(response, 200, resources)
    if (!url.pathname.includes('/flunders')) return json(response, 404, { kind: 'Status' })
    const chosen = [...flunders.values()].filter(
      ({ metadata }) =>
        (!place || metadata.namespace === place) && (!name || metadata.name === name),
    )
    if (request.method === 'DELETE')
      for (const { metadata } of chosen) flunders.delete(metadata.uid ?? '')
    if (url.searchParams.has('watch')) {
      if (url.searchParams.has('sendInitialEvents'))
        return json(response, 422, {
          kind: 'Status',
          status: 'Failure',
          reason: 'Invalid',
          code: 422,
        })
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      return undefined
    }
    if (name) return json(response, chosen.length > 0 ? 200 : 404, chosen[0] ?? { kind: 'Status' })
    return json(response, 200, list(chosen))
  }
  const add = (name: string, place: string, more: Partial<KubernetesObject['metadata']> = {}) =>
    void flunders.set(name, {
      apiVersion: `${GROUP}/v1`,
      kind: 'Flunder',
      metadata: { name, namespace: place, uid: name, resourceVersion: '7', ...more },
    } as KubernetesObject)
  return { flunders, add, answer }
}

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/v1`,
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['get', 'list', 'watch', 'delete', 'deletecollection'],
    },
    {
      name: 'flunders/status',
      singularName: '',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['get'],
    },
  ],
}

async function register({ client, until }: TestCluster): Promise<void> {
  await client.create(service, {
    metadata: { name: 'extension', namespace: 'default' },
    spec: { ports: [{ port: 443, targetPort: 8443 }] },
  } as never)
  await client.create(endpointSlice, {
    ...extensionSlice,
    metadata: { ...extensionSlice.metadata, namespace: 'default' },
  } as never)
  await client.create(apiService, {
    metadata: { name: `v1.${GROUP}` },
    spec: apiServiceSpec,
  } as never)
  await until('the extension is there', async () => {
    const { status } = await client.get(apiService, `v1.${GROUP}`)
    return status.conditions?.some(({ status }) => status === 'True')
  })
}

const isGone = async ({ client }: TestCluster, name: string) => {
  try {
    await client.get(namespace, name)
    return false
  } catch (error) {
    return isStatus(error, 'NotFound')
  }
}

const enabled = 'namespace-controller,garbage-collector-controller'

test('a namespace takes along what another server keeps in it, and waits for one that does not answer', async () => {
  const remote = flunderServer()
  await using extension = await startExtension(remote.answer)
  let port = 0
  await using cluster = await startTestCluster({
    controllers: { enabled },
    scheduler: false,
    aggregation: aggregationTo(() => port, systemClock),
  })
  port = extension.port
  await register(cluster)
  const { client, until } = cluster
  for (const name of ['one', 'two']) await client.create(namespace, { metadata: { name } })
  remote.add('mine', 'one')
  remote.add('other', 'default')
  await client.delete(namespace, { name: 'one' })
  await until('the namespace is gone', () => isGone(cluster, 'one'))
  assert.deepEqual([...remote.flunders.keys()], ['other'])

  port = 1
  await client.delete(namespace, { name: 'two' })
  const condition = await until('the failure is told', async () => {
    const { status } = await client.get(namespace, 'two')
    return status.conditions?.find(
      ({ type, status }) => type === 'NamespaceDeletionDiscoveryFailure' && status === 'True',
    )
  })
  assert.equal(condition.reason, 'DiscoveryFailed')
  assert.equal(
    condition.message,
    `Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: ${GROUP}/v1: stale GroupVersion discovery: ${GROUP}/v1`,
  )
  port = extension.port
  await until('it goes as soon as the server answers', () => isGone(cluster, 'two'))
})

test('an object that another server keeps goes with its owner', async () => {
  const remote = flunderServer()
  await using extension = await startExtension(remote.answer)
  await using cluster = await startTestCluster({
    controllers: { enabled },
    scheduler: false,
    aggregation: aggregationTo(() => extension.port, systemClock),
  })
  const { client, until } = cluster
  const owner = await client.create(configMap, { metadata: { name: 'x', namespace: 'default' } })
  const reference = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'x',
    uid: owner.metadata.uid ?? '',
  }
  remote.add('owned', 'default', { ownerReferences: [reference] })
  remote.add('free', 'default')
  await register(cluster)
  await until('it is asked for them', () =>
    extension.seen.some(({ url }) => url.startsWith(`${ROOT}/flunders?`)),
  )
  assert.equal(remote.flunders.size, 2)
  await client.delete(configMap, { name: 'x', namespace: 'default' })
  await until('the dependent is gone', () => remote.flunders.size === 1)
  assert.deepEqual([...remote.flunders.keys()], ['free'])
})
