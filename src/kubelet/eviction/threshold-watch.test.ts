import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Image } from '../runtime.ts'
import { bytesToFree, ImageAges } from './image-collection.ts'
import { DEFAULT_EVICTION, ThresholdWatch } from './threshold-watch.ts'

const memory = (available: number) => ({ 'memory.available': { available, capacity: 1000 } })

test('a soft threshold tells at once and presses after its grace, from anew if it was not met meanwhile', () => {
  const watch = new ThresholdWatch(
    { 'memory.available': '100' },
    {
      ...DEFAULT_EVICTION,
      soft: { 'memory.available': '30%' },
      softGraceMs: { 'memory.available': 60_000 },
    },
  )
  const look = (available: number, nowMs: number) => {
    const { pressing, signals } = watch.look(memory(available), nowMs)
    return [pressing.map(({ isSoft, limit }) => [isSoft, limit]), [...signals]]
  }
  assert.deepEqual(look(300, 0), [[], []])
  assert.deepEqual(look(299, 1000), [[], ['memory.available']])
  assert.deepEqual(look(299, 60_999), [[], ['memory.available']])
  assert.deepEqual(look(299, 61_000), [[[true, 300]], ['memory.available']])
  assert.deepEqual(look(300, 62_000), [[], []])
  assert.deepEqual(look(299, 63_000), [[], ['memory.available']])
  assert.deepEqual(
    look(99, 64_000),
    [[[false, 100]], ['memory.available']],
    'hard ones do not wait',
  )
})

test('what pressed does so until as much more is there as is to be reclaimed', () => {
  const watch = new ThresholdWatch(
    { 'memory.available': '100' },
    { ...DEFAULT_EVICTION, minimumReclaim: { 'memory.available': '50' } },
  )
  const presses = (available: number) =>
    watch.look(memory(available), 0).pressing.map(({ limit }) => limit)
  assert.deepEqual(presses(120), [])
  assert.deepEqual(presses(99), [100])
  assert.deepEqual(presses(149), [100], 'the threshold itself is told')
  assert.deepEqual(presses(150), [])
  assert.deepEqual(presses(149), [])
})

test('images go from one percentage of the disk down to another', () => {
  const collection = { highPercent: 85, lowPercent: 80, minimumAgeMs: 0 }
  const free = (availableBytes: number, more: object = {}) =>
    bytesToFree({ ...collection, ...more }, { capacityBytes: 1000, availableBytes })
  assert.equal(free(160), 0)
  assert.equal(free(150), 50)
  assert.equal(free(0), 200)
  assert.equal(free(0, { highPercent: 100 }), 0, 'never')
  assert.equal(free(2000), 0)
})

test('who was not used for longest goes first, unless it is too young', () => {
  const image = (id: string): Image => ({ id, repoTags: [], repoDigests: [], sizeBytes: 1 })
  const [a, b, c, young] = [image('a'), image('b'), image('c'), image('young')]
  const ages = new ImageAges()
  ages.saw([a, b, c], [b, c], 0)
  ages.saw([a, b, c], [a, c], 1000)
  ages.saw([a, b, c, young], [a, b, c, young], 5000)
  const collection = { highPercent: 85, lowPercent: 80, minimumAgeMs: 2000 }
  assert.deepEqual(
    ages.oldest([a, b, c, young], collection, 5000).map(({ id }) => id),
    ['c', 'a', 'b'],
  )
  assert.deepEqual(
    [a, b, c, young].map(each => ages.unusedForMs(each, 6000)),
    [6000, 5000, 6000, 1000],
  )
})
