import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { loadCelEngine } from '#api/cel/engine.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createRecordingClient } from '../testing/recording-client.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

const DRIVER = 'gpu.example.com'
before(() => loadCelEngine())

const deviceClass = (name: string, spec: object = {}) => ({ metadata: { name }, spec })
const sliceOn = (node: string, devices: readonly object[], more: object = {}) => ({
  metadata: { name: `${node}-slice` },
  spec: {
    driver: DRIVER,
    nodeName: node,
    pool: { name: node, generation: 1, resourceSliceCount: 1 },
    devices,
    ...more,
  },
})
const gpu = (name: string, more: object = {}) => ({ name, ...more })
const claimOf = (name: string, requests: readonly object[], more: object = {}) => ({
  metadata: { name, namespace: 'a', uid: name },
  spec: { devices: { requests, ...more } },
  status: {},
})
const one = (more: object = {}) => ({
  name: 'r',
  exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...more },
})
const podUsing = (name: string, ...claims: string[]): Pod =>
  podOf(name, {
    resourceClaims: claims.map(claim => ({ name: claim, resourceClaimName: claim })),
  } as never)

async function world(objects: Readonly<Record<string, readonly object[]>>, nodes = ['n1', 'n2']) {
  const client = createRecordingClient()
  const made = createWorld({ client, objects: { deviceclasses: [deviceClass('gpu')], ...objects } })
  for (const name of nodes) made.state.setNode(nodeOf(name))
  const tried = (pod: Pod) => {
    const [info, cycle] = [podInfoOf(pod), new CycleState()]
    const result = made.attempt(info, cycle)
    const said =
      'node' in result
        ? result.node.name
        : 'failure' in result
          ? result.failure.message('').replace(/^.*available: (\d+ )?/, '')
          : result.status.reasons.join()
    return { said, info, cycle, node: 'node' in result ? result.node : undefined }
  }
  const placed = (pod: Pod) => tried(pod).said
  // The first pod with a claim has the engine for expressions loaded.
  const [claim] = (objects.resourceclaims ?? []) as { metadata: { name: string } }[]
  if (claim) placed(podUsing('first', claim.metadata.name))
  await new Promise(resolve => setImmediate(resolve))
  const plugin = made.profile.points.reserve.find(({ name }) => name === 'DynamicResources')
  if (!plugin) throw new Error('no such plugin')
  return { ...made, client, plugin, tried, placed }
}

test('a pod goes where its device is, and the claim is told what it was given', async () => {
  const { tried, placed, plugin, client } = await world({
    resourceclaims: [claimOf('c', [one()]), claimOf('d', [one()])],
    resourceslices: [sliceOn('n2', [gpu('g0')])],
  })
  const { said, info, cycle, node } = tried(podUsing('p', 'c'))
  assert.equal(said, 'n2')
  assert.ok(node)
  plugin.reserve(cycle, info, node)
  assert.equal(placed(podUsing('q', 'd')), 'cannot allocate all claims.')
  assert.match(placed(podUsing('q', 'c')), /is in the process of being allocated/)
  assert.equal(await plugin.preBind?.(cycle, info, node), undefined)
  const [marked, status] = client.written
  const finalizers = ['resource.kubernetes.io/delete-protection']
  assert.deepEqual((marked?.body as { metadata: object } | undefined)?.metadata, {
    name: 'c',
    namespace: 'a',
    uid: 'c',
    finalizers,
  })
  assert.deepEqual(status?.options, { subresource: 'status' })
  plugin.unreserve?.(cycle, info, node)
  assert.equal(placed(podUsing('q', 'd')), 'n2', 'what is not written is free again')
})

