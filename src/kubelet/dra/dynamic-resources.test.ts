import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { createMemoryFiles } from '../../simulation/hollow/memory-files.ts'
import { rest } from '../../simulation/testing/hollow-cluster.ts'
import type { GrpcStreamSink } from '../cri/grpc.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import { createMemorySockets } from '../testing/memory-sockets.ts'
import { Drivers } from './drivers.ts'
import { DynamicResources } from './dynamic-resources.ts'
import * as messages from './messages.ts'

const DRIVER = 'gpu.example.com'
const SOCKET = '/var/lib/kubelet/plugins/gpu/dra.sock'
const SERVICE = '/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin'
const BETA = '/k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin'

const claimOf = (name: string, uid: string, users: readonly string[], owner?: string) => ({
  metadata: {
    ...{ name, uid, namespace: 'default' },
    ...(owner ? { ownerReferences: [{ uid: owner, controller: true }] } : {}),
  },
  status: {
    allocation: {
      devices: { results: [{ request: 'main', driver: DRIVER, pool: 'p', device: 'd' }] },
    },
    reservedFor: users.map(user => ({ resource: 'pods', name: user, uid: user })),
  },
})

const podOf = (uid: string, claim: object = { resourceClaimName: 'shared' }) =>
  ({
    metadata: { name: uid, uid, namespace: 'default' },
    spec: {
      resourceClaims: [{ name: 'r', ...claim }],
      containers: [{ name: 'c', resources: { claims: [{ name: 'r' }] } }],
    },
    status: { resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'made-1' }] },
  }) as unknown as Pod

/** A node with one driver. */
class Node {
  readonly clock = createManualClock()
  readonly files = createMemoryFiles()
  readonly net = createMemorySockets()
  readonly claims = new Map<string, object>()
  readonly calls: string[] = []
  readonly wiped: (string | undefined)[] = []
  readonly affected: string[] = []
  failure = ''
  /** By the claim's UID. */
  readonly failures = new Map<string, string>()
  health: GrpcStreamSink | undefined
  drivers!: Drivers
  resources!: DynamicResources

  async start(): Promise<void> {
    await this.files.makeDirectory('/var/lib/kubelet')
    const client = {
      get: async (_: unknown, name: string) => {
        const found = this.claims.get(name)
        if (!found) throw new Error('not found')
        return found
      },
      deleteAll: async (_: unknown, { fieldSelector }: { fieldSelector?: string }) =>
        void this.wiped.push(fieldSelector),
    }
    const options = {
      ...{ nodeName: 'n1', rootDirectory: '/var/lib/kubelet' },
      hostAccess: { files: this.files },
    }
    const context = { client, clock: this.clock, log: silentLog, options }
    const parts = { context: context as unknown as KubeletContext, sockets: this.net.sockets }
    this.drivers = new Drivers({
      ...parts,
      healthChanged: driver => this.affected.push(...this.resources.usersOf(driver)),
    })
    this.resources = new DynamicResources({ ...parts, drivers: this.drivers })
    await this.resources.start()
    this.drivers.start()
  }

  async stop(): Promise<void> {
    this.drivers.stop()
    await this.resources.stop()
  }

  appear(service = SERVICE, socket = SOCKET): void {
    const answer =
      (method: string, entry: (uid: string) => object) => async (bytes: Uint8Array) => {
        const { claims } = messages.claimsRequest.decode(bytes)
        this.calls.push(...claims.map(({ name }) => `${method} ${name}`))
        const value = (uid: string) => {
          const error = this.failures.get(uid) ?? this.failure
          return error ? { error } : entry(uid)
        }
        const entries = claims.map(({ uid = '' }) => ({ key: uid, value: value(uid) }))
        return method === 'prepare'
          ? messages.prepareResponse.encode({ claims: entries })
          : messages.unprepareResponse.encode({ claims: entries })
      }
    this.net.put(socket, {
      methods: {
        [`${service}/NodePrepareResources`]: answer('prepare', uid => ({
          devices: [
            {
              requestNames: ['main'],
              poolName: 'p',
              deviceName: 'd',
              cdiDeviceIds: [`v/c=${uid}`],
            },
          ],
        })),
        [`${service}/NodeUnprepareResources`]: answer('unprepare', () => ({})),
      },
      streams: {
        '/v1alpha1.DRAResourceHealth/NodeWatchResources': sink => {
          this.health = sink
          return () => {}
        },
      },
    })
  }

  async register(supportedVersions = ['v1.DRAPlugin', 'v1alpha1.DRAResourceHealth']) {
    const plugin = { name: DRIVER, endpoint: SOCKET, supportedVersions, socketPath: '/reg' }
    this.drivers.validate(plugin)
    await this.drivers.register(plugin)
    return plugin
  }
}

