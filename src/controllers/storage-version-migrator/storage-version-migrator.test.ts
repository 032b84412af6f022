import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { deployment } from '#api/apps/v1/deployment.ts'
import { binding } from '#api/core/v1/binding.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { kinds } from '#api/kinds.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { StatusError, type StatusReason } from '#api/machinery/status.ts'
import {
  type StorageVersionMigration,
  storageVersionMigration,
} from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import { reconcile } from './storage-version-migrator.reconcile.ts'

const NOW_MS = Date.parse('2026-01-01T00:00:00Z')

interface State {
  readonly created?: string
  /** Types of conditions that are true. */
  readonly has?: readonly string[]
  readonly revision?: string
  /** Others of the same resource, by name: what they have. */
  readonly others?: Readonly<Record<string, { created: string; has?: readonly string[] }>>
  readonly resource?: 'none' | 'bindings'
  readonly error?: StatusReason
  /** Generation of the definition when the migration began; now it is 2. */
  readonly begunAt?: number
}

const conditionsOf = (has: readonly string[] = []) =>
  has.map(type => ({ type, status: 'True', reason: 'r', message: 'm' }))

function migrationOf(name: string, created: string, has?: readonly string[], revision?: string) {
  return {
    metadata: { name, creationTimestamp: created },
    spec: { resource: { group: 'apps', resource: 'deployments' } },
    status: { conditions: conditionsOf(has), ...(revision ? { resourceVersion: revision } : {}) },
  } as unknown as StorageVersionMigration
}

testScenarios<State>(
  new URL('storage-version-migrator.scenarios.txt', import.meta.url),
  async state => {
    const { created = '2025-12-31T23:59:30Z', has, revision, others = {}, resource, error } = state
    const migration = migrationOf('m', created, has, revision)
    const rewritten: string[] = []
    const definition = {
      metadata: { name: 'deployments.apps', generation: 2, resourceVersion: '9' },
      spec: { versions: [{ name: 'v1' }, { name: 'v2', storage: true }] },
      status: {
        storedVersions: ['v1', 'v2'],
        conditions: [{ type: 'StorageMigrating', observedGeneration: state.begunAt }],
      },
    } as unknown as CustomResourceDefinition
    const kind: AnyKind = resource === 'bindings' ? binding : deployment
    const outcome = await reconcile({
      migration,
      others: [
        migration,
        ...Object.entries(others).map(([name, it]) => migrationOf(name, it.created, it.has)),
      ],
      kind: resource === 'none' ? undefined : kind,
      definition: async () => (state.begunAt === undefined ? undefined : definition),
      latestRevision: async () => '41',
      rewrite: async ({ plural }, upTo) => {
        rewritten.push(`rewrites ${plural} up to ${upTo}`)
        if (error) throw new StatusError(error, 'no')
      },
      nowMs: NOW_MS,
    }).catch((thrown: Error) => thrown.message)
    if (typeof outcome === 'string') return [...rewritten, `throws ${outcome}`]
    const later = outcome.againWithBackoff ? ['again with backoff'] : []
    return [...rewritten, ...later, ...showOutcome(outcome, migration as never)]
  },
)

const until = async (cluster: Awaited<ReturnType<typeof startTestCluster>>, name: string) =>
  cluster.until(`the end of ${name}`, async () => {
    const { status } = await cluster.client.get(storageVersionMigration, name)
    const isOver = status.conditions?.some(
      ({ type, status }) => type === 'Running' && status === 'False',
    )
    return isOver ? status.conditions?.map(({ type, status }) => `${type}=${status}`) : undefined
  })

const start = () =>
  startTestCluster({
    controllers: { enabled: 'storage-version-migrator-controller', kinds: () => kinds },
    scheduler: false,
  })
const migrationFor = (name: string, group: string, resource: string) =>
  ({ metadata: { name }, spec: { resource: { group, resource } } }) as never

test('built-in objects are passed once, and two migrations of a resource follow each other', async () => {
  await using cluster = await start()
  const { client } = cluster
  for (let at = 0; at < 3; at++)
    await client.create(configMap, { metadata: { name: `c${at}`, namespace: 'default' } } as never)
  const before = (await client.list(configMap, { namespace: 'default' })).items
  await client.create(storageVersionMigration, migrationFor('first', '', 'configmaps'))
  await client.create(storageVersionMigration, migrationFor('second', '', 'configmaps'))
  for (const name of ['first', 'second'])
    assert.deepEqual(await until(cluster, name), ['Running=False', 'Succeeded=True'])
  // They are stored as they should be, so nothing was written.
  assert.deepEqual((await client.list(configMap, { namespace: 'default' })).items, before)
  await client.create(storageVersionMigration, migrationFor('nothing', '', 'bindings'))
  assert.deepEqual(await until(cluster, 'nothing'), ['Running=False', 'Failed=True'])
})

test('custom objects are stored in the version of today, and the definition forgets the old one', async () => {
  await using cluster = await start()
  const { client } = cluster
  const version = (name: string, storage: boolean) => ({
    name,
    served: true,
    storage,
    schema: {
      openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  })
  await client.create(customResourceDefinition, {
    metadata: { name: 'boats.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [version('v1', true), version('v2', false)],
    },
  } as never)
  const custom = (wanted: string) =>
    cluster.until(`boats of ${wanted}`, () => {
      const { controllers } = cluster
      assert.ok(controllers)
      return kindOf(wanted)
    })
  const kindOf = (wanted: string) =>
    ({
      ...configMap,
      group: 'example.com',
      version: wanted,
      kind: 'Boat',
      plural: 'boats',
    }) as AnyKind
  const boat = await custom('v1')
  await cluster.until('the kind', async () => {
    const { status } = await client.get(customResourceDefinition, 'boats.example.com')
    return status.conditions?.some(
      ({ type, status }) => type === 'Established' && status === 'True',
    )
  })
  await client.create(boat, { metadata: { name: 'a', namespace: 'default' } } as never)
  const old = await client.get(boat, 'a', 'default')
  const definition = await client.get(customResourceDefinition, 'boats.example.com')
  await client.update(customResourceDefinition, {
    ...definition,
    spec: { ...definition.spec, versions: [version('v1', false), version('v2', true)] },
  } as never)
  const stored = async () =>
    (await client.get(customResourceDefinition, 'boats.example.com')).status.storedVersions
  await cluster.until('both versions', async () => (await stored()).length === 2)
  await client.create(storageVersionMigration, migrationFor('boats', 'example.com', 'boats'))
  assert.deepEqual(await until(cluster, 'boats'), ['Running=False', 'Succeeded=True'])
  assert.deepEqual(await stored(), ['v2'])
  const { status } = await client.get(customResourceDefinition, 'boats.example.com')
  const told = status.conditions?.find(({ type }) => type === 'StorageMigrating')
  assert.deepEqual(
    [told?.status, told?.reason, told?.message],
    [
      'False',
      'MigrationSucceeded',
      'The migration has succeeded and the stored versions have been updated',
    ],
  )
  const anew = await client.get(boat, 'a', 'default')
  assert.notEqual(anew.metadata.resourceVersion, old.metadata.resourceVersion)
  assert.equal(anew.metadata.uid, old.metadata.uid)
})
