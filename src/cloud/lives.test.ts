/** Whatever happens to machines, nodes and Services, in whatever order, and whatever the cloud refuses meanwhile: all is in accord in the end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { node } from '#api/core/v1/node.ts'
import { service } from '#api/core/v1/service.ts'
import { isStatus } from '#api/machinery/status.ts'
import { balancedNodes } from './service-lb/balanced-nodes.ts'
import { FINALIZER, wantsBalancer } from './service-lb/balanced-service.ts'
import { CloudWorld } from './testing/cloud-world.ts'

const RUNS = Number(process.env.LIVES ?? 8)
/** The longest wait after failures is 300 s; that, with time for the tries before it. */
const HEALING_S = 1_500

/** Few, so that one thing happens to what another happened to. */
const names = fc.constantFrom('a', 'b')
const requestNames = [
  'InstanceExists',
  'InstanceMetadata',
  'EnsureLoadBalancer',
  'UpdateLoadBalancer',
  'GetLoadBalancer',
  'EnsureLoadBalancerDeleted',
  'ListRoutes',
  'CreateRoute',
  'DeleteRoute',
] as const
const requests = fc.constantFrom(...requestNames)
const acts = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('comes', 'service'), names) },
  fc.tuple(fc.constantFrom('terminate', 'shutDown', 'powerOn', 'removeNode'), names),
  fc.tuple(fc.constantFrom('removeService', 'toClusterIp', 'toLoadBalancer', 'otherPort'), names),
  fc.tuple(fc.constantFrom('exclude', 'include', 'bare'), names),
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('fails', 'works'), requests) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('pass'), fc.constantFrom('6', '30')) },
)

async function act(
  world: CloudWorld,
  [what, whom]: [string, string],
  count: number,
): Promise<void> {
  const commands = world.commands()
  const does = async (command: string, ...words: string[]) => commands[command]?.(...words)
  const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers'
  switch (what) {
    case 'comes':
      if (world.cloud.machines.get(whom)?.power !== 'on') await does('launch', whom)
      return void (await does(
        'node',
        whom,
        `{spec: {podCIDR: 10.244.${count}.0/24, podCIDRs: [10.244.${count}.0/24]}}`,
      ))
    case 'terminate':
    case 'shutDown':
    case 'powerOn': {
      const machine = world.cloud.machines.get(whom)
      if (!machine || machine.power === 'terminated') return
      await does(what, whom)
      return void (await does('is', whom, what === 'powerOn' ? 'True' : 'Unknown'))
    }
    case 'toClusterIp':
      return void (await does('patchService', whom, '{spec: {type: ClusterIP}}'))
    case 'toLoadBalancer':
      return void (await does('patchService', whom, '{spec: {type: LoadBalancer}}'))
    case 'otherPort':
      return void (await does('patchService', whom, `{spec: {ports: [{port: ${count + 1}}]}}`))
    case 'exclude':
      return void (await does('patchNode', whom, `{metadata: {labels: {${EXCLUDE}: ''}}}`))
    case 'include':
      return void (await does('patchNode', whom, `{metadata: {labels: {${EXCLUDE}: null}}}`))
    case 'bare':
      // Somebody takes the finalizer off.
      return void (await does('patchService', whom, '{metadata: {finalizers: null}}'))
    case 'fails':
      return void (await does('fails', whom, 'out of order'))
    default:
      return void (await does(what, whom))
  }
}

async function isInAccord(world: CloudWorld): Promise<void> {
  const { client, cloud } = world
  const nodes = (await client.list(node)).items
  const services = (await client.list(service)).items.filter(
    ({ metadata }) => metadata.name !== 'kubernetes',
  )
  for (const { metadata, spec, status } of nodes) {
    const name = metadata.name ?? ''
    const machine = cloud.machines.get(name)
    const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status
    if (ready !== 'True') assert.ok(machine && machine.power !== 'terminated', `${name} is a ghost`)
    const keys = (spec.taints ?? []).map(({ key }) => key.split('/').at(-1))
    if (machine && machine.power !== 'terminated') {
      assert.ok(!keys.includes('uninitialized'), `${name} was never initialised`)
      assert.equal(spec.providerID, machine.providerID)
    }
    // Between off and ready again the taint stays.
    if (ready === 'True' || machine?.power === 'off')
      assert.equal(keys.includes('shutdown'), ready !== 'True', name)
    const network = status.conditions?.find(({ type }) => type === 'NetworkUnavailable')
    assert.equal(network?.reason, 'RouteCreated', name)
  }
  const ranges = nodes.map(({ metadata, spec }) => `${spec.podCIDR} ${metadata.name}`).sort()
  const routes = [...cloud.routeTable.values()].map(
    ({ destinationCIDR, targetNode }) => `${destinationCIDR} ${targetNode}`,
  )
  assert.deepEqual(routes.sort(), ranges)
  const behind = balancedNodes(nodes).map(({ metadata }) => metadata.name)
  const wanting = services.filter(wantsBalancer)
  const balancers = [...cloud.balancers.values()]
  assert.deepEqual(
    balancers.map(({ service: of }) => of).sort(),
    wanting.map(({ metadata }) => `default/${metadata.name}`).sort(),
  )
  for (const { nodes: told, service: of } of balancers) assert.deepEqual(told, behind, of)
  for (const { metadata, spec, status } of services) {
    const ip = status?.loadBalancer?.ingress?.[0]?.ip
    const balancer = balancers.find(each => each.service === `default/${metadata.name}`)
    assert.equal(ip, balancer?.status.ingress?.[0]?.ip, `${metadata.name} ${spec.type}`)
    assert.equal(metadata.deletionTimestamp, undefined, `${metadata.name} is stuck`)
    if (!wantsBalancer({ metadata, spec } as never))
      assert.ok(!(metadata.finalizers ?? []).includes(FINALIZER), `${metadata.name} is kept`)
  }
}

test('lives in a cloud end in accord with it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 20, maxLength: 60 }), async life => {
      const world = new CloudWorld('*')
      await world.ready
      for (const [count, each] of life.entries())
        try {
          await act(world, each, count)
          await world.settle()
        } catch (error) {
          // Of what is there already, or is not there.
          if (!isStatus(error, 'AlreadyExists', 'NotFound', 'Invalid', 'Conflict')) throw error
        }
      for (const request of requestNames) world.cloud.fail(request, undefined)
      await world.pass(HEALING_S)
      await isInAccord(world)
      await world.stop()
    }),
    { numRuns: RUNS },
  )
})
