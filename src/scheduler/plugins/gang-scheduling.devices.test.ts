/** Gangs whose pods share a device, over a real API server whose writes fail: one device a gang, and all of it where that is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { Client } from '#client/client.ts'
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import { type Gangs, settle, withGangs } from '../testing/gangs.ts'
import { asking } from '../testing/world.ts'

const GATE = 'DRAWorkloadResourceClaims'
const SIZE = 3
const namespace = 'a'

async function addDevices(gangs: Gangs, nodes: number): Promise<void> {
  await gangs.addNodes(0, nodes)
  await gangs.client.create(deviceClass, { metadata: { name: 'gpu' }, spec: {} } as never)
  for (let i = 0; i < nodes; i++)
    await gangs.client.create(resourceSlice, {
      metadata: { name: `s${i}` },
      spec: {
        driver: 'gpu.example.com',
        nodeName: `n${i}`,
        pool: { name: `n${i}`, generation: 1, resourceSliceCount: 1 },
        devices: [{ name: 'gpu' }],
      },
    } as never)
}

/** Its pods take a processor each, and share the claim of the group's name. */
async function addGang(gangs: Gangs, name: string): Promise<void> {
  const { client } = gangs
  const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }
  await client.create(resourceClaim, {
    metadata: { name, namespace },
    spec: { devices: { requests: [{ name: 'r', exactly }] } },
  } as never)
  const resourceClaims = [{ name: 'shared', resourceClaimName: name }]
  await gangs.group(name, SIZE, { resourceClaims })
  const schedulingGroup = { podGroupName: name }
  for (let i = 0; i < SIZE; i++)
    await client.create(pod, {
      metadata: { name: `${name}-${i}`, namespace },
      spec: { ...asking('1'), schedulingGroup, resourceClaims },
    } as never)
}

/** By gang, the nodes of its pods; each claim with its one device, and nobody's device twice. */
async function judged({ client }: Gangs): Promise<ReadonlyMap<string, readonly string[]>> {
  const nodes = new Map<string, string[]>()
  for (const { spec } of (await client.list(pod, { namespace })).items) {
    const gang = spec.schedulingGroup?.podGroupName ?? ''
    if (spec.nodeName) nodes.set(gang, [...(nodes.get(gang) ?? []), spec.nodeName])
  }
  const { items } = await client.list(resourceClaim, { namespace })
  const given = items.flatMap(({ status }) => status.allocation?.devices?.results ?? [])
  assert.equal(new Set(given.map(({ pool }) => pool)).size, given.length, 'a device is given twice')
  for (const { metadata, status } of items) {
    const { name = '' } = metadata
    const [result, more] = status.allocation?.devices?.results ?? []
    assert.equal(more, undefined)
    for (const node of nodes.get(name) ?? [])
      assert.equal(node, result?.pool, `${name} runs where its device is not`)
    if (nodes.has(name))
      assert.deepEqual(
        status.reservedFor?.map(({ resource, name }) => `${resource} ${name}`),
        [`podgroups ${name}`],
      )
  }
  return nodes
}

const failures = async ({ client }: Gangs): Promise<string[]> =>
  (await client.list(event, { namespace })).items.flatMap(({ reason, message }) =>
    reason === 'FailedScheduling' ? [message ?? ''] : [],
  )

test('a gang that shares a claim comes whole to where its device is', () =>
  withGangs(async gangs => {
    await addDevices(gangs, 2)
    for (const name of ['g', 'h']) await addGang(gangs, name)
    await gangs.until(2 * SIZE)
    assert.equal((await judged(gangs)).size, 2)
    // All members write to the claim at the same time, and none gets into another's way.
    await settle()
    assert.deepEqual(await failures(gangs), [])
    await addGang(gangs, 'late')
    await settle()
    assert.equal((await judged(gangs)).get('late'), undefined, 'there is no device left')
  }, GATE))

/** Of writes to claims and of bindings, some fail before they are written and some after. */
function faulty(client: Client, integer: (below: number) => number): Client {
  const withFaults = async <T>(write: () => Promise<T>): Promise<T> => {
    const fate = integer(8)
    if (fate === 0) throw new Error('the connection broke before the request')
    const answer = await write()
    if (fate === 1) throw new Error('the connection broke before the answer')
    return answer
  }
  return {
    ...client,
    update: (kind, object, options) =>
      kind.plural === 'resourceclaims'
        ? withFaults(() => client.update(kind, object, options))
        : client.update(kind, object, options),
    createSubresource: (kind, at, subresource, body) =>
      withFaults(() => client.createSubresource(kind, at, subresource, body)),
  }
}

for (const seed of [1, 2, 3, 4])
  test(`writes that fail and restarts give no device twice and strand no gang, seed ${seed}`, () =>
    withGangs(async gangs => {
      const { integer } = createSeededRandom(seed)
      const client = faulty(gangs.client, integer)
      await gangs.restart(client)
      const count = 4
      await addDevices(gangs, count)
      for (let i = 0; i < count; i++) {
        await addGang(gangs, `g${i}`)
        if (integer(3) === 0) await gangs.restart(client)
        await settle(integer(20))
        await judged(gangs)
      }
      await gangs.until(count * SIZE)
      assert.equal((await judged(gangs)).size, count)
    }, GATE))
