/**
 * Claims and volumes come and go in whatever order, views are behind, writes conflict, and the process ends between any two: no volume
 * is ever bound to two claims, none loses its claim's data, and in the end everything that can be bound is, in the same way.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { BinderWorld, CLAIM, VOLUME } from './testing/binder-world.ts'
import { VolumePromises } from './volume-promises.ts'

const SIZES = ['1Gi', '2Gi', '3Gi']
const step = fc.record({
  do: fc.constantFrom(
    'look',
    'look',
    'look',
    'look',
    'see',
    'restart',
    'claim',
    'volume',
    'drop',
    'lose',
    'kept',
  ),
  which: fc.integer({ min: 0, max: 5 }),
  size: fc.constantFrom(...SIZES),
  after: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
  conflictAt: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function act(
  world: BinderWorld,
  { do: what, which, size, after, conflictAt }: Step,
): Promise<void> {
  const name = `${what === 'claim' || what === 'drop' ? 'c' : 'v'}${which}`
  if (what === 'claim' && !world.get(CLAIM, name)) world.claim(name, size)
  else if (what === 'volume' && !world.get(VOLUME, name)) world.volume(name, size)
  else if (what === 'kept' && !world.get(VOLUME, name))
    world.volume(name, size, { claimRef: { namespace: 'a', name: `c${which}` } })
  else if (what === 'drop') world.remove(CLAIM, name)
  else if (what === 'lose') world.remove(VOLUME, name)
  else if (what === 'restart') world.promises = new VolumePromises()
  else if (what === 'see') {
    world.show(CLAIM, `c${which}`)
    world.show(VOLUME, `v${which}`)
  } else if (what === 'look') {
    const key = world.keys[(which * 7 + Number(after ?? 0)) % Math.max(1, world.keys.length)]
    const interruption = {
      ...(after === undefined ? {} : { after }),
      ...(conflictAt === undefined ? {} : { conflictAt }),
    }
    if (key) await world.look(key, interruption)
  }
}

const claimsOf = (world: BinderWorld) => world.list<PersistentVolumeClaim>(CLAIM)
const volumesOf = (world: BinderWorld) => world.list<PersistentVolume>(VOLUME)
const isHeld = (claim: PersistentVolumeClaim) =>
  claim.metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined

/** What holds at every moment: of all claims that are bound to a volume, its pointer back fits one at most. */
function checkSafety(world: BinderWorld): void {
  for (const volume of volumesOf(world)) {
    const holders = claimsOf(world).filter(
      claim =>
        isHeld(claim) &&
        claim.status.phase === 'Bound' &&
        claim.spec.volumeName === volume.metadata.name,
    )
    assert.ok(holders.length <= 1, `${holders.map(({ metadata }) => metadata.name)} on one volume`)
  }
}

function checkEnd(world: BinderWorld): void {
  for (const { metadata, spec, status } of claimsOf(world)) {
    if (status.phase === 'Bound') {
      const volume = world.get<PersistentVolume>(VOLUME, spec.volumeName ?? '')
      assert.equal(volume?.spec.claimRef?.uid, metadata.uid, `${metadata.name} and its volume`)
      assert.equal(volume?.status.phase, 'Bound')
    } else if (status.phase === 'Lost')
      assert.equal(world.get(VOLUME, spec.volumeName ?? ''), undefined)
  }
  const size = (text = '0') => Number.parseInt(text, 10)
  const free = volumesOf(world).filter(({ spec }) => !spec.claimRef)
  assert.ok(free.every(({ status }) => status.phase === 'Available'))
  for (const claim of claimsOf(world).filter(({ status }) => status.phase === 'Pending'))
    for (const volume of free)
      assert.ok(
        size(volume.spec.capacity?.storage) < size(claim.spec.resources.requests?.storage),
        `${claim.metadata.name} waits though ${volume.metadata.name} is free`,
      )
  for (const { spec, status } of volumesOf(world)) {
    const holder = world.get<PersistentVolumeClaim>(CLAIM, spec.claimRef?.name ?? '')
    if (spec.claimRef?.uid && holder?.metadata.uid !== spec.claimRef.uid)
      assert.equal(status.phase, 'Released')
  }
}

test('no volume has two claims, and everything that can be bound is in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const world = new BinderWorld()
      for (const each of steps) {
        await act(world, each)
        checkSafety(world)
      }
      await world.settle()
      checkSafety(world)
      checkEnd(world)
    }),
    { numRuns: 200 },
  )
})

/** Two processes, one after the other, of which the second does not see yet what the first has done. */
async function lateView(checksRevisions: boolean): Promise<void> {
  const world = new BinderWorld()
  world.checksRevisions = checksRevisions
  world.volume('v0')
  await world.settle()
  world.claim('c0')
  world.claim('c1')
  world.show(CLAIM, 'c0')
  world.show(CLAIM, 'c1')
  await world.look('claim/c0')
  world.promises = new VolumePromises()
  await world.look('claim/c1')
  checkSafety(world)
}

test('a view that is late binds no second claim to a volume', async () => {
  await lateView(true)
  await assert.rejects(lateView(false), /on one volume/, 'a server that takes late writes')
})

test('whatever is left undone on the way, the end is the same', async () => {
  const sizes = fc.array(fc.constantFrom(...SIZES), { minLength: 1, maxLength: 4 })
  const interruptions = fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 4 }),
      conflictAt: fc.integer({ min: 0, max: 4 }),
    }),
    { maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(sizes, sizes, interruptions, async (claims, volumes, breaks) => {
      const fill = () => {
        const world = new BinderWorld()
        for (const [index, size] of volumes.entries()) world.volume(`v${index}`, size)
        return world
      }
      const end = async (interrupted: boolean) => {
        const world = fill()
        await world.settle()
        for (const [index, size] of claims.entries()) {
          world.claim(`c${index}`, size)
          for (const each of interrupted ? breaks : []) {
            world.see()
            await world.look(`claim/c${index}`, each)
            await world.look(`volume/v${index % volumes.length}`, each)
          }
          await world.settle()
        }
        return claimsOf(world).map(({ spec, status }) => `${spec.volumeName} ${status.phase}`)
      }
      assert.deepEqual(await end(true), await end(false))
    }),
    { numRuns: 100 },
  )
})
