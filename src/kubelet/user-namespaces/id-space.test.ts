import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import { IdParts, spaceOf, UNIT, wholeSpace } from './id-space.ts'

const wanted = { idsPerPod: UNIT, maxPods: 110, user: 'kubelet' }
const said = (text: string) => spaceOf({ users: text, groups: text }, wanted)

test('all ids but the node’s own are there for pods, and the last, which is none', () => {
  assert.deepEqual(wholeSpace(UNIT), { first: UNIT, length: 65_534 * UNIT, idsPerPod: UNIT })
  for (const units of [1, 2, 3, 1000]) {
    const { first, length, idsPerPod } = wholeSpace(units * UNIT)
    assert.equal(first, idsPerPod)
    assert.equal(length % idsPerPod, 0)
    assert.ok(first + length <= 2 ** 32 - 1)
  }
})

test('what is set aside for the kubelet', () => {
  const length = 110 * UNIT
  assert.deepEqual(said(`0: kubelet 131072 ${length}\n`), {
    ...{ first: 131_072, length, idsPerPod: UNIT },
  })
  for (const [text, why] of [
    ['', /one range of ids for user "kubelet", not ""/],
    ['0: kubelet 65536 x', /one range/],
    ['0: other 65536 7208960', /one range/],
    ['0: kubelet 65536 7208960\n1: kubelet 16777216 7208960', /one range/],
    ['0: kubelet 0 7208960', /ID 0 must be greater or equal to 65536$/],
    ['0: kubelet 65537 7208960', /ID 65537 is not a multiple of 65536$/],
    ['0: kubelet 65536 7208961', /IDs length 7208961 is not a multiple of 65536$/],
    ['0: kubelet 65536 7143424', /not enough to support 110 pods$/],
    ['0: kubelet 4294901760 7208960', /beyond the last/],
  ] as const)
    assert.throws(() => said(text), why, text)
  assert.throws(
    () => spaceOf({ users: '0: kubelet 65536 7208960', groups: '' }, wanted),
    /^Error: mismatched subuids and subgids for user "kubelet"$/,
  )
})

test('each has the lowest that is free, and keeps it', () => {
  const parts = new IdParts({ first: UNIT, length: 3 * UNIT, idsPerPod: UNIT })
  const [a, b] = [parts.take('a'), parts.take('b')]
  assert.deepEqual([a.hostId, b.hostId], [UNIT, 2 * UNIT])
  parts.release('a')
  parts.release('a')
  assert.equal(parts.of('a'), undefined)
  assert.equal(parts.take('c').hostId, UNIT)
  parts.take('d')
  assert.throws(() => parts.take('e'), /could not find an empty slot/)
  assert.deepEqual(parts.of('b'), b)
})

test('what a pod had before is nobody else’s, also where the space is another now', () => {
  const parts = new IdParts({ first: 2 * UNIT, length: 8 * UNIT, idsPerPod: 2 * UNIT })
  // Of a kubelet that gave each pod less: it lies in one part, and another across two.
  parts.claim('old', { hostId: 3 * UNIT, length: UNIT })
  parts.claim('across', { hostId: 5 * UNIT, length: 2 * UNIT })
  // Below all that is given now.
  parts.claim('below', { hostId: UNIT, length: UNIT })
  assert.throws(() => parts.claim('double', { hostId: 2 * UNIT, length: UNIT }), /pod old, too/)
  assert.equal(parts.take('new').hostId, 8 * UNIT)
  assert.throws(() => parts.take('more'))
  parts.release('across')
  assert.equal(parts.take('more').hostId, 4 * UNIT)
})

test('no id is ever two pods’', () => {
  const random = createSeededRandom(7)
  const parts = new IdParts({ first: UNIT, length: 20 * UNIT, idsPerPod: UNIT })
  const present = new Map<string, number>()
  for (let i = 0; i < 5_000; i++) {
    const uid = `pod-${random.integer(40)}`
    if (present.has(uid)) {
      parts.release(uid)
      present.delete(uid)
    } else if (present.size < 20) present.set(uid, parts.take(uid).hostId)
    else assert.throws(() => parts.take(uid))
    assert.equal(new Set(present.values()).size, present.size)
    for (const [name, hostId] of present) assert.equal(parts.of(name)?.hostId, hostId)
  }
})
