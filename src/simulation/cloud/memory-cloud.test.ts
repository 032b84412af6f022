import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { MemoryCloud, type MemoryCloudOptions } from './memory-cloud.ts'

const { signal } = new AbortController()
const cloudOf = (options: Partial<MemoryCloudOptions> = {}) =>
  new MemoryCloud({ clock: createManualClock(), ...options })
const node = (name: string, more: object = {}) =>
  ({ metadata: { name }, spec: {}, status: {}, ...more }) as unknown as Node
const service = (uid: string, spec: object = {}) =>
  ({ metadata: { name: uid, namespace: 'd', uid }, spec }) as unknown as Service

test('machines are spread over zones, and have addresses of their own', async () => {
  const cloud = cloudOf({ region: 'r', zones: ['a', 'b'] })
  for (const name of ['n0', 'n1', 'n2']) cloud.launch(name)
  const machines = [...cloud.machines.values()]
  assert.deepEqual(
    machines.map(({ zone, region }) => `${region} ${zone}`),
    ['r a', 'r b', 'r a'],
  )
  assert.equal(new Set(machines.flatMap(({ addresses }) => addresses.map(a => a.address))).size, 3)
})

test('a node that nobody launched has a machine where nodes are adopted', async () => {
  const status = { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] }
  const adopting = cloudOf()
  const metadata = await adopting.instances.instanceMetadata(node('n', { status }), signal)
  assert.equal(metadata.nodeAddresses?.[0]?.address, '10.0.0.1')
  const strict = cloudOf({ adoptsNodes: false })
  assert.equal(await strict.instances.instanceExists(node('n'), signal), false)
})

test('a machine goes off and on, is terminated for good, and may be launched anew', async () => {
  const cloud = cloudOf()
  const told: string[] = []
  const end = cloud.watchMachines(({ name, power }) => told.push(`${name} ${power}`))
  const { instanceExists: exists, instanceShutdown: isOff } = cloud.instances
  cloud.launch('n')
  cloud.shutDown('n')
  assert.deepEqual([await exists(node('n'), signal), await isOff(node('n'), signal)], [true, true])
  cloud.powerOn('n')
  cloud.terminate('n')
  assert.deepEqual(
    [await exists(node('n'), signal), await isOff(node('n'), signal)],
    [false, false],
  )
  await assert.rejects(cloud.instances.instanceMetadata(node('n'), signal), /instance not found/)
  end()
  cloud.launch('n')
  assert.equal(await exists(node('n'), signal), true)
  assert.deepEqual(told, ['n on', 'n off', 'n on', 'n terminated'])
  assert.throws(() => cloud.shutDown('unknown'), /the cloud has no machine unknown/)
})

test('an annotation of its node switches a machine', () => {
  const cloud = cloudOf()
  cloud.launch('n')
  const says = (power: string) =>
    cloud.nodeChanged(
      node('n', { metadata: { name: 'n', annotations: { 'cloud.proa.dev/power': power } } }),
    )
  const power = () => cloud.machines.get('n')?.power
  const after = (text: string) => {
    says(text)
    return power()
  }
  assert.deepEqual(['off', 'nonsense', 'on', 'terminated', 'on'].map(after), [
    'off',
    'off',
    'on',
    'terminated',
    'terminated',
  ])
  cloud.nodeChanged(
    node('stranger', { metadata: { annotations: { 'cloud.proa.dev/power': 'off' } } }),
  )
})

test('load balancers have an address each, the one that is wished for, and give it back', async () => {
  const cloud = cloudOf({ loadBalancerCidr: '192.0.2.0/30' })
  const { ensureLoadBalancer: ensure, ensureLoadBalancerDeleted: remove } = cloud.loadBalancer
  const ipOf = async (of: Service) => (await ensure('c', of, [], signal)).ingress?.[0]?.ip
  assert.equal(await ipOf(service('a')), '192.0.2.1')
  assert.equal(await ipOf(service('a')), '192.0.2.1')
  assert.equal(await ipOf(service('b')), '192.0.2.2')
  await assert.rejects(ipOf(service('c')), /no address is left/)
  assert.equal(await ipOf(service('d', { loadBalancerIP: '198.51.100.1' })), '198.51.100.1')
  await remove('c', service('a'), signal)
  assert.equal(await ipOf(service('c')), '192.0.2.1')
  await assert.rejects(cloud.loadBalancer.updateLoadBalancer('c', service('x'), [], signal), {
    message: 'load balancer ax not found',
  })
})

test('requests fail and take their time as they are told, and are remembered, a thousand of them', async () => {
  const clock = createManualClock()
  const cloud = cloudOf({ clock })
  cloud.launch('n')
  cloud.fail('InstanceExists', 'timeout')
  await assert.rejects(cloud.instances.instanceExists(node('n'), signal), { message: 'timeout' })
  cloud.fail('InstanceExists', undefined)
  cloud.delay('InstanceExists', 1000)
  let isAnswered = false
  const asked = cloud.instances.instanceExists(node('n'), signal).then(() => {
    isAnswered = true
  })
  await clock.advance(999)
  assert.equal(isAnswered, false)
  await clock.advance(1)
  await asked
  const aborting = new AbortController()
  const unwanted = cloud.instances.instanceExists(node('n'), aborting.signal)
  aborting.abort(new Error('not any more'))
  await assert.rejects(unwanted, /not any more/)
  const annotations = { 'cloud.proa.dev/error': 'quota exceeded' }
  const poor = { metadata: { name: 'poor', annotations }, spec: {} } as unknown as Service
  await assert.rejects(cloud.loadBalancer.getLoadBalancer('c', poor, signal), /quota exceeded/)
  assert.deepEqual(cloud.calls.at(-1), { request: 'GetLoadBalancer', about: 'poor' })
  for (let i = 0; i < 1100; i++) await cloud.routes.listRoutes('c', signal)
  assert.equal(cloud.calls.length, 1000)
})

test('a terminated machine leaves routes into nothing', async () => {
  const cloud = cloudOf()
  cloud.launch('n')
  const route = { name: '', targetNode: 'n', destinationCIDR: '10.0.0.0/24' }
  await cloud.routes.createRoute('c', 'h', route, signal)
  cloud.terminate('n')
  assert.equal((await cloud.routes.listRoutes('c', signal))[0]?.blackhole, true)
})
