/** Whatever users and nodes do in whatever order, with writes that fail on the way: the set ends as it should, and in order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { live, StatefulWorld } from './testing/stateful-world.ts'

type Action = { readonly do: string; readonly which: number }

const actions = fc.array(
  fc.record({
    do: fc.constantFrom(
      'look',
      'look',
      'look',
      'run',
      'unready',
      'fail',
      'stop',
      'kill',
      'resize',
      'image',
    ),
    which: fc.integer({ min: 0, max: 6 }),
  }),
  { maxLength: 60 },
)
const options = fc.record({
  podManagementPolicy: fc.constantFrom('OrderedReady', 'Parallel'),
  maxUnavailable: fc.constantFrom(1, 2, '40%'),
  start: fc.integer({ min: 0, max: 2 }),
  hasClaims: fc.boolean(),
})

const ordinalOf = (pod: Pod) => Number(pod.metadata.name?.split('-').at(-1))
const isReady = (pod: Pod) =>
  pod.status.phase === 'Running' && pod.status.conditions?.[0]?.status === 'True'
const isSound = (pod: Pod) => isReady(pod) && !pod.metadata.deletionTimestamp

const podWrites = ({ writes }: Outcome): Write[] =>
  writes
    .flatMap(write => (write.verb === 'batch' ? write.writes : write))
    .filter(write => write.verb !== 'event' && write.kind.kind === 'Pod')

/** One pod at a time, upwards over sound pods only, downwards from the highest. */
function checkOrder(world: StatefulWorld, outcome: Outcome, allowed: number): void {
  const writes = podWrites(outcome)
  assert.ok(writes.length <= Math.max(1, allowed), `${writes.length} pods at once`)
  for (const write of writes) {
    if (write.verb !== 'create') continue
    const ordinal = Number(write.object.metadata.name?.split('-').at(-1))
    const start = world.get<StatefulSet>('StatefulSet', 'web')?.spec.ordinals?.start ?? 0
    for (let lower = start; lower < ordinal; lower++)
      assert.ok(
        world.pods.some(pod => ordinalOf(pod) === lower && isSound(pod)),
        `web-${ordinal} is made over web-${lower}`,
      )
  }
}

function act(world: StatefulWorld, { do: what, which }: Action): void {
  const pod = world.pods[which]
  const name = pod?.metadata.name ?? ''
  if (what === 'resize') world.edit(spec => Object.assign(spec, { replicas: which }))
  else if (what === 'image') world.setImage(`v${which}`)
  else if (!pod) return
  else if (what === 'stop') {
    if (pod.metadata.deletionTimestamp) world.stopped(name)
  } else if (what === 'kill')
    world.change('Pod', name, object => {
      object.metadata.deletionTimestamp = world.now
    })
  else if (what === 'fail') world.setPod(name, { phase: 'Failed' })
  else world.run(name, what === 'run')
}

test('a set stays in order on the way and ends whole, new and ready, whatever happens to it', () => {
  fc.assert(
    fc.property(options, actions, (chosen, steps) => {
      const world = new StatefulWorld()
      const { podManagementPolicy, maxUnavailable, start, hasClaims } = chosen
      world.edit(spec => {
        spec.podManagementPolicy = podManagementPolicy
        spec.updateStrategy.rollingUpdate.maxUnavailable = maxUnavailable
        spec.ordinals = { start }
        if (hasClaims) spec.volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: {} }]
      })
      const ordered = podManagementPolicy === 'OrderedReady'
      for (const step of steps) {
        if (step.do !== 'look') act(world, step)
        else {
          const outcome = world.look()
          if (ordered) checkOrder(world, outcome, maxUnavailable === 1 ? 1 : 3)
          // A write fails, or the process ends: the rest is left to the next look.
          world.perform(outcome, step.which === 0 ? undefined : step.which)
        }
      }
      for (let round = 0; round < 80; round++) {
        world.perform(world.look())
        live(world)
        // A pod that does not get ready keeps an ordered set as it is; here all heal in the end.
        for (const pod of world.pods)
          if (!isReady(pod) && pod.status.phase === 'Running') world.run(pod.metadata.name ?? '')
      }
      assert.deepEqual(world.look().writes, [], 'nothing is left to do')
      const { spec, status } = world.get<StatefulSet>('StatefulSet', 'web') as StatefulSet
      const { replicas = 0 } = spec
      const ordinals = world.pods.map(ordinalOf).sort((a, b) => a - b)
      assert.deepEqual(
        ordinals,
        Array.from({ length: replicas }, (_, index) => start + index),
      )
      const image = spec.template.spec.containers[0]?.image
      for (const pod of world.pods) {
        assert.equal(pod.spec.containers[0]?.image, image)
        if (hasClaims) assert.ok(world.get('PersistentVolumeClaim', `data-${pod.metadata.name}`))
      }
      assert.equal(status.updatedReplicas ?? 0, replicas)
      assert.equal(status.currentRevision, status.updateRevision)
    }),
    { numRuns: 150 },
  )
})

test('an update takes no more pods down than it may', () => {
  const budgets = fc.record({
    podManagementPolicy: fc.constantFrom('OrderedReady', 'Parallel'),
    maxUnavailable: fc.constantFrom(1, 2, 3),
    partition: fc.integer({ min: 0, max: 3 }),
    steps: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }),
  })
  fc.assert(
    fc.property(budgets, ({ podManagementPolicy, maxUnavailable, partition, steps }) => {
      const world = new StatefulWorld()
      world.edit(spec => {
        spec.replicas = 5
        spec.podManagementPolicy = podManagementPolicy
        spec.updateStrategy.rollingUpdate = { maxUnavailable, partition }
      })
      for (let round = 0; round < 20; round++) {
        world.perform(world.look())
        live(world)
      }
      assert.equal(world.pods.filter(isSound).length, 5)
      world.setImage('v2')
      for (const which of steps) {
        world.perform(world.look())
        assert.ok(world.pods.filter(isSound).length >= 5 - maxUnavailable)
        const pod = world.pods[which]
        if (pod?.metadata.deletionTimestamp) world.stopped(pod.metadata.name ?? '')
        else if (pod?.status.phase === 'Pending') world.run(pod.metadata.name ?? '')
      }
      const old = world.pods.filter(pod => ordinalOf(pod) < partition)
      assert.ok(old.every(({ spec }) => spec.containers[0]?.image === 'v1'))
    }),
    { numRuns: 100 },
  )
})
