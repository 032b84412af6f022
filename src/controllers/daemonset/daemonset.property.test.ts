/** Whatever users and nodes do in whatever order, with writes that fail on the way: one pod a node in the end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { targetNodeOf } from './daemonset.nodes.ts'
import { DaemonWorld } from './testing/daemon-world.ts'

const isSound = ({ metadata, status }: Pod) =>
  !metadata.deletionTimestamp && status.conditions?.[0]?.status === 'True'
const nodesOf = (pods: readonly Pod[]) => new Set(pods.map(targetNodeOf))
const limits = fc.constantFrom(
  { maxSurge: 0, maxUnavailable: 1 },
  { maxSurge: 0, maxUnavailable: 2 },
  { maxSurge: 0, maxUnavailable: '50%' },
  { maxSurge: 1, maxUnavailable: 0 },
  { maxSurge: '50%', maxUnavailable: 0 },
)
const TAINT = { key: 'own', effect: 'NoExecute' }

function worldWith(rollingUpdate: object): DaemonWorld {
  const world = new DaemonWorld()
  for (const name of ['n4', 'n5']) world.addNode(name)
  world.edit(spec => Object.assign(spec.updateStrategy, { rollingUpdate }))
  return world
}

function settle(world: DaemonWorld): void {
  for (let round = 0; round < 60; round++) {
    world.perform(world.look())
    world.live()
    // Failed pods stay for longer and longer.
    world.nowMs += 60_000
    for (const pod of world.pods)
      if (pod.status.phase === 'Running' && !isSound(pod)) world.run(pod.metadata.name ?? '')
  }
}

function act(world: DaemonWorld, what: string, which: number): void {
  const pod = world.pods[which]
  const name = pod?.metadata.name ?? ''
  const node = `n${which + 1}`
  if (what === 'image') world.setImage(`v${which}`)
  else if (what === 'come') {
    if (!world.get('Node', node)) world.addNode(node)
  } else if (what === 'go') {
    world.remove('Node', node)
    // The pod garbage collector.
    for (const each of world.pods)
      if (each.spec.nodeName === node) world.remove('Pod', each.metadata.name ?? '')
  } else if (what === 'taint' && world.get('Node', node))
    world.change('Node', node, found => {
      found.spec = found.spec.taints ? {} : { taints: [TAINT] }
    })
  else if (what === 'stop' && pod?.metadata.deletionTimestamp) world.remove('Pod', name)
  else if (what === 'fail' && pod) world.setPod(name, { phase: 'Failed' })
  // Nothing is bound to a node that is gone.
  else if (what === 'run' && pod && world.get('Node', targetNodeOf(pod) ?? ''))
    world.run(name, which > 0)
}

test('in the end every node that is meant has one pod, new and ready, and no other has any', () => {
  const whats = ['look', 'look', 'look', 'run', 'stop', 'fail', 'image', 'come', 'go', 'taint']
  const step = fc.tuple(fc.constantFrom(...whats), fc.integer({ min: 0, max: 6 }))
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 60 }), (rollingUpdate, steps) => {
      const world = worldWith(rollingUpdate)
      // A write fails, or the process ends: the rest is left to the next look.
      for (const [what, which] of steps)
        if (what === 'look') world.perform(world.look(), which === 0 ? undefined : which)
        else act(world, what, which)
      settle(world)
      assert.deepEqual(world.look().writes, [], 'nothing is left to do')
      const meant = world
        .list<{ metadata: { name: string }; spec: { taints?: unknown } }>('Node')
        .filter(({ spec }) => !spec.taints)
        .map(({ metadata }) => metadata.name)
      assert.deepEqual(world.pods.map(targetNodeOf).sort(), meant.sort())
      const image = world.set.spec.template.spec.containers[0]?.image
      assert.ok(world.pods.every(({ spec }) => spec.containers[0]?.image === image))
      assert.equal(world.set.status.updatedNumberScheduled ?? 0, meant.length)
    }),
    { numRuns: 120 },
  )
})

test('an update leaves no more nodes without a pod than it may, and makes no more pods than the surge', () => {
  fc.assert(
    fc.property(
      limits,
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }),
      (rollingUpdate, steps) => {
        const world = worldWith(rollingUpdate)
        settle(world)
        world.setImage('v2')
        const { maxSurge, maxUnavailable } = rollingUpdate
        const whole = (value: number | string) => (value === '50%' ? 3 : Number(value))
        for (const which of steps) {
          world.perform(world.look())
          const sound = nodesOf(world.pods.filter(isSound)).size
          assert.ok(sound >= 5 - whole(maxUnavailable), `${sound} nodes are served`)
          const staying = world.pods.filter(({ metadata }) => !metadata.deletionTimestamp)
          assert.ok(staying.length <= 5 + whole(maxSurge), `${staying.length} pods`)
          const pod = world.pods[which]
          if (pod?.metadata.deletionTimestamp) world.remove('Pod', pod.metadata.name ?? '')
          else if (pod?.status.phase === 'Pending') world.run(pod.metadata.name ?? '')
        }
      },
    ),
    { numRuns: 120 },
  )
})
