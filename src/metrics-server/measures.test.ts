import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Measures } from './measures.ts'
import type { ContainerPoint, NodePoints, Point } from './points.ts'

const RESOLUTION_MS = 15_000
const point = (cpu: number, timeMs: number): Point => ({
  cpu,
  memory: 4096,
  swap: undefined,
  timeMs,
})
const run = (name: string, cpu: number, timeMs: number, startMs = 0): ContainerPoint => ({
  ...point(cpu, timeMs),
  name,
  startMs,
})
const at = (node: Point | undefined, ...containers: ContainerPoint[]): NodePoints => ({
  node,
  pods: new Map(containers.length > 0 ? [['a/web', containers]] : []),
})

test('two points make a rate, over the time between them', () => {
  const measures = new Measures(RESOLUTION_MS)
  assert.equal(measures.take('one', at(point(1e9, 1000), run('main', 0, 1000))), true)
  assert.equal(measures.node('one'), undefined)
  assert.equal(measures.pod('a/web'), undefined)
  assert.equal(measures.take('one', at(point(2.5e9, 4000), run('main', 600_000, 4000))), false)
  assert.deepEqual(measures.node('one'), {
    cpu: 500_000_000,
    memory: 4096,
    swap: undefined,
    timeMs: 4000,
    windowMs: 3000,
  })
  assert.equal(measures.pod('a/web')?.[0]?.cpu, 200_000)
  assert.deepEqual(measures.counts, { nodes: 1, containers: 1 })
})

test('the same moment told twice changes nothing', () => {
  const measures = new Measures(RESOLUTION_MS)
  for (const timeMs of [1000, 2000, 2000, 2000]) measures.take('one', at(point(timeMs, timeMs)))
  assert.equal(measures.node('one')?.windowMs, 1000)
})

test('a container of which one point is known keeps its whole pod from being told', () => {
  const measures = new Measures(RESOLUTION_MS)
  measures.take('one', at(undefined, run('main', 0, 1000)))
  measures.take('one', at(undefined, run('main', 9, 2000), run('late', 0, 2000)))
  assert.equal(measures.pod('a/web'), undefined)
  measures.take('one', at(undefined, run('main', 18, 3000), run('late', 9, 3000)))
  assert.equal(measures.pod('a/web')?.length, 2)
})

test('a container that was started again is measured anew', () => {
  const measures = new Measures(RESOLUTION_MS)
  measures.take('one', at(undefined, run('main', 5000, 20_000)))
  measures.take('one', at(undefined, run('main', 9000, 40_000, 39_000)))
  assert.equal(measures.pod('a/web'), undefined)
  measures.take('one', at(undefined, run('main', 9500, 44_000, 39_000)))
  assert.equal(measures.pod('a/web')?.[0]?.windowMs, 4000)
})

test('of one that started a while ago, but after the last look, all is known', () => {
  const measures = new Measures(RESOLUTION_MS)
  assert.equal(measures.take('one', at(point(0, 1), run('main', 12_000, 62_000, 50_000))), true)
  assert.equal(measures.pod('a/web')?.[0]?.cpu, 1000)
  assert.equal(measures.pod('a/web')?.[0]?.windowMs, 12_000)
  // Too young, or too old, to be judged so.
  for (const startMs of [55_000, 40_000]) {
    const others = new Measures(RESOLUTION_MS)
    others.take('one', at(undefined, run('main', 12_000, 62_000, startMs)))
    assert.equal(others.pod('a/web'), undefined)
  }
})

test('a counter that went back is no rate', () => {
  const measures = new Measures(RESOLUTION_MS)
  measures.take('one', at(point(5000, 1000)))
  assert.equal(measures.take('one', at(point(400, 2000))), true)
  assert.equal(measures.node('one'), undefined)
})

test('what a node does not tell of any more is forgotten, a pod that moved is not', () => {
  const measures = new Measures(RESOLUTION_MS)
  for (const timeMs of [1000, 2000])
    measures.take('one', at(undefined, run('main', timeMs, timeMs)))
  for (const timeMs of [1000, 2000])
    measures.take('two', at(undefined, run('main', timeMs, timeMs)))
  measures.take('one', at(undefined))
  assert.ok(measures.knowsPod('a/web'))
  measures.drop('two')
  assert.ok(!measures.knowsPod('a/web'))
  assert.deepEqual(measures.counts, { nodes: 0, containers: 0 })
})
