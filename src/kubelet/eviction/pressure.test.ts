import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../pod-types.ts'
import type { Image } from '../runtime.ts'
import { pressureRefusal } from './pressure-refusal.ts'
import { excessMessage, ranked } from './ranking.ts'
import { lowMessage, metThresholds, type Signal, thresholdsOf } from './thresholds.ts'
import { unusedImages } from './unused-images.ts'

const MEBIBYTE = 2 ** 20
const podOf = (name: string, spec: object = {}) =>
  ({ metadata: { name, uid: name }, spec: { containers: [{ name: 'c' }], ...spec } }) as Pod

test('thresholds are quantities or parts of what there is, and memory comes first', () => {
  const met = (text: string | undefined, seen: Parameters<typeof metThresholds>[1]) =>
    metThresholds(thresholdsOf(text), seen).map(({ signal, limit }) => [signal, limit])
  const seen = {
    'nodefs.available': { available: 49, capacity: 1000 },
    'memory.available': { available: 99 * MEBIBYTE, capacity: 1024 * MEBIBYTE },
    'nodefs.inodesFree': { available: 0, capacity: 0 },
  }
  assert.deepEqual(met(undefined, seen), [
    ['memory.available', 100 * MEBIBYTE],
    ['nodefs.available', 50],
  ])
  assert.deepEqual(met('', seen), [])
  assert.deepEqual(met('nodefs.available<4.9%,memory.available<99Mi', seen), [])
  assert.deepEqual(met('memory.available<99.5Mi', {}), [], 'what is not measured is not short')
  for (const text of ['disk<1', 'memory.available', 'memory.available<x', 'nodefs.available<101%'])
    assert.throws(() => thresholdsOf(text), /UserError: --eviction-hard wants/, text)
})

test('who uses more than it asked for goes first, then the least important, then the greediest', () => {
  const requests = { memory: '100Mi' }
  const candidate = (name: string, mebibytes: number, spec: object = {}) => {
    const total = mebibytes * MEBIBYTE
    return { pod: podOf(name, spec), total, containers: new Map([['c', total]]), owner: name }
  }
  const asked = { containers: [{ name: 'c', resources: { requests } }] }
  const candidates = [
    candidate('within', 90, asked),
    candidate('critical', 900, { priority: 2_000_000_000 }),
    candidate('important', 500, { priority: 10 }),
    candidate('above', 130, asked),
    candidate('greedy', 40),
  ]
  const order = (signal: Signal) => ranked(candidates, signal).map(({ owner }) => owner)
  assert.deepEqual(order('memory.available'), ['greedy', 'above', 'important', 'within'])
  assert.deepEqual(order('nodefs.available'), ['above', 'within', 'greedy', 'important'])
  const met = { signal: 'memory.available', limit: 100 * MEBIBYTE, available: MEBIBYTE } as const
  assert.equal(
    lowMessage(met) + excessMessage(candidate('above', 130, asked), met.signal),
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 1Mi. ' +
      'Container c was using 130Mi, request is 100Mi, has larger consumption of memory. ',
  )
  assert.equal(excessMessage(candidate('within', 90, asked), 'memory.available'), '')
})

test('what a node that runs short still takes', () => {
  const requests = { memory: '1Mi' }
  const asking = podOf('asking', { containers: [{ name: 'c', resources: { requests } }] })
  const critical = podOf('critical', { priority: 2_000_001_000 })
  const key = 'node.kubernetes.io/memory-pressure'
  const tolerant = podOf('tolerant', { tolerations: [{ key, operator: 'Exists' }] })
  const plain = podOf('plain')
  const taken = (memory: boolean, disk: boolean) =>
    [asking, critical, tolerant, plain]
      .filter(pod => !pressureRefusal(pod, { memory, disk }))
      .map(({ metadata }) => metadata.name)
  assert.deepEqual(taken(false, false), ['asking', 'critical', 'tolerant', 'plain'])
  assert.deepEqual(taken(true, false), ['asking', 'critical', 'tolerant'])
  assert.deepEqual(taken(false, true), ['critical'])
  assert.deepEqual(pressureRefusal(plain, { memory: true, disk: true }), {
    reason: 'Evicted',
    message: 'The node had condition: [MemoryPressure DiskPressure]. ',
  })
})

test('images that a registry has and nobody uses may go, the largest first', () => {
  const image = (id: string, sizeBytes: number, more: object = {}): Image => ({
    id,
    repoTags: [`example.com/${id}:1`],
    repoDigests: [`example.com/${id}@sha256:0`],
    sizeBytes,
    ...more,
  })
  const images = [
    image('small', 1),
    image('large', 9),
    image('used', 99),
    image('loaded', 99, { repoDigests: [] }),
    image('pause', 99, { repoTags: ['registry.k8s.io/pause:3.10'] }),
  ]
  const inUse = new Set(['example.com/used:1'])
  assert.deepEqual(
    unusedImages(images, inUse).map(({ id }) => id),
    ['large', 'small'],
  )
})
