import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { loadCelEngine } from '#api/cel/engine.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createRecordingClient } from '../testing/recording-client.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

const DRIVER = 'gpu.example.com'
const GPU = 'example.com/gpu'
before(() => loadCelEngine())

const classOf = (name: string, extendedResourceName?: string, creationTimestamp?: string) => ({
  metadata: { name, creationTimestamp },
  spec: { extendedResourceName },
})
const sliceOn = (node: string, ...devices: string[]) => ({
  metadata: { name: `${node}-slice` },
  spec: {
    driver: DRIVER,
    nodeName: node,
    pool: { name: node, generation: 1, resourceSliceCount: 1 },
    devices: devices.map(name => ({ name })),
  },
})
const asking = (name: string, requests: Readonly<Record<string, string>>): Pod =>
  podOf(name, { containers: [{ name: 'c', image: 'i', resources: { requests } }] } as never)
const offering = (name: string, resources: Readonly<Record<string, string>>): Node => {
  const node = nodeOf(name)
  return { ...node, status: { allocatable: { ...node.status.allocatable, ...resources } } } as Node
}

async function world(
  objects: Readonly<Record<string, readonly object[]>>,
  nodes: readonly Node[] = [nodeOf('n1'), nodeOf('n2')],
  gates: ReadonlyMap<string, boolean> = new Map(),
) {
  const client = createRecordingClient()
  const classes = { deviceclasses: [classOf('gpu', GPU)] }
  const made = createWorld({ client, gates, objects: { ...classes, ...objects } })
  for (const node of nodes) made.state.setNode(node)
  const tried = (pod: Pod) => {
    const [info, cycle] = [podInfoOf(pod), new CycleState()]
    const result = made.attempt(info, cycle)
    const node = 'node' in result ? result.node : undefined
    const said = 'failure' in result ? result.failure.message('') : undefined
    return { info, cycle, node, said: node?.name ?? said ?? 'status' }
  }
  tried(asking('first', { [GPU]: '1' }))
  await new Promise(resolve => setImmediate(resolve))
  const plugin = made.profile.points.reserve.find(({ name }) => name === 'DynamicResources')
  if (!plugin) throw new Error('no such plugin')
  return { ...made, client, tried, plugin }
}

test('devices serve an extended resource, and a claim says which', async () => {
  const { tried, plugin, client } = await world({ resourceslices: [sliceOn('n2', 'a', 'b')] })
  const { node, info, cycle } = tried(asking('p', { cpu: '1', [GPU]: '2' }))
  assert.equal(node?.name, 'n2')
  plugin.reserve(cycle, info, node)
  assert.match(tried(asking('q', { [GPU]: '1' })).said, /2 cannot allocate all claims/)
  assert.equal(plugin.preBindPreFlight?.(cycle, info, node), undefined)
  assert.equal(await plugin.preBind?.(cycle, info, node), undefined)
  const verbs = client.written.map(({ verb, kind }) => `${verb} ${kind}`)
  const claim = 'ResourceClaim'
  assert.deepEqual(verbs, [`create ${claim}`, `update ${claim}`, `update ${claim}`, 'patch Pod'])
  interface Body {
    readonly metadata: object
    readonly spec: object
    readonly status: { reservedFor: object; allocation: { devices: object } }
  }
  const [created, , given, told] = client.written.map(({ body }) => body as Body)
  assert.ok(created && given)
  assert.deepEqual(created.metadata, {
    generateName: 'p-extended-resources-',
    namespace: 'a',
    annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'p', controller: true }],
  })
  const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 }
  const requests = [{ name: 'container-0-request-1', exactly }]
  assert.deepEqual(created.spec, { devices: { requests } })
  assert.deepEqual(given.status.reservedFor, [{ resource: 'pods', name: 'p', uid: 'p' }])
  const request = 'container-0-request-1'
  assert.deepEqual(given.status.allocation.devices, {
    results: [
      { request, driver: DRIVER, pool: 'n2', device: 'a' },
      { request, driver: DRIVER, pool: 'n2', device: 'b' },
    ],
  })
  assert.deepEqual(told, {
    metadata: { uid: 'p' },
    status: {
      extendedResourceClaimStatus: {
        requestMappings: [{ containerName: 'c', resourceName: GPU, requestName: request }],
        resourceClaimName: 'p-extended-resources-1',
      },
    },
  })
  plugin.unreserve?.(cycle, info, node)
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(
    client.written.slice(4).map(({ verb, name }) => `${verb} ${name}`),
    ['update p-extended-resources-1', 'delete p-extended-resources-1'],
    'no claim is left over for a pod that is not bound',
  )
  assert.equal(tried(asking('q', { [GPU]: '1' })).said, 'n2', 'its devices are free again')
})

