/** Extended resources that devices serve, through a real API server: what is written passes its rules, and nothing is given twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { Client } from '#client/client.ts'
import { startScheduler } from './scheduler.ts'
import { serveCluster } from './testing/served-cluster.ts'
import { nodeOf } from './testing/world.ts'

const GPU = 'example.com/gpu'
const IMPLICIT = 'deviceclass.resource.kubernetes.io/gpu'

async function withDevices(
  devices: number,
  wrap: (client: Client) => Client,
  run: (client: Client, until: (check: () => Promise<boolean>) => Promise<void>) => Promise<void>,
): Promise<void> {
  await using cluster = await serveCluster(['a'])
  const { client } = cluster
  const context = cluster.openContext(wrap(client))
  const scheduler = startScheduler(context, { podInitialBackoffMs: 5, podMaxBackoffMs: 20 })
  try {
    await cluster.addNode(nodeOf('n1'))
    await client.create(resourceSlice, {
      metadata: { name: 's' },
      spec: {
        driver: 'gpu.example.com',
        nodeName: 'n1',
        pool: { name: 'n1', generation: 1, resourceSliceCount: 1 },
        devices: Array.from({ length: devices }, (_, i) => ({ name: `d${i}` })),
      },
    } as never)
    const spec = { extendedResourceName: GPU }
    await client.create(deviceClass, { metadata: { name: 'gpu' }, spec } as never)
    await run(client, async check => {
      const endMs = context.clock.monotonicMs() + 60_000
      while (!(await check())) {
        assert.ok(context.clock.monotonicMs() < endMs, 'that takes too long')
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    })
  } finally {
    await scheduler.stop()
    context.end()
  }
}

const ask = (client: Client, name: string, resource: string, count = '1') =>
  client.create(pod, {
    metadata: { name, namespace: 'a' },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { limits: { [resource]: count } } }],
    },
  } as never)

const bound = async (client: Client) =>
  (await client.list(pod, { namespace: 'a' })).items.filter(({ spec }) => spec.nodeName)
const claims = async (client: Client) =>
  (await client.list(resourceClaim, { namespace: 'a' })).items

test('pods that ask at the same time share no device, and each is told its claim', async () => {
  await withDevices(
    3,
    client => client,
    async (client, until) => {
      await Promise.all(
        [GPU, IMPLICIT, GPU, IMPLICIT, GPU].map((name, i) => ask(client, `p${i}`, name)),
      )
      await until(async () => (await bound(client)).length === 3)
      const given = await claims(client)
      assert.equal(given.length, 3)
      const devices = given.flatMap(
        ({ status }) => status.allocation?.devices.results?.map(({ device }) => device) ?? [],
      )
      assert.deepEqual(devices.sort(), ['d0', 'd1', 'd2'])
      for (const { metadata, status } of await bound(client)) {
        const { requestMappings, resourceClaimName = '' } = status.extendedResourceClaimStatus ?? {}
        const claim = given.find(each => each.metadata.name === resourceClaimName)
        assert.equal(claim?.status.reservedFor?.[0]?.uid, metadata.uid)
        assert.equal(requestMappings?.[0]?.requestName, 'container-0-request-0')
        assert.ok([GPU, IMPLICIT].includes(requestMappings?.[0]?.resourceName ?? ''))
      }
      const waiting = (await client.list(pod, { namespace: 'a' })).items.find(
        ({ spec }) => !spec.nodeName,
      )
      await until(async () => {
        const { status } = await client.get(pod, waiting?.metadata.name ?? '', 'a')
        const message = status.conditions?.find(({ type }) => type === 'PodScheduled')?.message
        return message?.includes('1 cannot allocate all claims. still not schedulable') === true
      })
    },
  )
})

test('a pod that cannot be bound leaves no claim behind, and is bound later', async () => {
  let failures = 3
  const failing = (client: Client): Client => ({
    ...client,
    get: client.get.bind(client),
    async createSubresource(kind, at, subresource, body) {
      if (subresource === 'binding' && failures-- > 0) throw new Error('not now')
      return client.createSubresource(kind, at, subresource, body)
    },
  })
  await withDevices(1, failing, async (client, until) => {
    await ask(client, 'p', GPU)
    await until(async () => (await bound(client)).length === 1)
    assert.ok(failures <= 0)
    await until(async () => (await claims(client)).length === 1)
    const [claim] = await claims(client)
    const [told] = await bound(client)
    const name = told?.status.extendedResourceClaimStatus?.resourceClaimName
    assert.equal(name, claim?.metadata.name)
  })
})
