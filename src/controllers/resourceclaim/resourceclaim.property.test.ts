/** Whatever pods and the scheduler do, with looks that are cut short: devices in use are never freed, and none is kept for nobody. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { needsNoClaims } from '../runner/device-claims.ts'
import { type Loose, TestWorld } from '../testing/test-world.ts'
import { reconcileClaim } from './resourceclaim.reconcile.claim.ts'
import { reconcilePod } from './resourceclaim.reconcile.pod.ts'

const FINALIZER = 'resource.kubernetes.io/delete-protection'
const template = { metadata: { name: 't' }, spec: { spec: { devices: {} } } }

class ClaimsWorld extends TestWorld {
  #pods = 0

  get pods(): Pod[] {
    return this.list<Pod>('Pod')
  }
  get claims(): ResourceClaim[] {
    return this.list<ResourceClaim>('ResourceClaim')
  }

  addPod(): void {
    const name = `p${this.#pods++}`
    const resourceClaims = [
      { name: 'own', resourceClaimTemplateName: 't' },
      { name: 'shared', resourceClaimName: 'shared' },
    ]
    const metadata = { name, namespace: 'a', uid: name }
    this.put({ kind: 'Pod', metadata, spec: { resourceClaims }, status: { phase: 'Pending' } })
  }

  /** What the scheduler does with one claim of a pod, in one step. */
  schedule(pod: Pod, claim: string): void {
    if (needsNoClaims(pod) || !this.get('ResourceClaim', claim)) return
    const name = pod.metadata.name ?? ''
    this.change('ResourceClaim', claim, object => {
      object.metadata.finalizers = [FINALIZER]
      object.status.allocation = { devices: { results: [] } }
      const others = (object.status.reservedFor ?? []).filter((one: Loose) => one.uid !== name)
      object.status.reservedFor = [...others, { resource: 'pods', name, uid: name }]
    })
    this.change('Pod', name, object => Object.assign(object.spec, { nodeName: 'n1' }))
  }

  /** Everything is deleted, and nothing may be held back: a look that was cut short leaves a finalizer without devices, as upstream's. */
  endAll(): void {
    for (const { metadata } of this.pods) this.remove('Pod', metadata.name ?? '')
    for (const { metadata } of this.claims)
      this.change('ResourceClaim', metadata.name ?? '', object => {
        object.metadata.deletionTimestamp = this.now
      })
    for (let round = 0; this.look() > 0; round++) assert.ok(round < 10, 'it comes to rest')
  }

  look(limit?: number): number {
    let writes = 0
    const perform = (outcome: ReturnType<typeof reconcilePod>) => {
      writes += outcome.writes.length
      this.perform(outcome, limit)
    }
    for (const pod of this.pods)
      perform(
        reconcilePod({
          pod,
          claimNamed: name => this.get('ResourceClaim', name),
          ownClaims: this.claims.filter(
            ({ metadata }) => metadata.ownerReferences?.[0]?.uid === pod.metadata.uid,
          ),
          templateNamed: () => template as unknown as ResourceClaimTemplate,
        }),
      )
    for (const claim of this.claims) {
      const podNamed = (name: string) => this.get<Pod>('Pod', name)
      perform(reconcileClaim({ claim, podNamed, seenPod: podNamed }))
    }
    return writes
  }
}

const actions = fc.array(
  fc.record({
    do: fc.constantFrom('look', 'look', 'pod', 'schedule', 'share', 'end', 'delete', 'gone'),
    which: fc.integer({ min: 0, max: 4 }),
  }),
  { maxLength: 40 },
)

function act(world: ClaimsWorld, { do: what, which }: { do: string; which: number }): void {
  if (what === 'pod') world.addPod()
  if (what === 'look') world.look(which === 4 ? undefined : which)
  const pod = world.pods[which]
  if (!pod || what === 'pod' || what === 'look') return
  const name = pod.metadata.name ?? ''
  const own = pod.status.resourceClaimStatuses?.[0]?.resourceClaimName ?? ''
  if (what === 'schedule') world.schedule(pod, own)
  else if (what === 'share') world.schedule(pod, 'shared')
  else if (what === 'end') world.setPod(name, { ...pod.status, phase: 'Failed' })
  else if (what === 'gone') world.remove('Pod', name)
  else
    world.change('Pod', name, object => {
      object.metadata.deletionTimestamp = world.now
    })
}

test('devices in use stay, and those of nobody are given back', () => {
  fc.assert(
    fc.property(actions, steps => {
      const world = new ClaimsWorld()
      const metadata = { name: 'shared', namespace: 'a', uid: 'shared' }
      world.put({ kind: 'ResourceClaim', metadata, spec: {}, status: {} })
      for (const step of steps) {
        const users = world.claims.flatMap(({ metadata, status }) =>
          (status.reservedFor ?? []).map(({ uid }) => ({ claim: metadata.name ?? '', uid })),
        )
        act(world, step)
        for (const { claim, uid } of users) {
          const pod = world.get<Pod>('Pod', uid)
          if (!pod || needsNoClaims(pod)) continue
          const now = world.get<ResourceClaim>('ResourceClaim', claim)
          assert.ok(now?.status.allocation, `${claim} is freed while ${uid} uses it`)
          assert.ok(now.metadata.finalizers?.includes(FINALIZER))
          assert.ok(now.status.reservedFor?.some(user => user.uid === uid))
        }
      }
      let rounds = 0
      while (world.look() > 0) assert.ok(rounds++ < 10, 'it comes to rest')
      for (const { metadata, status } of world.claims) {
        for (const { uid } of status.reservedFor ?? [])
          assert.ok(!needsNoClaims(world.get<Pod>('Pod', uid) ?? assert.fail('gone')))
        if (status.allocation) assert.ok(status.reservedFor?.length, `${metadata.name} is unused`)
      }
      for (const pod of world.pods) {
        if (needsNoClaims(pod) || pod.metadata.deletionTimestamp) continue
        const own = pod.status.resourceClaimStatuses?.[0]?.resourceClaimName ?? ''
        assert.ok(world.get('ResourceClaim', own), 'who may run has its claim')
      }
      world.endAll()
      for (const { metadata } of world.claims) assert.deepEqual(metadata.finalizers ?? [], [])
    }),
    { numRuns: 300 },
  )
})
