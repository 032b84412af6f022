/** The controllers together: which run, and what they count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { MemoryCloud } from '#simulation/cloud/memory-cloud.ts'
import { checkCloudOptions, parseEnabled } from './cloud.ts'
import { CloudWorld } from './testing/cloud-world.ts'

const ALL = [
  'cloud-node-controller',
  'cloud-node-lifecycle-controller',
  'service-lb-controller',
  'node-route-controller',
]
const chosen = (text: string) => ALL.filter(parseEnabled(text))

test('controllers are chosen by their names, or by those that upstream gave them before', () => {
  assert.deepEqual(chosen('*'), ALL)
  assert.deepEqual(chosen(''), [])
  assert.deepEqual(chosen('*,-service-lb-controller'), ALL.toSpliced(2, 1))
  assert.deepEqual(chosen('*,-route'), ALL.slice(0, 3))
  assert.deepEqual(chosen('cloud-node'), ['cloud-node-controller'])
  assert.throws(() => parseEnabled('nodes'), {
    name: 'UserError',
    message: /there is no controller "nodes"; known are cloud-node-controller, /,
  })
})

test('a cloud with routes needs to know the range of pods', () => {
  const provider = new MemoryCloud({ clock: createManualClock() })
  assert.throws(() => checkCloudOptions({ provider }), /--cluster-cidr is needed/)
  assert.throws(() => checkCloudOptions({ provider, clusterCidr: 'x' }), /--cluster-cidr wants/)
  checkCloudOptions({ provider, configureCloudRoutes: false })
  checkCloudOptions({ provider, enabled: '*,-node-route-controller' })
  checkCloudOptions({ provider: { name: 'none' } })
})

test('requests are counted by the names that upstream gives them, with those that failed', async () => {
  const world = new CloudWorld('*')
  const commands = world.commands()
  await commands.launch?.('n1')
  await commands.node?.('n1', '{spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24]}}')
  await commands.fails?.('EnsureLoadBalancer', 'no')
  await commands.service?.('web')
  await commands.pass?.('11')
  await commands.look?.()
  const figures = new Map(world.figures.source().map(figure => [figure.name, figure.values]))
  const requests = (name: string, suffix?: string) =>
    Object.fromEntries(
      (figures.get(name) ?? [])
        .filter(sample => suffix === undefined || sample.suffix === suffix)
        .map(({ labels, value }) => [labels.request, value]),
    )
  const durations = requests('cloudprovider_memory_api_request_duration_seconds', '_count')
  assert.equal(durations.InstanceMetadata, 1)
  assert.equal(durations.EnsureLoadBalancer, 2)
  assert.equal(durations.CreateRoute, 1)
  assert.ok((durations.ListRoutes ?? 0) >= 2)
  assert.deepEqual(requests('cloudprovider_memory_api_request_errors'), { EnsureLoadBalancer: 2 })
  const counted = (name: string, suffix?: string) =>
    figures.get(name)?.find(sample => sample.suffix === suffix)?.value
  assert.equal(counted('node_controller_initial_node_sync_delay_seconds', '_count'), 1)
  assert.ok((counted('route_controller_route_sync_total') ?? 0) >= 2)
  const queues = figures.get('workqueue_depth')?.map(({ labels }) => labels.name)
  assert.deepEqual(queues, ['Nodes', 'service', 'node'])
  const running = figures.get('running_managed_controllers') ?? []
  assert.deepEqual(
    running.map(({ labels, value }) => `${labels.manager} ${labels.name} ${value}`),
    ['cloud-node', 'cloud-node-lifecycle', 'service', 'route'].map(
      name => `cloud-controller-manager ${name} 1`,
    ),
  )
})
