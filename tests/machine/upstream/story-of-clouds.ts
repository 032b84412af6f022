/** What happens to machines, nodes, Services and routes of a cloud, and what is to be seen after each step. */
import { node as nodeKind } from '#api/core/v1/node.ts'
import { service as serviceKind } from '#api/core/v1/service.ts'
import { ImplementedElsewhere, RetryLater } from '#index'
import type { ManagedCluster } from './cloud-manager.ts'
import { eventOf, nodeOf, serviceOf } from './seen-of-clouds.ts'

export interface Step {
  readonly name: string
  readonly act: (world: ManagedCluster) => Promise<unknown>
  /** Becomes true when the step is over; without it some time passes in which nothing is to happen. */
  readonly until?: (world: ManagedCluster) => Promise<unknown>
}

const UNINITIALIZED = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  effect: 'NoSchedule',
}
const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup'
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers'
const at = (name: string) => ({ name, namespace: 'default' })

/** A node without a machine of ours behind it, which says that it is ready, or not. */
const comes = (world: ManagedCluster, name: string, metadata: object = {}, spec: object = {}) =>
  world.cluster.client.create(nodeKind, {
    metadata: { name, ...metadata },
    spec: { taints: [{ ...UNINITIALIZED, value: 'true' }], ...spec },
    status: { conditions: [{ type: 'Ready', status: 'True', reason: 'Said', message: 'so' }] },
  } as never)

const asks = (world: ManagedCluster, name: string, spec: object = {}) =>
  world.cluster.client.create(serviceKind, {
    metadata: at(name),
    spec: { type: 'LoadBalancer', selector: { app: name }, ports: [{ port: 80 }], ...spec },
  } as never)

const changes = (world: ManagedCluster, name: string, patch: object) =>
  world.cluster.client.patch(serviceKind, at(name), 'merge', patch)

const labels = (world: ManagedCluster, name: string, labels: object) =>
  world.cluster.client.patch(nodeKind, { name }, 'merge', { metadata: { labels } })

const isInitialised = async (world: ManagedCluster, name: string) => {
  const { spec, status } = (await nodeOf(world, name)) ?? {}
  return (
    spec?.taints?.some(({ key }) => key === UNINITIALIZED.key) !== true &&
    status?.conditions?.some(({ type }) => type === 'NetworkUnavailable')
  )
}
const isGiven = async (world: ManagedCluster, name: string) =>
  (await serviceOf(world, name))?.status?.loadBalancer?.ingress?.length
const isLeft = async (world: ManagedCluster, name: string) =>
  (await serviceOf(world, name))?.metadata.finalizers?.includes(FINALIZER) !== true
const nodesBehind = ({ cloud }: ManagedCluster, name: string) =>
  [...cloud.balancers.values()].find(({ service }) => service === `default/${name}`)?.nodes.length
const isShutDown = async (world: ManagedCluster, name: string) =>
  (await nodeOf(world, name))?.spec.taints?.some(({ key }) => key.endsWith('/shutdown')) === true
const isRouted = async (world: ManagedCluster, name: string, status: string) =>
  (await nodeOf(world, name))?.status.conditions?.some(
    each => each.type === 'NetworkUnavailable' && each.status === status,
  )

const countOf = (cloud: ManagedCluster['cloud'], request: string, about: string) =>
  cloud.calls.filter(call => call.request === request && call.about === about).length
const addressesOf = async (world: ManagedCluster, name: string) =>
  ((await nodeOf(world, name))?.status.addresses ?? []).map(({ address }) => address).join(' ')

