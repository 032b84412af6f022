/** Lives of federations: clusters killed, cut off and back, the host killed, copies changed and taken away, objects of others in the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { Cluster } from '#index'
import {
  SERVICE_NAME,
  SOURCE_CLUSTER,
  serviceExport,
  serviceImport,
} from '../../src/federation/services/kinds.ts'
import { fastClock } from './fast-clock.ts'
import { TestFederation, until } from './federation-clusters.ts'
import { judge, live, settings, web } from './federation-life.ts'

const LIVES = Number(process.env.LIVES ?? 2)
const FIRST = Number(process.env.FIRST_SEED ?? 1)
const STEPS = 30

for (let seed = FIRST; seed < FIRST + LIVES; seed++)
  test(`life ${seed}`, { timeout: 600_000 }, () => live(seed, STEPS))

test('the judge notices what is planted', { timeout: 600_000 }, async () => {
  const federation = await TestFederation.start({
    members: ['east', 'north', 'west'],
    clock: fastClock(20),
    nodes: 1,
    labels: name => ({ continent: name === 'west' ? 'america' : 'europe' }),
  })
  try {
    const { client } = federation
    await client.create(namespace, { metadata: { name: 'life' } })
    await client.create(deployment, web('one', 6, {}))
    await client.create(configMap, settings('one', 'red'))
    const isWell = () =>
      judge(federation).then(
        () => true,
        () => false,
      )
    const web1 = { name: 'one', namespace: 'life' }
    const { client: north } = federation.member('north')
    await until('a namespace', () =>
      north.get(namespace, 'life').then(
        () => true,
        () => false,
      ),
    )
    await north.create(service, {
      metadata: web1,
      spec: { selector: { app: 'one' }, ports: [{ name: 'http', port: 80 }] },
    } as object)
    await north.create(serviceExport, { metadata: web1 } as object)
    await until('imported', () =>
      federation
        .member('east')
        .client.get(serviceImport, 'one', 'life')
        .then(
          () => true,
          () => false,
        ),
    )
    await until('at rest', isWell)
    const at = { name: 'one', namespace: 'life' }
    const { client: east } = federation.member('east')
    // Nobody repairs any more; what the host said last is what counts.
    const said = new Map<AnyKind, object>()
    for (const kind of [deployment, configMap])
      said.set(kind, await client.list(kind, { namespace: 'life' }))
    await federation.host.stop()
    const list = async (kind: AnyKind) => said.get(kind)
    federation.host = { client: { ...client, list }, stop: async () => {} } as unknown as Cluster
    const notice = async (
      what: string,
      plant: () => Promise<unknown>,
      mend: () => Promise<unknown>,
    ) => {
      await plant()
      await assert.rejects(judge(federation), what)
      await mend()
      await until(`${what}: mended`, isWell)
    }
    await notice(
      'another size',
      () => east.patch(deployment, at, 'merge', { spec: { replicas: 4 } }),
      () => east.patch(deployment, at, 'merge', { spec: { replicas: 2 } }),
    )
    await notice(
      'other data',
      () => east.patch(configMap, at, 'merge', { data: { colour: 'blue' } }),
      () => east.patch(configMap, at, 'merge', { data: { colour: 'red' } }),
    )
    const kept = await east.get(configMap, 'one', 'life')
    const { labels, annotations } = kept.metadata
    await notice(
      'a copy that is gone',
      () => east.delete(configMap, at),
      () =>
        east.create(configMap, {
          metadata: {
            ...at,
            ...(labels ? { labels } : {}),
            ...(annotations ? { annotations } : {}),
          },
          data: { colour: 'red' },
        }),
    )
    await notice(
      'one that the host has not',
      () => east.create(deployment, web('more', 1, {})),
      () => east.delete(deployment, { name: 'more', namespace: 'life' }),
    )
    const { items } = await east.list(endpointSlice, {
      namespace: 'life',
      labelSelector: `${SERVICE_NAME}=one`,
    })
    const [slice] = items
    const { name: sliceName = '', labels: sliceLabels = {} } = slice?.metadata ?? {}
    const { resourceVersion: _, uid: __, ...rest } = slice?.metadata ?? {}
    await notice(
      'endpoints that are gone',
      () => east.delete(endpointSlice, { name: sliceName, namespace: 'life' }),
      () => east.create(endpointSlice, { ...slice, metadata: rest } as object),
    )
    await notice(
      'endpoints of nobody',
      () =>
        east.create(endpointSlice, {
          ...slice,
          metadata: {
            ...{ name: 'more', namespace: 'life' },
            labels: { ...sliceLabels, [SOURCE_CLUSTER]: 'west' },
          },
        } as object),
      () => east.delete(endpointSlice, { name: 'more', namespace: 'life' }),
    )
    await notice(
      'an import that is gone',
      () => east.delete(serviceImport, { ...web1 }, { propagationPolicy: 'Orphan' }),
      async () => {
        throw new Error('last')
      },
    ).catch(error => assert.equal((error as Error).message, 'last'))
  } finally {
    await federation.stop()
  }
})
