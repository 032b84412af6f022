/**
 * Claims come and go while disks fail, writes conflict, views are behind and the process ends between any two steps. With the binder beside
 * it, every claim has its own directory in the end, and none whose claim is gone is left with a volume.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import { BinderWorld, CLAIM, VOLUME } from '../persistentvolume-binder/testing/binder-world.ts'
import type { Interruption } from '../testing/server-world.ts'
import { type Decision, provision, reclaim } from './local-path-provisioner.reconcile.ts'

const ROOT = '/data'
const NODES = ['n0', 'n1']
const CLAIMS = ['c0', 'c1']
const ROUNDS = 40

class LocalPathWorld extends BinderWorld {
  readonly directories = new Set<string>()
  diskFails = false

  constructor() {
    super()
    this.storageClass('standard', {
      provisioner: 'proa/local-path',
      volumeBindingMode: 'Immediate',
    })
    for (const name of NODES)
      this.put({
        kind: 'Node',
        metadata: { name },
        spec: {},
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      })
  }

  provision(name: string, interruption?: Interruption): string[] {
    const claim = this.#seenFirst<PersistentVolumeClaim>(CLAIM, name, `make/${name}`)
    if (!claim) return []
    const decision = provision({
      claim,
      classNamed: each => this.get<StorageClass>('StorageClass', each),
      nodes: () => this.list<Node>('Node'),
      volumes: () => this.allSeen<PersistentVolume>(VOLUME),
      volumeNamed: each => this.seen(VOLUME, each),
      rootOf: () => ROOT,
    })
    return this.#carryOut(`make/${name}`, decision, interruption)
  }

  reclaim(name: string, interruption?: Interruption): string[] {
    const volume = this.#seenFirst<PersistentVolume>(VOLUME, name, `take/${name}`)
    if (!volume) return []
    const world = { volume, nodes: () => this.list<Node>('Node'), rootOf: () => ROOT }
    return this.#carryOut(`take/${name}`, reclaim(world), interruption)
  }

  #seenFirst<T>(kind: string, name: string, key: string): T | undefined {
    this.showOwn(key)
    return this.seen<T>(kind, name)
  }

  #carryOut(key: string, { outcome, directory }: Decision, interruption?: Interruption): string[] {
    if (!directory) return this.performFor(key, outcome, interruption)
    if (this.diskFails) return this.performFor(key, directory.failed('broken'), interruption)
    const at = `${directory.node}:${directory.path}`
    if (directory.verb === 'make') this.directories.add(at)
    else this.directories.delete(at)
    return this.performFor(key, outcome, interruption)
  }

  async settleAll(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      this.see()
      const done: string[] = []
      for (const key of this.keys) {
        const name = key.slice(key.indexOf('/') + 1)
        done.push(...(key.startsWith('claim/') ? this.provision(name) : this.reclaim(name)))
      }
      done.push(...(await this.settle()))
      if (!done.some(line => /^(create|update|status|delete|conflict)/.test(line))) return
    }
    throw new Error('does not settle')
  }
}

const step = fc.record({
  do: fc.constantFrom(
    'bind',
    'bind',
    'make',
    'make',
    'take',
    'see',
    'see',
    'claim',
    'claim',
    'drop',
    'disk',
  ),
  // Few names, so that steps meet.
  which: fc.integer({ min: 0, max: 1 }),
  after: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
  conflictAt: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Named {
  readonly metadata: { readonly name?: string }
}

async function act(world: LocalPathWorld, { do: what, which, after, conflictAt }: Step) {
  const interruption = {
    ...(after === undefined ? {} : { after }),
    ...(conflictAt === undefined ? {} : { conflictAt }),
  }
  const claim = `c${which}`
  const volumes = world.list<Named>(VOLUME).map(({ metadata }) => metadata.name ?? '')
  if (what === 'claim' && !world.get(CLAIM, claim))
    world.claim(claim, '1Gi', { storageClassName: 'standard' })
  else if (what === 'drop') world.remove(CLAIM, claim)
  else if (what === 'disk') world.diskFails = !world.diskFails
  else if (what === 'see') {
    // Claims or volumes: the other view stays behind.
    const kind = which === 0 ? CLAIM : VOLUME
    for (const { metadata } of [...world.allSeen<Named>(kind), ...world.list<Named>(kind)])
      world.show(kind, metadata.name ?? '')
  } else if (what === 'make') for (const name of CLAIMS) world.provision(name, interruption)
  else if (what === 'take') for (const name of volumes) world.reclaim(name, interruption)
  else if (what === 'bind')
    for (const key of [
      ...CLAIMS.map(name => `claim/${name}`),
      ...volumes.map(name => `volume/${name}`),
    ])
      await world.look(key, interruption)
}

/** Whoever is bound has data, on the node that the volume names. */
function checkData(world: LocalPathWorld): void {
  for (const { metadata, spec, status } of world.list<PersistentVolumeClaim>(CLAIM)) {
    if (status.phase !== 'Bound') continue
    const volume = world.get<PersistentVolume>(VOLUME, spec.volumeName ?? '')
    const [term] = volume?.spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
    const place = term?.matchExpressions?.[0]?.values?.[0]
    const at = `${place}:${volume?.spec.hostPath?.path}`
    assert.ok(world.directories.has(at), `${metadata.name} has lost ${at}`)
  }
}

test('a claim has a directory as long as it is bound, and no volume is left without a claim', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async steps => {
      const world = new LocalPathWorld()
      world.see()
      for (const each of steps) {
        await act(world, each)
        checkData(world)
      }
      world.diskFails = false
      await world.settleAll()
      checkData(world)
      const claims = world.list<PersistentVolumeClaim>(CLAIM)
      assert.ok(claims.every(({ status }) => status.phase === 'Bound'))
      const volumes = world.list<PersistentVolume>(VOLUME)
      assert.equal(volumes.length, claims.length)
    }),
    { numRuns: 150 },
  )
})
