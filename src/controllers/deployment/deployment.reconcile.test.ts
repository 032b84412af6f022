import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { reconcile } from './deployment.reconcile.ts'

const START_MS = Date.UTC(2026, 0, 1)

interface World {
  deployment: Deployment
  sets: Map<string, ReplicaSet>
  nowMs: number
  events: string[]
  deleted: string[]
}

function worldOf(spec: object): World {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'a', uid: 'd', generation: 1, resourceVersion: '1' },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      strategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' },
      },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      ...spec,
      template: template('1'),
    },
    status: {},
  } as unknown as Deployment
  return { deployment, sets: new Map(), nowMs: START_MS, events: [], deleted: [] }
}

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
})

function look(world: World): Outcome {
  return reconcile({
    deployment: world.deployment,
    candidates: [...world.sets.values()],
    podsOf: set =>
      Array.from({ length: set.status.replicas ?? 0 }, () => ({ status: {} }) as never),
    setNamed: name => world.sets.get(name),
    nowMs: world.nowMs,
  })
}

/** Does to the world what the writes say. */
function perform(world: World, outcome: Outcome): boolean {
  let changed = false
  const one = (write: Write) => {
    if (write.verb === 'event') world.events.push(write.text.message)
    else changed = true
    if (write.verb === 'create') {
      const set = structuredClone(write.object) as unknown as ReplicaSet
      const name = set.metadata.name ?? ''
      set.metadata.uid = name
      set.metadata.generation = 1
      set.metadata.creationTimestamp = new Date(START_MS + world.sets.size * 1000).toISOString()
      world.sets.set(name, { ...set, status: {} } as ReplicaSet)
      const message = write.report?.success?.message(name)
      if (message) world.events.push(message)
    } else if (write.verb === 'update' && write.kind.kind === 'ReplicaSet') {
      const set = write.object as unknown as ReplicaSet
      world.sets.set(set.metadata.name ?? '', set)
    } else if (write.verb === 'update') world.deployment = write.object as unknown as Deployment
    else if (write.verb === 'delete') {
      world.sets.delete(write.object.metadata.name ?? '')
      world.deleted.push(write.object.metadata.name ?? '')
    }
  }
  for (const write of outcome.writes)
    if (write.verb === 'batch') write.writes.forEach(one)
    else one(write)
  return changed
}

/** What the ReplicaSet controller and kubelets do in a while; `ready` says whether this set's pods get up. */
function live(world: World, ready: (set: ReplicaSet) => number = set => set.spec.replicas ?? 0) {
  for (const [name, set] of world.sets) {
    const replicas = set.spec.replicas ?? 0
    const available = Math.min(replicas, ready(set))
    world.sets.set(name, {
      ...set,
      status: {
        replicas,
        readyReplicas: available,
        availableReplicas: available,
        observedGeneration: set.metadata.generation ?? 0,
      },
    })
  }
}

function settle(world: World, ready?: (set: ReplicaSet) => number, steps = 60): void {
  for (let i = 0; i < steps; i++) {
    const changed = perform(world, look(world))
    live(world, ready)
    if (!changed && !perform(world, look(world))) return
  }
}

const sizes = (world: World) => [...world.sets.values()].map(({ spec }) => spec.replicas ?? 0)
const change = (world: World, spec: object) => {
  world.deployment = {
    ...world.deployment,
    metadata: {
      ...world.deployment.metadata,
      generation: (world.deployment.metadata.generation ?? 0) + 1,
    },
    spec: { ...world.deployment.spec, ...spec },
  }
}
const condition = (world: World, type: string) =>
  world.deployment.status.conditions?.find(found => found.type === type)