async function withNode(work: (node: Node) => Promise<void>): Promise<void> {
  const node = new Node()
  await node.start()
  node.appear()
  try {
    await work(node)
  } finally {
    await node.stop()
  }
}
const container = (pod: Pod) => pod.spec?.containers[0] ?? assert.fail()

test('a claim is prepared once for all its pods, and given back with the last', () =>
  withNode(async node => {
    await node.register()
    node.claims.set('shared', claimOf('shared', 'u1', ['a', 'b']))
    const [a, b] = [podOf('a'), podOf('b')]
    await Promise.all([node.resources.prepare(a), node.resources.prepare(b)])
    await node.resources.prepare(a)
    assert.deepEqual(node.calls, ['prepare shared'])
    assert.deepEqual(node.resources.cdiDevicesOf(a, container(a)), ['v/c=u1'])
    await node.resources.release('a')
    assert.deepEqual(node.calls, ['prepare shared'])
    await node.resources.release('b')
    await node.resources.release('b')
    assert.deepEqual(node.calls, ['prepare shared', 'unprepare shared'])
  }))

test('a claim is prepared only for whom it is reserved, and whose it is', () =>
  withNode(async node => {
    await node.register()
    node.claims.set('shared', claimOf('shared', 'u1', ['b']))
    const refused = (pod: Pod, message: string) =>
      assert.rejects(node.resources.prepare(pod), { message })
    await refused(podOf('a'), 'pod a(a) is not allowed to use ResourceClaim shared(u1)')
    node.claims.set('made-1', claimOf('made-1', 'u2', ['a'], 'b'))
    await refused(
      podOf('a', { name: 'made', resourceClaimTemplateName: 't' }),
      'ResourceClaim made-1 was not created for pod a',
    )
    await refused(
      podOf('a', { name: 'other', resourceClaimTemplateName: 't' }),
      'the ResourceClaim for the claim "other" of the pod has not been made yet',
    )
    node.claims.set('shared', {
      ...claimOf('shared', 'u1', []),
      status: { reservedFor: [{ resource: 'pods', uid: 'a' }] },
    })
    await refused(podOf('a'), 'ResourceClaim shared is not allocated')
    assert.deepEqual(node.calls, [])
    assert.equal(resourceClaim.plural, 'resourceclaims')
  }))

test('what a driver says against it is told, and is tried again', () =>
  withNode(async node => {
    node.claims.set('shared', claimOf('shared', 'u1', ['a']))
    const pod = podOf('a')
    await assert.rejects(node.resources.prepare(pod), {
      message: `DRA driver ${DRIVER} is not registered`,
    })
    await node.register()
    node.failure = 'no such device'
    await assert.rejects(node.resources.prepare(pod), {
      message: 'NodePrepareResources failed for ResourceClaim shared: no such device',
    })
    node.net.put(SOCKET, undefined)
    await assert.rejects(node.resources.prepare(pod), {
      message: `NodePrepareResources: rpc error: code = Unavailable desc = nobody answers at ${SOCKET}`,
    })
    node.appear()
    node.failure = ''
    await node.resources.prepare(pod)
    node.failure = 'busy'
    await assert.rejects(node.resources.release('a'), {
      message: 'NodeUnprepareResources failed for ResourceClaim shared: busy',
    })
    node.failure = ''
    await node.resources.release('a')
    assert.deepEqual(node.resources.usersOf(DRIVER), new Set())
  }))

test('a kubelet that starts anew gives back what its predecessor had begun', () =>
  withNode(async node => {
    await node.register()
    node.claims.set('shared', claimOf('shared', 'u1', ['a', 'b']))
    await node.resources.prepare(podOf('a'))
    await node.resources.prepare(podOf('b'))
    await node.stop()
    await node.start()
    await node.register()
    const b = podOf('b')
    await node.resources.prepare(b)
    assert.deepEqual(node.resources.cdiDevicesOf(b, container(b)), ['v/c=u1'])
    node.resources.keepOnly(uid => uid === 'b')
    await rest()
    assert.deepEqual(node.calls, ['prepare shared'])
    node.resources.keepOnly(() => false)
    await rest()
    assert.deepEqual(node.calls, ['prepare shared', 'unprepare shared'])
  }))

test('another claim of the same name waits until the first is given back', () =>
  withNode(async node => {
    await node.register()
    node.claims.set('shared', claimOf('shared', 'u1', ['a']))
    await node.resources.prepare(podOf('a'))
    node.claims.set('shared', claimOf('shared', 'u2', ['b']))
    await assert.rejects(node.resources.prepare(podOf('b')), {
      message: 'old ResourceClaim with same name shared and different UID u1 still exists',
    })
    await node.resources.release('a')
    await node.resources.prepare(podOf('b'))
  }))