test('conditions of class and request choose by attributes, capacity and version', async () => {
  const devices = [
    gpu('old', { attributes: { version: { version: '1.2.0' }, model: { string: 'a' } } }),
    gpu('new', {
      attributes: { version: { version: '2.0.0' }, model: { string: 'a' } },
      capacity: { memory: { value: '40Gi' } },
    }),
  ]
  const given = async (expression: string, ofClass = 'true') => {
    const selectors = [{ cel: { expression } }]
    const { tried, plugin, client } = await world({
      deviceclasses: [deviceClass('gpu', { selectors: [{ cel: { expression: ofClass } }] })],
      resourceclaims: [claimOf('c', [one({ selectors })])],
      resourceslices: [sliceOn('n1', devices)],
    })
    const { said, info, cycle, node } = tried(podUsing('p', 'c'))
    if (!node) return said
    await plugin.preBind?.(cycle, info, node)
    const body = client.written.at(-1)?.body as {
      status: { allocation: { devices: { results: { device: string }[] } } }
    }
    return body.status.allocation.devices.results.map(({ device }) => device).join()
  }
  const attribute = (name: string) => `device.attributes["${DRIVER}"].${name}`
  assert.equal(await given(`${attribute('model')} == "a"`), 'old')
  assert.equal(await given(`${attribute('version')}.isGreaterThan(semver("1.9.0"))`), 'new')
  assert.equal(
    await given(
      `"memory" in device.capacity["${DRIVER}"] && device.capacity["${DRIVER}"].memory.compareTo(quantity("20Gi")) >= 0`,
    ),
    'new',
  )
  assert.equal(await given('true', `device.driver == "other"`), 'cannot allocate all claims.')
  assert.equal(
    await given('"x" in device.attributes["no.such.domain"]'),
    'cannot allocate all claims.',
  )
  assert.match(await given(`${attribute('missing')} == 1`), /selector #0: /)
})

test('counts, all of them, alternatives, taints, counters and administrators', async () => {
  const tainted = { taints: [{ key: 'broken', effect: 'NoSchedule' }] }
  const partition = (name: string, value: string) =>
    gpu(name, { consumesCounters: [{ counterSet: 's', counters: { memory: { value } } }] })
  const both = [sliceOn('n1', [gpu('a'), gpu('b')])]
  const cases: readonly [string, readonly object[], readonly object[], string][] = [
    ['two', both, [one({ count: 2 })], 'n1'],
    ['three', both, [one({ count: 3 })], 'cannot allocate all claims.'],
    ['two wishes', both, [one(), { ...one(), name: 's' }], 'n1'],
    ['all', both, [one({ allocationMode: 'All', count: undefined })], 'n1'],
    [
      'all of none',
      [],
      [one({ allocationMode: 'All', count: undefined })],
      'cannot allocate all claims.',
    ],
    [
      'the second alternative',
      both,
      [
        {
          name: 'r',
          firstAvailable: [
            { name: 'x', deviceClassName: 'gpu', count: 3 },
            { name: 'y', deviceClassName: 'gpu', count: 1 },
          ],
        },
      ],
      'n1',
    ],
    ['tainted', [sliceOn('n1', [gpu('a', tainted)])], [one()], 'cannot allocate all claims.'],
    [
      'tolerated',
      [sliceOn('n1', [gpu('a', tainted)])],
      [one({ tolerations: [{ key: 'broken', operator: 'Exists' }] })],
      'n1',
    ],
    [
      'an incomplete pool',
      [sliceOn('n1', [gpu('a')], { pool: { name: 'n1', generation: 1, resourceSliceCount: 2 } })],
      [one()],
      'cannot allocate all claims.',
    ],
    [
      'more than the counters have',
      [
        sliceOn('n1', [partition('a', '6Gi'), partition('b', '6Gi')], {
          sharedCounters: [{ name: 's', counters: { memory: { value: '10Gi' } } }],
        }),
      ],
      [one({ count: 2 })],
      'cannot allocate all claims.',
    ],
    [
      'everywhere',
      [sliceOn('x', [gpu('a')], { nodeName: undefined, allNodes: true })],
      [one()],
      'n',
    ],
  ]
  for (const [what, resourceslices, requests, expected] of cases) {
    const { placed } = await world({ resourceslices, resourceclaims: [claimOf('c', requests)] })
    assert.ok(
      placed(podUsing('p', 'c')).startsWith(expected),
      `${what}: ${placed(podUsing('p', 'c'))}`,
    )
  }
  const taken = {
    ...claimOf('taken', [one()]),
    status: {
      allocation: {
        devices: { results: [{ driver: DRIVER, pool: 'n1', device: 'a', request: 'r' }] },
      },
      reservedFor: [{ resource: 'pods', name: 'x', uid: 'x' }],
    },
  }
  const { placed } = await world({
    resourceclaims: [claimOf('c', [one()]), claimOf('admin', [one({ adminAccess: true })]), taken],
    resourceslices: [sliceOn('n1', [gpu('a')])],
  })
  assert.equal(placed(podUsing('p', 'c')), 'cannot allocate all claims.')
  assert.equal(placed(podUsing('p', 'admin')), 'n1')
  assert.match(placed(podUsing('p', 'taken')), /^n/)
})

test('devices of one claim have the same attribute, or each another', async () => {
  const devices = ['x', 'y', 'x'].map((string, i) =>
    gpu(`g${i}`, { attributes: { numa: { string } } }),
  )
  const placedWith = async (constraint: object, count: number) => {
    const constraints = [{ requests: ['r'], ...constraint }]
    const { placed } = await world({
      resourceclaims: [claimOf('c', [one({ count })], { constraints })],
      resourceslices: [sliceOn('n1', devices)],
    })
    return placed(podUsing('p', 'c'))
  }
  const matchAttribute = { matchAttribute: `${DRIVER}/numa` }
  assert.equal(await placedWith(matchAttribute, 2), 'n1')
  assert.equal(await placedWith(matchAttribute, 3), 'cannot allocate all claims.')
  const distinctAttribute = { distinctAttribute: `${DRIVER}/numa` }
  assert.equal(await placedWith(distinctAttribute, 2), 'n1')
  assert.equal(await placedWith(distinctAttribute, 3), 'cannot allocate all claims.')
  assert.equal(
    await placedWith({ matchAttribute: `${DRIVER}/other` }, 1),
    'cannot allocate all claims.',
  )
})

test('claims that are not ready keep their pod waiting, and idle ones elsewhere are freed', async () => {
  const elsewhere = {
    ...claimOf('away', [one()]),
    status: {
      allocation: {
        devices: { results: [] },
        nodeSelector: {
          nodeSelectorTerms: [
            { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['gone'] }] },
          ],
        },
      },
    },
  }
  const { placed, postFilter, client } = await world({
    resourceclaims: [
      elsewhere,
      claimOf('unknown', [one({ deviceClassName: 'no' })]),
      {
        ...claimOf('going', []),
        metadata: { name: 'going', namespace: 'a', deletionTimestamp: 'x' },
      },
    ],
  })
  assert.equal(placed(podUsing('p', 'no')), 'could not find ResourceClaim "a/no".')
  assert.equal(placed(podUsing('p', 'going')), 'resourceclaim "going" is being deleted.')
  assert.equal(placed(podUsing('p', 'unknown')), 'request r: device class no does not exist.')
  const templated = podOf('p', {
    resourceClaims: [{ name: 't', resourceClaimTemplateName: 't' }],
  } as never)
  assert.equal(placed(templated), 'pod claim "t": ResourceClaim not created yet.')
  assert.equal(placed(podUsing('p', 'away')), 'resourceclaim not available on the node.')
  const { message } = await postFilter(podInfoOf(podUsing('p', 'away')))
  assert.match(message, /^deallocation of ResourceClaim completed/)
  assert.deepEqual((client.written[0]?.body as { status: object } | undefined)?.status, {})
})

