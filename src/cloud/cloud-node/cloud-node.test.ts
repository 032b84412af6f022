import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { runScenarios } from '../../controllers/testing/scenarios.ts'
import type { InstanceMetadata } from '../provider.ts'
import { CloudWorld } from '../testing/cloud-world.ts'

runScenarios(new URL('./cloud-node.scenarios.txt', import.meta.url), () =>
  new CloudWorld('cloud-node-controller').commands(),
)

/** A cloud that looks a machine up at once, and tells of it when it is let. */
function slow(world: CloudWorld) {
  const { instances } = world.cloud
  const told = instances.instanceMetadata
  const answers: (() => void)[] = []
  instances.instanceMetadata = async (node, signal): Promise<InstanceMetadata> => {
    const metadata = await told(node, signal)
    await new Promise<void>(resolve => answers.push(resolve))
    return metadata
  }
  return {
    async answer() {
      answers.shift()?.()
      await world.settle()
    },
    quick() {
      instances.instanceMetadata = told
      for (const answer of answers.splice(0)) answer()
    },
  }
}

test('what is told of a machine is not written to another one that has its name by now', async () => {
  const world = new CloudWorld('cloud-node-controller')
  const { launch, node, removeNode, pass } = world.commands()
  const now = () => world.client.get(nodeKind, 'n1')
  await launch?.('n1', '{providerID: memory://old, zone: old, addresses: []}')
  const cloud = slow(world)
  await node?.('n1')
  await world.settle()
  await removeNode?.('n1')
  world.cloud.terminate('n1')
  await launch?.('n1', '{providerID: memory://new, zone: new}')
  await node?.('n1')
  await cloud.answer()
  assert.equal((await now()).spec.providerID, undefined)
  cloud.quick()
  await pass?.('2')
  const { metadata, spec } = await now()
  assert.equal(metadata.labels?.['topology.kubernetes.io/zone'], 'new')
  assert.equal(spec.providerID, world.cloud.machines.get('n1')?.providerID)
})

test('addresses of a machine are not written to another one that has its name by now', async () => {
  const world = new CloudWorld('cloud-node-controller')
  const { launch, addresses, node, removeNode, pass } = world.commands()
  await launch?.('n1')
  await node?.('n1')
  await world.settle()
  await addresses?.('n1', 'InternalIP=10.0.0.1')
  const cloud = slow(world)
  await pass?.('300')
  await removeNode?.('n1')
  await node?.(
    'n1',
    '{spec: {taints: []}, status: {addresses: [{type: InternalIP, address: 10.0.0.2}]}}',
  )
  await cloud.answer()
  const { status } = await world.client.get(nodeKind, 'n1')
  assert.deepEqual(status.addresses, [{ type: 'InternalIP', address: '10.0.0.2' }])
  cloud.quick()
})