test('speaks the older version where the driver knows no other', () =>
  withNode(async node => {
    node.appear(BETA)
    await node.register(['v1beta1.DRAPlugin'])
    node.claims.set('shared', claimOf('shared', 'u1', ['a']))
    await node.resources.prepare(podOf('a'))
    await assert.rejects(node.register(['v1alpha3.Node']), {
      message: /supports none of the services that the kubelet does .*, but v1alpha3.Node$/,
    })
    await assert.rejects(
      async () =>
        node.drivers.validate({
          name: 'No Name',
          endpoint: '',
          supportedVersions: [],
          socketPath: '',
        }),
      /must be a DNS subdomain/,
    )
  }))

test('slices go a while after their driver, unless it comes back', () =>
  withNode(async node => {
    const plugin = await node.register()
    await node.clock.advance(30_000)
    await rest()
    assert.deepEqual(node.wiped.splice(0), [`spec.nodeName=n1,spec.driver!=${DRIVER}`])
    node.net.put(SOCKET, undefined)
    await node.clock.advance(29_000)
    node.appear()
    await node.clock.advance(60_000)
    await rest()
    assert.deepEqual(node.wiped, [], 'it was away for 29 s')
    node.net.put(SOCKET, undefined)
    await node.clock.advance(30_000)
    await rest()
    assert.deepEqual(node.wiped.splice(0), [`spec.nodeName=n1,spec.driver=${DRIVER}`])
    node.appear()
    // An update: the new one comes before the old one goes.
    const next = { ...plugin, endpoint: `${SOCKET}-2` }
    node.net.put(next.endpoint, { methods: {} })
    await node.drivers.register(next)
    node.drivers.deregister(plugin)
    await node.clock.advance(60_000)
    await rest()
    assert.deepEqual(node.wiped, [])
    node.drivers.deregister(next)
    await node.clock.advance(30_000)
    await rest()
    assert.equal(node.wiped.length, 1)
  }))

test('tells how devices are, as long as their driver does', () =>
  withNode(async node => {
    await node.register()
    node.claims.set('shared', claimOf('shared', 'u1', ['a']))
    const pod = podOf('a')
    await node.resources.prepare(pod)
    const told = () => node.resources.healthsOf(pod, container(pod))
    const as = (health: string) => [
      { name: 'claim:r', resources: [{ resourceID: 'v/c=u1', health }] },
    ]
    assert.deepEqual(told(), as('Unknown'))
    const device = { poolName: 'p', deviceName: 'd' }
    node.health?.next(messages.watchResourcesResponse.encode({ devices: [{ device, health: 2 }] }))
    assert.deepEqual(told(), as('Unhealthy'))
    assert.deepEqual(node.affected, ['a'])
    node.health?.end()
    assert.deepEqual(told(), as('Unknown'))
  }))

test('a claim that can’t be given back holds up no other of its pod', () =>
  withNode(async node => {
    await node.register()
    node.claims.set('shared', claimOf('shared', 'u1', ['a']))
    node.claims.set('second', claimOf('second', 'u2', ['a']))
    await node.resources.prepare(podOf('a'))
    await node.resources.prepare(podOf('a', { resourceClaimName: 'second' }))
    node.failures.set('u1', 'busy')
    await assert.rejects(node.resources.release('a'), {
      message: 'NodeUnprepareResources failed for ResourceClaim shared: busy',
    })
    assert.deepEqual(node.calls.slice(2).toSorted(), ['unprepare second', 'unprepare shared'])
    node.failures.clear()
    await node.resources.release('a')
    assert.deepEqual(node.calls.slice(4), ['unprepare shared'])
  }))

test('what the newest of a driver tells of its devices counts, and goes with it', () =>
  withNode(async node => {
    const plugin = await node.register()
    const older = node.health
    const next = { ...plugin, endpoint: `${SOCKET}-2` }
    node.appear(SERVICE, next.endpoint)
    await node.drivers.register(next)
    const device = { poolName: 'p', deviceName: 'd' }
    const tell = (sink: GrpcStreamSink | undefined, health: number) =>
      sink?.next(messages.watchResourcesResponse.encode({ devices: [{ device, health }] }))
    const told = () => node.drivers.healthOf(DRIVER, 'p', 'd')
    tell(older, 2)
    tell(node.health, 1)
    tell(older, 2)
    assert.equal(told(), 'Healthy')
    older?.end()
    assert.equal(told(), 'Healthy', 'the older one went')
    node.drivers.deregister(plugin)
    node.drivers.deregister(next)
    assert.equal(told(), 'Unknown')
  }))