test('the number of a template is told with the status, in one write', () => {
  const { writes } = look(worldOf({}))
  const [made, told] = writes
  assert.ok(made?.verb === 'create' && told?.verb === 'update')
  assert.equal(writes.length, 2)
  assert.equal(told.subresource, 'status')
  assert.equal(told.object.metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
})

test('a first roll-out makes one full set, numbered and hashed, and is told complete', () => {
  const world = worldOf({})
  settle(world)
  const [set] = [...world.sets.values()]
  assert.ok(set)
  const hash = set.metadata.labels?.['pod-template-hash']
  assert.match(hash ?? '', /^[b-z2-9]{4,10}$/)
  assert.equal(set.metadata.name, `web-${hash}`)
  assert.equal(set.spec.selector?.matchLabels?.['pod-template-hash'], hash)
  assert.equal(set.metadata.annotations?.['deployment.kubernetes.io/max-replicas'], '5')
  assert.deepEqual(world.events, [`Scaled up replica set web-${hash} from 0 to 4`])
  assert.equal(condition(world, 'Progressing')?.reason, 'NewReplicaSetAvailable')
  assert.equal(
    condition(world, 'Progressing')?.message,
    `ReplicaSet "web-${hash}" has successfully progressed.`,
  )
  assert.equal(condition(world, 'Available')?.status, 'True')
  assert.equal(world.deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
  assert.deepEqual(look(world).writes, [], 'nothing more to do')
})

test('one that wants no pod is complete at once, and names the set that it makes', () => {
  const world = worldOf({ replicas: 0 })
  settle(world)
  const [set] = [...world.sets.values()]
  assert.equal(
    condition(world, 'Progressing')?.message,
    `ReplicaSet "${set?.metadata.name}" has successfully progressed.`,
  )
})

test('every step of every roll-out stays within surge and availability, and it ends', () => {
  fc.assert(
    fc.property(
      fc.record({
        replicas: fc.integer({ min: 0, max: 12 }),
        maxSurge: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('0%', '25%', '100%')),
        maxUnavailable: fc.oneof(
          fc.integer({ min: 0, max: 5 }),
          fc.constantFrom('0%', '25%', '50%', '100%'),
        ),
        changes: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 4 }),
        readiness: fc.infiniteStream(fc.boolean()),
      }),
      ({ replicas, maxSurge, maxUnavailable, changes, readiness }) => {
        const rollingUpdate = { maxSurge, maxUnavailable }
        const world = worldOf({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } })
        settle(world)
        const whole = (value: number | string, round: (value: number) => number) =>
          typeof value === 'number' ? value : round((Number.parseInt(value, 10) * replicas) / 100)
        const surge = whole(maxSurge, Math.ceil)
        let unavailable = Math.min(whole(maxUnavailable, Math.floor), replicas)
        if (surge === 0 && unavailable === 0) unavailable = 1
        const steps = [...changes, 99]
        for (const next of steps) {
          change(world, { template: template(String(next)) })
          for (let i = 0; i < (next === 99 ? 80 : 3); i++) {
            const before = sizes(world).reduce((sum, size) => sum + size, 0)
            perform(world, look(world))
            const total = sizes(world).reduce((sum, size) => sum + size, 0)
            assert.ok(total <= Math.max(before, replicas + surge), `${total} pods wanted`)
            // Whoever shrinks may take available pods; what stays must be enough.
            const staying = [...world.sets.values()].reduce(
              (sum, { spec, status }) =>
                sum + Math.min(spec.replicas ?? 0, status.availableReplicas ?? 0),
              0,
            )
            const wasEnough = [...world.sets.values()].reduce(
              (sum, { status }) => sum + (status.availableReplicas ?? 0),
              0,
            )
            assert.ok(
              staying >= Math.min(wasEnough, replicas - unavailable),
              `${staying} of ${wasEnough} pods stay available`,
            )
            live(world, set => {
              const up = set.status.availableReplicas ?? 0
              return readiness.next().value ? (set.spec.replicas ?? 0) : up
            })
          }
        }
        settle(world)
        assert.equal(
          [...world.sets.values()].filter(({ spec }) => (spec.replicas ?? 0) > 0).length,
          replicas > 0 ? 1 : 0,
        )
        assert.equal(world.deployment.status.updatedReplicas ?? 0, replicas)
        assert.equal(condition(world, 'Progressing')?.reason, 'NewReplicaSetAvailable')
      },
    ),
    { numRuns: 150 },
  )
})

test('Recreate takes all old pods down before it starts a new one', () => {
  const world = worldOf({ strategy: { type: 'Recreate' } })
  settle(world)
  change(world, { template: template('2') })
  perform(world, look(world))
  assert.deepEqual(sizes(world), [0])
  perform(world, look(world))
  assert.deepEqual(sizes(world), [0], 'the old pods are still ending')
  live(world)
  perform(world, look(world))
  assert.deepEqual(sizes(world), [0, 4])
})

