import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plugin } from '../../plugin-registration/plugin-registration.ts'
import { NotYet } from '../not-yet.ts'
import { CsiDrivers, type DriverOnNode } from './drivers.ts'
import type { CsiNodeService } from './node-service.ts'

function world() {
  const notes: string[] = []
  const state = { nodeId: 'here', isRefused: false, isSilent: false }
  const drivers = new CsiDrivers({
    connect: async (_, endpoint) =>
      ({
        getInfo: async () => ({
          nodeId: state.nodeId,
          maxVolumesPerNode: 3,
          accessibleTopology: { segments: { zone: 'z' } },
        }),
        async getCapabilities() {
          if (state.isSilent) throw new Error('no answer')
          return new Set([1])
        },
        close: () => notes.push(`close ${endpoint}`),
      }) as unknown as CsiNodeService,
    async announce(driver: DriverOnNode) {
      if (state.isRefused) throw new Error('the API is away')
      notes.push(`announce ${JSON.stringify(driver)}`)
    },
    renounce: name => void notes.push(`renounce ${name}`),
    changed: () => void notes.push('changed'),
  })
  return { drivers, state, take: () => notes.splice(0) }
}
const plugin = (endpoint: string, more: Partial<Plugin> = {}): Plugin => ({
  ...{ name: 'd', endpoint, supportedVersions: ['1.0.0'], socketPath: '/r' },
  ...more,
})

test('a driver is announced with what it says, and found by its name', async () => {
  const { drivers, take } = world()
  assert.throws(
    () => drivers.get('d'),
    /driver name d not found in the list of registered CSI drivers/,
  )
  await drivers.register(plugin('/a'))
  assert.deepEqual(take(), [
    'announce {"name":"d","nodeId":"here","maxVolumes":3,"topology":{"zone":"z"}}',
    'changed',
  ])
  assert.equal(drivers.get('d').endpoint, '/a')
  assert.ok(drivers.get('d').capabilities.has(1))
})

test('a newer one takes its place, and the end of the older one is not its own', async () => {
  const { drivers, take } = world()
  await drivers.register(plugin('/a'))
  await drivers.register(plugin('/b'))
  take()
  drivers.deregister(plugin('/a'))
  assert.equal(drivers.get('d').endpoint, '/b')
  assert.deepEqual(take(), [])
  drivers.deregister(plugin('/b'))
  assert.deepEqual(take(), ['close /b', 'renounce d'])
  assert.throws(() => drivers.get('d'))
})

test('the end of one place where it registered is not that of another', async () => {
  const { drivers } = world()
  await drivers.register(plugin('/a', { socketPath: '/old' }))
  await drivers.register(plugin('/a', { socketPath: '/new' }))
  drivers.deregister(plugin('/a', { socketPath: '/old' }))
  assert.equal(drivers.get('d').endpoint, '/a')
  drivers.deregister(plugin('/a', { socketPath: '/new' }))
  assert.throws(() => drivers.get('d'))
})

test('one that does not say what it can do is not told of', async () => {
  const { drivers, state, take } = world()
  state.isSilent = true
  await assert.rejects(drivers.register(plugin('/a')), /no answer/)
  assert.deepEqual(take(), ['close /a'])
})

test('one that the control plane did not hear of is not registered', async () => {
  const { drivers, state, take } = world()
  state.isRefused = true
  await assert.rejects(drivers.register(plugin('/a')), /error updating CSINode.*the API is away/)
  state.isRefused = false
  state.nodeId = ''
  await assert.rejects(drivers.register(plugin('/a')), /gave no id for the node/)
  assert.deepEqual(take(), ['close /a', 'close /a'])
  assert.throws(() => drivers.get('d'))
})

test('versions and names that are none are refused', () => {
  const { drivers } = world()
  drivers.validate(plugin('/a', { supportedVersions: ['0.3.0', 'v1.2.0'] }))
  for (const supportedVersions of [[], ['0.3.0'], ['2.0.0']])
    assert.throws(
      () => drivers.validate(plugin('/a', { supportedVersions })),
      /none of the CSI versions/,
    )
  assert.throws(() => drivers.validate(plugin('/a', { name: '' })), /name is empty/)
})

test('until all that were there were asked, a driver is not missing but only not known yet', () => {
  const { drivers } = world()
  drivers.isSettled = false
  assert.throws(() => drivers.get('d'), NotYet)
})