export const storyOfClouds: readonly Step[] = [
  {
    name: 'three nodes join',
    act: async () => {},
    until: async world =>
      (await Promise.all([0, 1, 2].map(i => isInitialised(world, `node-${i}`)))).every(Boolean),
  },
  {
    name: 'a node wishes for an address that the cloud does not know',
    async act(world) {
      const addresses = ['10.9.9.1', '10.9.9.2'].map(
        address => ({ type: 'InternalIP', address }) as const,
      )
      world.cloud.launch('wishful', {
        addresses: [...addresses, { type: 'ExternalIP', address: '192.0.2.9' }],
        labels: { 'acme.com/rack': '7', 'acme.com/own': 'cloud', 'node.kubernetes.io/no': 'x' },
      })
      const annotations = { 'alpha.kubernetes.io/provided-node-ip': '10.9.9.3' }
      const own = { 'acme.com/own': 'node' }
      await comes(
        world,
        'wishful',
        { annotations, labels: own },
        { podCIDR: '10.244.9.0/24', podCIDRs: ['10.244.9.0/24'] },
      )
    },
  },
  {
    name: 'and gets it',
    async act({ cloud }) {
      const before = cloud.machines.get('wishful')?.addresses ?? []
      cloud.setAddresses('wishful', [...before, { type: 'InternalIP', address: '10.9.9.3' }])
    },
    until: world => isInitialised(world, 'wishful'),
  },
  {
    name: 'a node comes with a provider ID and labels of its own',
    async act(world) {
      world.cloud.launch('known', { instanceType: 'big', zone: 'here', region: '' })
      await comes(
        world,
        'known',
        { labels: { 'topology.kubernetes.io/zone': 'elsewhere' } },
        { providerID: 'other://known', podCIDR: '10.244.8.0/24', podCIDRs: ['10.244.8.0/24'] },
      )
    },
    until: world => isInitialised(world, 'known'),
  },
  {
    name: 'a machine gets other addresses',
    act: async ({ cloud }) =>
      cloud.setAddresses('node-1', [
        { type: 'InternalIP', address: '10.7.7.7' },
        { type: 'Hostname', address: 'seven' },
        { type: 'InternalDNS', address: 'seven.cloud' },
      ]),
    until: async world =>
      (await nodeOf(world, 'node-1'))?.status.addresses?.some(({ address }) => address === 'seven'),
  },
  {
    name: 'somebody takes a label away, and changes another',
    act: world =>
      labels(world, 'node-2', {
        'topology.kubernetes.io/zone': null,
        'node.kubernetes.io/instance-type': 'mine',
      }),
    until: async world => {
      const found = (await nodeOf(world, 'node-2'))?.metadata.labels ?? {}
      return (
        found['topology.kubernetes.io/zone'] && found['node.kubernetes.io/instance-type'] !== 'mine'
      )
    },
  },
  {
    name: 'Services of all sorts',
    async act(world) {
      await asks(world, 'web')
      await asks(world, 'local', { externalTrafficPolicy: 'Local', loadBalancerIP: '192.0.2.77' })
      await asks(world, 'classy', { loadBalancerClass: 'acme.com/lb' })
      await asks(world, 'inside', { type: 'ClusterIP' })
    },
    until: async world => (await isGiven(world, 'web')) && isGiven(world, 'local'),
  },
  {
    name: 'a port changes, an annotation, and a selector, which is nobody’s business',
    async act(world) {
      await changes(world, 'web', { spec: { ports: [{ port: 81 }] } })
      await changes(world, 'local', { metadata: { annotations: { a: 'b' } } })
      await changes(world, 'inside', { spec: { selector: { a: 'b' } } })
    },
  },
  {
    name: 'types change',
    async act(world) {
      await changes(world, 'local', { spec: { type: 'NodePort', externalTrafficPolicy: null } })
      await changes(world, 'inside', { spec: { type: 'LoadBalancer' } })
    },
    until: async world => (await isLeft(world, 'local')) && isGiven(world, 'inside'),
  },
  {
    name: 'who may come, how long they stay, and where it is reached',
    act: world =>
      changes(world, 'web', {
        spec: {
          loadBalancerSourceRanges: ['192.0.2.0/24'],
          sessionAffinity: 'ClientIP',
          externalIPs: ['192.0.2.1'],
        },
      }),
    until: async ({ cloud }) => countOf(cloud, 'EnsureLoadBalancer', 'default/web') >= 3,
  },
  {
    name: 'two addresses of a machine change places',
    act: async ({ cloud }) =>
      cloud.setAddresses('node-2', [
        { type: 'ExternalIP', address: '192.0.2.33' },
        { type: 'InternalIP', address: '10.3.3.2' },
        { type: 'InternalIP', address: '10.3.3.1' },
      ]),
    until: async world => (await addressesOf(world, 'node-2')).startsWith('192.0.2.33 10.3.3.2'),
  },
  {
    name: 'and again, and those of types that stand in another order',
    act: async ({ cloud }) =>
      cloud.setAddresses('node-2', [
        { type: 'InternalIP', address: '10.3.3.1' },
        { type: 'InternalIP', address: '10.3.3.2' },
        { type: 'ExternalIP', address: '192.0.2.33' },
      ]),
    until: async world => (await addressesOf(world, 'node-2')).includes('10.3.3.1 10.3.3.2'),
  },
  {
    name: 'a quota is used up',
    async act(world) {
      world.cloud.fail('EnsureLoadBalancer', 'quota exceeded')
      await asks(world, 'poor')
    },
    until: world => eventOf(world, 'SyncLoadBalancerFailed', 'poor'),
  },
  {
    name: 'and there is more of it',
    act: async ({ cloud }) => cloud.fail('EnsureLoadBalancer', undefined),
    until: world => isGiven(world, 'poor'),
  },
  {
    name: 'the cloud wants to be asked later',
    async act(world) {
      world.cloud.fail('EnsureLoadBalancer', new RetryLater('busy', 1000))
      await asks(world, 'later')
    },
    until: world => eventOf(world, 'SyncLoadBalancerFailed', 'later'),
  },
  {
    name: 'and is',
    act: async ({ cloud }) => cloud.fail('EnsureLoadBalancer', undefined),
    until: world => isGiven(world, 'later'),
  },
  {
    name: 'somebody else makes load balancers',
    async act(world) {
      world.cloud.fail('EnsureLoadBalancer', new ImplementedElsewhere())
      // Its own address: after a restart it gets one before or after others give theirs back.
      await asks(world, 'elsewhere', { loadBalancerIP: '192.0.2.98' })
    },
  },
  {
    name: 'a node is excluded',
    async act(world) {
      world.cloud.fail('EnsureLoadBalancer', undefined)
      await labels(world, 'node-2', { [EXCLUDED]: '' })
    },
    until: async world => nodesBehind(world, 'web') === 4 && nodesBehind(world, 'later') === 4,
  },
  {
    name: 'it comes back where the cloud does not want to hear of it',
    async act(world) {
      world.cloud.fail('UpdateLoadBalancer', 'not now')
      await labels(world, 'node-2', { [EXCLUDED]: 'false' })
    },
    until: async world => nodesBehind(world, 'web') === 5 && nodesBehind(world, 'later') === 5,
  },
  {
    name: 'a node is about to be deleted, which changes nothing yet',
    act: async world => {
      world.cloud.fail('UpdateLoadBalancer', undefined)
      const { spec } = (await nodeOf(world, 'known')) ?? {}
      const taints = [
        ...(spec?.taints ?? []),
        { key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' },
      ]
      await world.cluster.client.patch(nodeKind, { name: 'known' }, 'merge', { spec: { taints } })
    },
  },
  {
    name: 'a machine is switched off',
    act: async ({ cloud }) => cloud.shutDown('node-0'),
    until: world => isShutDown(world, 'node-0'),
  },
  {
    name: 'and on',
    act: async ({ cloud }) => cloud.powerOn('node-0'),
    until: async world => !(await isShutDown(world, 'node-0')),
  },
  {
    name: 'a machine is terminated while the cloud does not answer for it',
    async act({ cloud }) {
      cloud.fail('InstanceExists', 'timeout')
      cloud.terminate('node-0')
    },
  },
  {
    name: 'then it does',
    act: async ({ cloud }) => cloud.fail('InstanceExists', undefined),
    until: async world =>
      !(await nodeOf(world, 'node-0')) &&
      nodesBehind(world, 'web') === 3 &&
      [...world.cloud.routeTable.values()].every(({ targetNode }) => targetNode !== 'node-0'),
  },
  {
    name: 'routes that nobody needs, and one that is nobody’s business',
    async act({ cloud }) {
      const never = new AbortController().signal
      const make = (destinationCIDR: string, targetNode: string) =>
        cloud.routes.createRoute('', targetNode, { name: '', targetNode, destinationCIDR }, never)
      await make('10.244.77.0/24', 'nobody')
      await make('10.244.78.0/24', '')
      await make('192.168.0.0/24', 'router')
    },
    until: async ({ cloud }) => !cloud.routeTable.has('10.244.77.0/24'),
  },
  {
    name: 'a route cannot be made',
    async act(world) {
      world.cloud.fail('CreateRoute', 'table is full')
      world.cloud.launch('late')
      await comes(world, 'late', {}, { podCIDR: '10.244.55.0/24', podCIDRs: ['10.244.55.0/24'] })
    },
    until: world => isRouted(world, 'late', 'True'),
  },
  {
    name: 'then it can',
    act: async ({ cloud }) => cloud.fail('CreateRoute', undefined),
    until: world => isRouted(world, 'late', 'False'),
  },
  {
    name: 'much happens while the manager is away',
    async act(world) {
      await world.leave()
      await world.cluster.client.delete(serviceKind, at('poor'))
      await changes(world, 'inside', { spec: { type: 'ClusterIP' } })
      // Which of several is worked on first is nobody's business, so none takes the next free address.
      await asks(world, 'missed', { loadBalancerIP: '192.0.2.99' })
      await labels(world, 'late', { [EXCLUDED]: '' })
      const addresses = [{ type: 'InternalIP', address: '10.8.8.8' }] as const
      world.cloud.setAddresses('node-1', addresses)
      world.comeBack()
    },
    until: async world =>
      (await isGiven(world, 'missed')) &&
      !(await serviceOf(world, 'poor')) &&
      (await isLeft(world, 'inside')) &&
      (await addressesOf(world, 'node-1')).includes('10.8.8.8'),
  },
  {
    name: 'and then a machine is terminated',
    async act(world) {
      await world.leave()
      world.cloud.terminate('node-2')
      world.comeBack()
    },
    until: async world =>
      !(await nodeOf(world, 'node-2')) &&
      nodesBehind(world, 'missed') === 2 &&
      [...world.cloud.routeTable.values()].every(({ targetNode }) => targetNode !== 'node-2'),
  },
  {
    name: 'a Service is deleted that never got any',
    async act(world) {
      world.cloud.fail('EnsureLoadBalancer', 'quota exceeded')
      await asks(world, 'vain')
      await world.cluster.client.delete(serviceKind, at('vain'))
    },
    until: async world => !(await serviceOf(world, 'vain')),
  },
  {
    name: 'a Service is deleted whose load balancer cannot go',
    async act(world) {
      world.cloud.fail('EnsureLoadBalancerDeleted', 'in use')
      await world.cluster.client.delete(serviceKind, at('web'))
    },
    until: world => eventOf(world, 'SyncLoadBalancerFailed', 'web'),
  },
  {
    name: 'all are deleted',
    async act(world) {
      world.cloud.fail('EnsureLoadBalancerDeleted', undefined)
      for (const name of ['local', 'classy', 'inside', 'missed', 'later', 'elsewhere'])
        await world.cluster.client.delete(serviceKind, at(name))
    },
    until: async world =>
      (await world.cluster.client.list(serviceKind)).items.length === 1 &&
      world.cloud.balancers.size === 0,
  },
]
