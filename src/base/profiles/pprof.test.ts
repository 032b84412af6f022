import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pprofOfAllocations, pprofOfCpu, pprofProfile } from './pprof.ts'
import type { CallFrame } from './v8.ts'

const frame = (functionName: string, url: string, lineNumber: number): CallFrame => ({
  ...{ functionName, url, lineNumber },
})
const ROOT = frame('(root)', '', -1)

/** The stacks of a profile as text, innermost first, with their values. */
function stacksOf(bytes: Uint8Array): Record<string, readonly number[]> {
  const { sample, location, function: functions, stringTable } = pprofProfile.decode(bytes)
  const told = (id: number) => {
    const [line] = location.find(each => each.id === id)?.line ?? []
    const found = functions.find(each => each.id === line?.functionId)
    return `${stringTable[found?.name ?? 0]} ${stringTable[found?.filename ?? 0]}:${line?.line}`
  }
  return Object.fromEntries(
    sample.map(({ locationId = [], value = [] }) => [locationId.map(told).join(' < '), value]),
  )
}

test('times at work are told by stack and line; times of rest are not', () => {
  const bytes = pprofOfCpu(
    {
      nodes: [
        { id: 1, callFrame: ROOT, children: [2, 3, 5] },
        { id: 2, callFrame: frame('(idle)', '', -1) },
        { id: 3, callFrame: frame('outer', 'file:///a%20b/main.js', 9), children: [4] },
        {
          id: 4,
          callFrame: frame('', 'node:fs', 0),
          positionTicks: [
            { line: 3, ticks: 1 },
            { line: 7, ticks: 1 },
          ],
        },
        { id: 5, callFrame: frame('(garbage collector)', '', -1) },
      ],
      startTime: 500,
      endTime: 6500,
      samples: [4, 2, 3, 4, 5],
      // The first look is 500 µs after the start, and what it saw lasted for 1,000.
      timeDeltas: [500, 1000, 2000, 1000, 500],
    },
    1_700_000_000_000,
    1000,
  )
  assert.deepEqual(stacksOf(bytes), {
    '(anonymous) node:fs:3 < outer /a b/main.js:10': [1, 750_000],
    '(anonymous) node:fs:7 < outer /a b/main.js:10': [1, 750_000],
    'outer /a b/main.js:10': [1, 1_000_000],
    '(garbage collector) :0': [1, 1_000_000],
  })
  const profile = pprofProfile.decode(bytes)
  const { stringTable, sampleType, periodType, period, durationNanos, timeNanos } = profile
  assert.equal(stringTable[0], '')
  const typed = (type?: { type?: number; unit?: number }) =>
    [type?.type, type?.unit].map(at => stringTable[at ?? 0])
  assert.deepEqual(sampleType.map(typed), [
    ['samples', 'count'],
    ['cpu', 'nanoseconds'],
  ])
  assert.deepEqual(typed(periodType), ['cpu', 'nanoseconds'])
  assert.equal(stringTable[profile.defaultSampleType], 'cpu')
  assert.deepEqual([period, durationNanos, timeNanos], [1_000_000, 6_000_000, 1.7e18])
})

test('looks that are handed over out of order take nothing away, and none at all is a profile, too', () => {
  const nodes = [
    { id: 1, callFrame: ROOT, children: [2] },
    { id: 2, callFrame: frame('f', 'f.js', 0) },
  ]
  const disordered = {
    nodes,
    startTime: 0,
    endTime: 2000,
    samples: [2, 2],
    timeDeltas: [1500, -500],
  }
  assert.deepEqual(stacksOf(pprofOfCpu(disordered, 0, 1000)), { 'f f.js:1': [2, 1_000_000] })
  assert.deepEqual(stacksOf(pprofOfCpu({ nodes, startTime: 0, endTime: 0 }, 0, 1000)), {})
})

test('bytes are told by where they were allocated', () => {
  const leaf = { callFrame: frame('leaf', 'leaf.js', 4), selfSize: 96, children: [] }
  const head = {
    callFrame: ROOT,
    selfSize: 5,
    children: [{ callFrame: frame('caller', 'caller.js', 0), selfSize: 0, children: [leaf, leaf] }],
  }
  const times = { startedMs: 1, durationMs: 2, intervalBytes: 32_768 }
  const bytes = pprofOfAllocations({ head }, 'inuse_space', times)
  assert.deepEqual(stacksOf(bytes), { 'leaf leaf.js:5 < caller caller.js:1': [96] })
  const { stringTable, sampleType, sample, function: functions } = pprofProfile.decode(bytes)
  assert.deepEqual([sample.length, functions.length], [2, 2])
  const [{ type = 0, unit = 0 } = {}] = sampleType
  assert.deepEqual([stringTable[type], stringTable[unit]], ['inuse_space', 'bytes'])
})