const given = (client: { written: readonly { kind: string; body?: unknown }[] }) =>
  client.written.findLast(({ kind }) => kind === 'ResourceClaim')?.body as
    | { status: { allocation?: { devices: { results: object[] } } & Record<string, unknown> } }
    | undefined

test('a device that several may use is given in shares, until nothing of it is left', async () => {
  const wanting = (memory: string) => one({ capacity: { requests: { memory } } })
  const { tried, placed, plugin, client } = await world(
    {
      resourceclaims: [
        claimOf('c', [wanting('6Gi')]),
        claimOf('d', [wanting('4Gi')]),
        claimOf('e', [wanting('1Gi')]),
      ],
      resourceslices: [
        sliceOn('n1', [
          gpu('g0', { allowMultipleAllocations: true, capacity: { memory: { value: '10Gi' } } }),
        ]),
      ],
    },
    ['n1'],
  )
  for (const name of ['c', 'd']) {
    const { info, cycle, node } = tried(podUsing(name, name))
    assert.ok(node, name)
    plugin.reserve(cycle, info, node)
    assert.equal(await plugin.preBind?.(cycle, info, node), undefined)
  }
  const [share] = given(client)?.status.allocation?.devices.results ?? []
  const { shareID, ...rest } = share as { shareID: string }
  assert.match(shareID, /^[0-9a-f-]{36}$/)
  assert.deepEqual(rest, {
    request: 'r',
    driver: DRIVER,
    pool: 'n1',
    device: 'g0',
    consumedCapacity: { memory: '4Gi' },
  })
  assert.equal(placed(podUsing('q', 'e')), 'cannot allocate all claims.')
})

const ATTACHED = { bindingConditions: ['Attached'], bindingFailureConditions: ['Broken'] }

test('a device that has to be made ready ties its claim to the node, and holds the pod', async () => {
  const { tried, plugin, client } = await world({
    resourceclaims: [claimOf('c', [one()])],
    resourceslices: [
      sliceOn('n1', [gpu('g0', { ...ATTACHED, bindsToNode: true })], {
        nodeName: undefined,
        allNodes: true,
      }),
    ],
  })
  const { info, cycle, node } = tried(podUsing('p', 'c'))
  assert.ok(node)
  let isBound = false
  void Promise.resolve(plugin.preBind?.(cycle, info, node)).then(() => {
    isBound = true
  })
  await new Promise(resolve => setTimeout(resolve, 20))
  const { devices, ...allocation } = given(client)?.status.allocation ?? { devices: undefined }
  assert.deepEqual(devices?.results, [
    { request: 'r', driver: DRIVER, pool: 'n1', device: 'g0', ...ATTACHED },
  ])
  assert.deepEqual(allocation, {
    nodeSelector: {
      nodeSelectorTerms: [
        { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.name] }] },
      ],
    },
    allocationTimestamp: '2026-01-01T00:00:00Z',
  })
  assert.equal(isBound, false)
})

test('a claim whose devices were not made ready in time is freed', async () => {
  const result = { request: 'r', driver: DRIVER, pool: 'n1', device: 'g0', ...ATTACHED }
  const late = {
    ...claimOf('c', [one()]),
    status: {
      allocation: { allocationTimestamp: '2025-01-01T00:00:00Z', devices: { results: [result] } },
    },
  }
  const { placed, postFilter, client } = await world({ resourceclaims: [late] })
  assert.equal(placed(podUsing('p', 'c')), 'resourceclaim not available on the node.')
  const { message } = await postFilter(podInfoOf(podUsing('p', 'c')))
  assert.match(message, /deallocation of ResourceClaim completed/)
  assert.deepEqual(given(client)?.status, {})
})
