import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IDS_PER_REVISION } from './messages.ts'
import { OldPacks } from './old-packs.ts'
import { PlacedPack } from './placed-pack.ts'

/** So many packs of so many changes each, one for each revision from 1 on. */
function packsOf(count: number, changes = 1, size = 10): PlacedPack[] {
  return Array.from({ length: count }, (_, n) => {
    const first = (1 + n * changes) * IDS_PER_REVISION
    const pack = new PlacedPack(first)
    for (let i = 0; i < changes; i++) pack.add(first + i * IDS_PER_REVISION, 2, size)
    return pack
  })
}

function forgetAll(pack: PlacedPack | undefined): void {
  for (let place = 0; place < (pack?.changes ?? 0); place++) pack?.forget(place)
}

const NEVER = { changes: 1e9, bytes: 1e9, ticks: 1e9 }

test('packs in which nothing is needed leave, but not before those that are older', () => {
  const packs = packsOf(10, 4)
  const old = new OldPacks(packs, 0, NEVER)
  for (const pack of packs.slice(0, 3)) forgetAll(pack)
  assert.deepEqual([old.work, old.take(100)], [0, []], 'history tells all of them')
  old.compact(19)
  assert.equal(old.work, 3, 'twelve changes, a quarter each')
  assert.deepEqual(old.take(100), packs.slice(0, 3))
  forgetAll(packs[4])
  old.left(3)
  assert.deepEqual([old.work, packs[2]?.leaves, packs[3]?.leaves], [0, 'gone', 'not'])
  old.compact(20)
  assert.deepEqual(old.take(100), [], 'the fourth is needed')
  packs[3]?.forget(0)
  assert.deepEqual(old.take(100), [])
  forgetAll(packs[3])
  assert.deepEqual(old.take(100), packs.slice(3, 5))
})

test('a pack whose last change is told yet stays', () => {
  const packs = packsOf(2, 4)
  const old = new OldPacks(packs, 3, NEVER)
  for (const pack of packs) forgetAll(pack)
  assert.deepEqual(old.take(100), [])
  old.compact(4)
  assert.deepEqual(old.take(100), packs.slice(0, 1))
})

test('more than may lie around leaves, needed or not, the oldest first', () => {
  const packs = packsOf(10, 4)
  const old = new OldPacks(packs, 0, { ...NEVER, changes: 20 })
  old.compact(36)
  assert.equal(old.work, 16)
  assert.deepEqual(old.take(6), packs.slice(0, 2))
  assert.deepEqual(old.take(100), packs.slice(0, 4))
  old.left(4)
  assert.deepEqual([old.work, old.take(100)], [0, []])
  const heavy = new OldPacks(packsOf(10, 4, 5000), 40, { ...NEVER, bytes: 100_000 })
  assert.ok(heavy.work > 50, `${heavy.work}`)
  assert.equal(heavy.take(1000).length, 6)
})

test('what is old for some time leaves, also where there is room', () => {
  const packs = packsOf(10)
  const old = new OldPacks(packs, 3, { ...NEVER, ticks: 3 })
  old.tick()
  old.compact(5)
  old.tick()
  assert.equal(old.work, 0)
  old.tick()
  assert.equal(old.work, 3)
  assert.deepEqual(old.take(100), packs.slice(0, 3))
  old.left(3)
  assert.deepEqual([old.work, old.take(100)], [0, []])
  old.tick()
  assert.deepEqual(old.take(100), packs.slice(3, 5))
})

test('random lives: packs leave in order once history does not tell them, and all do in the end', () => {
  for (let seed = 1; seed <= 50; seed++) {
    let state = seed
    const below = (limit: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * limit)
    }
    const limits = { changes: 40, bytes: 1e9, ticks: 4 }
    const packs = packsOf(200, 3)
    const old = new OldPacks([], 0, limits)
    let placed = 0
    let left = 0
    let compacted = 0
    for (let step = 0; step < 400; step++) {
      const more = packs.slice(placed, placed + below(3))
      placed += more.length
      old.add(more)
      compacted = Math.min(3 * placed, compacted + below(4))
      old.compact(compacted)
      for (let i = 0; i < 4; i++) forgetAll(packs[left + below(Math.max(1, placed - left))])
      if (below(5) === 0) old.tick()
      const going = old.take(1 + below(20))
      assert.deepEqual(going, packs.slice(left, left + going.length), `seed ${seed}`)
      for (const pack of going) assert.ok(pack.lastId < (compacted + 1) * IDS_PER_REVISION)
      old.left(going.length)
      left += going.length
    }
    for (let i = 0; i < limits.ticks; i++) old.tick()
    for (let going = old.take(10); going.length > 0; going = old.take(10)) {
      old.left(going.length)
      left += going.length
    }
    assert.deepEqual([old.work, left], [0, Math.floor(compacted / 3)], `seed ${seed}`)
  }
})