test('what a node offers itself is not asked of devices, whoever has more', async () => {
  const { tried, plugin, state } = await world({ resourceslices: [sliceOn('n2', 'a')] }, [
    offering('n1', { [GPU]: '1' }),
  ])
  const { node, info, cycle } = tried(asking('p', { [GPU]: '1' }))
  assert.equal(node?.name, 'n1')
  assert.equal(plugin.preBindPreFlight?.(cycle, info, node)?.code, 'Skip')
  state.assume(info, 'n1')
  assert.match(tried(asking('q', { [GPU]: '1' })).said, /1 Insufficient example.com\/gpu/)
  state.setNode(nodeOf('n2'))
  assert.equal(tried(asking('q', { [GPU]: '1' })).said, 'n2')
  state.setNode(offering('n2', { [GPU]: '0' }))
  assert.equal(tried(asking('q', { [GPU]: '1' })).said, 'n2', 'nothing is offered by offering none')
  assert.match(tried(asking('q', { [GPU]: '2' })).said, /1 cannot allocate all claims/)
})

test('names: of the class, of its own, of the later of two; none without the gate', async () => {
  const asked = (resource: string) => asking('p', { [resource]: '1' })
  const implicit = 'deviceclass.resource.kubernetes.io/gpu'
  const slices = { resourceslices: [sliceOn('n2', 'a')] }
  const { tried } = await world(slices)
  assert.equal(tried(asked(implicit)).said, 'n2')
  assert.match(tried(asked('example.com/other')).said, /2 Insufficient example.com\/other/)
  const off = await world(slices, undefined, new Map([['DRAExtendedResource', false]]))
  assert.match(off.tried(asked(GPU)).said, /2 Insufficient example.com\/gpu/)

  const classFor = async (...deviceclasses: object[]) => {
    const made = await world({ ...slices, deviceclasses })
    const { node, info, cycle } = made.tried(asked(GPU))
    assert.ok(node)
    await made.plugin.preBind?.(cycle, info, node)
    const text = JSON.stringify(made.client.written[0]?.body)
    return /"deviceClassName":"(\w+)"/.exec(text)?.[1]
  }
  const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']
  assert.equal(await classFor(classOf('a', GPU, early), classOf('b', GPU, late)), 'b')
  assert.equal(await classFor(classOf('b', GPU, late), classOf('a', GPU, early)), 'b')
  assert.equal(await classFor(classOf('b', GPU, late), classOf('a', GPU, late)), 'a')
})

test('the claim of an earlier attempt that failed is deleted before the next', async () => {
  const leftOver = {
    metadata: {
      name: 'old',
      namespace: 'a',
      uid: 'old',
      annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'p', controller: true }],
      finalizers: ['resource.kubernetes.io/delete-protection', 'other'],
    },
    spec: { devices: { requests: [] } },
    status: {},
  }
  const { tried, client, postFilter } = await world({
    resourceclaims: [leftOver],
    resourceslices: [sliceOn('n2', 'a')],
  })
  assert.equal(tried(asking('q', { [GPU]: '1' })).said, 'n2', 'it is of no other pod')
  const pod = asking('p', { [GPU]: '1' })
  assert.match(tried(pod).said, /^0\/2 nodes are available: 2 cannot schedule extended resource cl/)
  const { message } = await postFilter(podInfoOf(pod))
  assert.match(message, /^deletion of ResourceClaim completed/)
  const [unprotected, deleted] = client.written
  assert.ok(unprotected)
  const { metadata } = unprotected.body as { metadata: { finalizers: string[] } }
  assert.deepEqual(metadata.finalizers, ['other'])
  assert.equal(`${deleted?.verb} ${deleted?.name}`, 'delete old')
})