test('going back to an old template takes its set again, under a new number', () => {
  const world = worldOf({})
  settle(world)
  change(world, { template: template('2') })
  settle(world)
  change(world, { template: template('1') })
  settle(world)
  const [first] = [...world.sets.values()]
  assert.equal(world.sets.size, 2)
  assert.equal(first?.spec.replicas, 4)
  assert.equal(first?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
  assert.equal(first?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1')
})

test('going back to a set whose pods are still to go waits until it is told that they went', () => {
  for (const fails of [false, true]) {
    const world = worldOf({ replicas: 4 })
    settle(world)
    change(world, { template: template('2') })
    settle(world)
    const [name, set] = [...world.sets][0] as [string, ReplicaSet]
    const conditions = fails ? [{ type: 'ReplicaFailure', status: 'True' }] : []
    const status = { ...set.status, replicas: 1, availableReplicas: 1, conditions } as never
    world.sets.set(name, { ...set, status })
    change(world, { template: template('1') })
    for (let i = 0; i < 3; i++) perform(world, look(world))
    // Whoever cannot delete pods must not keep users from going back.
    if (fails) assert.notEqual(sizes(world)[0], 0)
    else assert.deepEqual(sizes(world), [0, 4])
    settle(world)
    assert.deepEqual(sizes(world), [4, 0])
  }
})

test('numbers go on from whatever a set has, beyond 2^53 too, and what is no number counts for nothing', () => {
  for (const [known, next] of [
    ['3546343826724305832', '3546343826724305833'],
    ['five', '1'],
  ] as const) {
    const world = worldOf({})
    settle(world)
    const [name, set] = [...world.sets][0] as [string, ReplicaSet]
    const annotations = { 'deployment.kubernetes.io/revision': known }
    world.sets.set(name, { ...set, metadata: { ...set.metadata, annotations } })
    change(world, { template: template('2') })
    settle(world)
    const newest = [...world.sets.values()].at(-1)
    assert.equal(newest?.metadata.annotations?.['deployment.kubernetes.io/revision'], next)
  }
})

test('old sets beyond the history limit are deleted, oldest first', () => {
  const world = worldOf({ revisionHistoryLimit: 1 })
  settle(world)
  for (const image of ['2', '3', '4']) {
    change(world, { template: template(image) })
    settle(world)
  }
  assert.equal(world.sets.size, 2)
  assert.equal(world.deleted.length, 2)
})

test('a pause keeps the template from rolling out but not the size from changing', () => {
  const world = worldOf({})
  settle(world)
  change(world, { paused: true, template: template('2'), replicas: 6 })
  settle(world)
  assert.deepEqual(sizes(world), [6])
  assert.equal(condition(world, 'Progressing')?.reason, 'DeploymentPaused')
  change(world, { paused: false })
  settle(world)
  assert.deepEqual(sizes(world), [0, 6])
  assert.equal(condition(world, 'Progressing')?.reason, 'NewReplicaSetAvailable')
})

test('a change of size in the middle of a roll-out is shared by size', () => {
  const world = worldOf({
    replicas: 10,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
  })
  settle(world)
  change(world, { template: template('bad') })
  settle(world, set => (set.spec.template.spec?.containers[0]?.image === 'bad' ? 0 : 99))
  assert.deepEqual(sizes(world), [8, 5])
  change(world, { replicas: 15 })
  perform(world, look(world))
  assert.deepEqual(sizes(world), [11, 7])
})

test('a roll-out that gets nowhere is told so after the deadline', () => {
  const world = worldOf({ progressDeadlineSeconds: 60 })
  settle(world)
  change(world, { template: template('bad') })
  settle(world, set => (set.spec.template.spec?.containers[0]?.image === 'bad' ? 0 : 99))
  const { againAfterMs } = look(world)
  assert.ok(againAfterMs !== undefined && againAfterMs > 59_000 && againAfterMs <= 61_000)
  world.nowMs += againAfterMs
  perform(world, look(world))
  assert.equal(condition(world, 'Progressing')?.reason, 'ProgressDeadlineExceeded')
  assert.equal(condition(world, 'Progressing')?.status, 'False')
})

test('a name that is taken by other pods is evaded', () => {
  const world = worldOf({})
  settle(world)
  const [name, set] = [...world.sets][0] ?? []
  assert.ok(name && set)
  world.sets.clear()
  const metadata = { ...set.metadata, ownerReferences: [], labels: {}, uid: 'other' }
  const foreign = { ...set, metadata, spec: { ...set.spec, template: template('other') } }
  world.sets.set(name, foreign as unknown as ReplicaSet)
  settle(world)
  assert.equal(world.deployment.status.collisionCount, 1)
  assert.equal(world.sets.size, 2)
})

test('an empty selector is refused with an event', () => {
  const world = worldOf({ selector: {} })
  perform(world, look(world))
  assert.match(world.events[0] ?? '', /selecting all pods/)
  assert.equal(world.sets.size, 0)
  assert.deepEqual(look(world).writes, [])
})
