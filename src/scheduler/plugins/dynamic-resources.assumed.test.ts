import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { Informer, InformerListener } from '#client/informer.ts'
import { AllocatedDevices } from './dynamic-resources.assumed.ts'
import { extendedClaim } from './dynamic-resources.requests.ts'

const allocation = { devices: { results: [] } } as unknown as AllocationResult
const other = { ...allocation }

function setUp() {
  const seen = new Map<string | undefined, ResourceClaim>()
  const listeners: InformerListener<ResourceClaim>[] = []
  const informer = { list: () => [...seen.values()] } as unknown as Informer<ResourceClaim>
  const follow = (_: unknown, listener: object) => void listeners.push(listener)
  return {
    allocated: new AllocatedDevices(informer, { follow }),
    set(claim: ResourceClaim) {
      const previous = seen.get(claim.metadata.uid)
      seen.set(claim.metadata.uid, claim)
      for (const { changed } of listeners) changed?.(claim, previous)
    },
    remove(claim: ResourceClaim) {
      seen.delete(claim.metadata.uid)
      for (const { deleted } of listeners) deleted?.(claim)
    },
  }
}

const claimOf = (uid: string, made: object = {}): ResourceClaim =>
  ({ metadata: { uid }, status: {}, ...made }) as unknown as ResourceClaim
const ofPod = (pod: string, uid: string): ResourceClaim => {
  const made = extendedClaim({ metadata: { name: pod, uid: pod } } as never, [])
  return claimOf(uid, { metadata: { ...made.metadata, uid } })
}
const given = (claim: ResourceClaim): ResourceClaim => ({ ...claim, status: { allocation: other } })

test('what is assumed counts until the API says it, or the claim is gone', () => {
  for (const end of ['said', 'gone', 'taken back']) {
    const { allocated, set, remove } = setUp()
    const claim = claimOf('c')
    set(claim)
    allocated.assume(claim, allocation, { uid: 'p', group: undefined })
    assert.deepEqual(allocated.all(), [allocation])
    set(claim)
    assert.ok(allocated.isAssumed(claim), 'a change without devices is older than the decision')
    if (end === 'said') set(given(claim))
    else if (end === 'gone') remove(claim)
    else allocated.forget(claim)
    assert.equal(allocated.isAssumed(claim), false)
    const left = allocated.all()
    assert.equal(left.length, end === 'said' ? 1 : 0, end)
    assert.ok(left.every(one => one === other))
  }
})

test('so it does for extended resources, also where the claim went while nobody was watching', () => {
  for (const end of ['said', 'gone', 'taken back']) {
    const { allocated, set, remove } = setUp()
    const claim = ofPod('p', 'c')
    allocated.assumeExtended('p', allocation)
    allocated.assumeExtended('q', allocation)
    set(claim)
    set(claimOf('another'))
    assert.equal(allocated.all().length, 2)
    // Seen without devices, then gone: that it had them was never seen.
    if (end === 'said') set(given(claim))
    else if (end === 'gone') remove(claim)
    else allocated.forgetExtended('p')
    const left = allocated.all()
    assert.equal(left.length, end === 'said' ? 2 : 1, end)
    assert.equal(left.filter(one => one === allocation).length, 1, 'that of the other pod stays')
  }
})
