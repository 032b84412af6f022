import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CustomResourceDefinition,
  customResourceDefinition,
} from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Informers } from '#client/informer.ts'
import { followCustomKinds } from './custom-kinds.ts'
import { startTestCluster } from './testing/test-cluster.ts'

const version = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object' } },
})

const definition = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [version('v1', false), version('v2', true)],
  },
}

test('custom kinds come with their definitions and go with them', async () => {
  await using cluster = await startTestCluster({ controllers: { enabled: '' } })
  const { client } = cluster
  const released: string[] = []
  const informers: Informers = {
    for: (kind, query) => cluster.informers.for(kind, query),
    release: kind => void released.push(kind.plural),
    stop: () => {},
  }
  const kinds = followCustomKinds(informers)
  const told: string[] = []
  const name = (kind: AnyKind) => `${kind.group}/${kind.version} ${kind.kind}`
  kinds.subscribe({
    added: kind => void told.push(`added ${name(kind)}`),
    removed: kind => void told.push(`removed ${name(kind)}`),
  })
  await client.create(customResourceDefinition, definition)
  await cluster.until('the kind', () => kinds.list()[0])
  assert.deepEqual(told, ['added example.com/v2 Widget'])
  const [kind] = kinds.list()
  assert.equal(kind?.scope, 'Namespaced')
  const { items } = await client.list(kind as AnyKind, { namespace: 'default' })
  assert.deepEqual(items, [])

  const live: CustomResourceDefinition = await client.get(
    customResourceDefinition,
    'widgets.example.com',
  )
  await client.update(customResourceDefinition, {
    ...live,
    spec: { ...live.spec, versions: [version('v1', true), version('v2', false)] },
  })
  await cluster.until('the other version', () => kinds.list()[0]?.version === 'v1')
  assert.deepEqual(told.slice(1), ['removed example.com/v2 Widget', 'added example.com/v1 Widget'])

  await client.delete(customResourceDefinition, { name: 'widgets.example.com' })
  await cluster.until('no kind', () => kinds.list().length === 0)
  assert.equal(told.at(-1), 'removed example.com/v1 Widget')
  assert.deepEqual(released, ['widgets', 'widgets'])
})

test('custom resources go with their owner, before it or not at all, as whoever deletes it says', async () => {
  await using cluster = await startTestCluster({
    controllers: { enabled: 'garbage-collector-controller' },
  })
  const { client, until } = cluster
  await client.create(customResourceDefinition, definition)
  const kinds = followCustomKinds(cluster.informers)
  const kind = await until('the kind', () => kinds.list()[0])
  const isThere = (name: string) =>
    client.get(kind, name, 'default').catch(error => {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    })
  for (const propagationPolicy of ['Background', 'Foreground', 'Orphan'] as const) {
    const name = propagationPolicy.toLowerCase()
    const metadata = { namespace: 'default' }
    const owner = await client.create(kind, { metadata: { ...metadata, name } })
    const ownerReferences = [
      { apiVersion: 'example.com/v2', kind: 'Widget', name, uid: owner.metadata.uid ?? '' },
    ]
    const child = `${name}-child`
    await client.create(kind, { metadata: { ...metadata, name: child, ownerReferences } })
    await client.delete(kind, { name, namespace: 'default' }, { propagationPolicy })
    await until(`no owner (${name})`, async () => !(await isThere(name)))
    if (propagationPolicy === 'Orphan') {
      const left = await client.get(kind, child, 'default')
      assert.deepEqual(left.metadata.ownerReferences ?? [], [])
    } else await until(`no child (${name})`, async () => !(await isThere(child)))
  }
})
