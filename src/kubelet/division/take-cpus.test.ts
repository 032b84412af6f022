import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuSet, formatCpuSet, holds, parseCpuSet, without } from './cpu-set.ts'
import { takeCpus } from './take-cpus.ts'
import { machineOf, numbersFrom } from './testing/machines.ts'

const SMALL = machineOf({ sockets: 1, nodesPerSocket: 1, coresPerNode: 4, threads: 2 }).cpus
const LARGE = machineOf({ sockets: 2, nodesPerSocket: 2, coresPerNode: 4, threads: 2 }).cpus
const taken = (cpus: typeof SMALL, free: string, count: number, wholeCores = false) => {
  const found = takeCpus(cpus, parseCpuSet(free), count, { wholeCores })
  return found && formatCpuSet(found)
}

test('whole cores come first, then threads of cores that others have begun', () => {
  assert.equal(taken(SMALL, '0-7', 2), '0,4')
  assert.equal(taken(SMALL, '0-7', 3), '0-1,4')
  // Of core 0 only one thread is left: who wants one gets that.
  assert.equal(taken(SMALL, '1-7', 1), '4')
  assert.equal(taken(SMALL, '1-7', 2), '1,5')
  assert.equal(taken(SMALL, '1-3', 2), '1-2')
  assert.equal(taken(SMALL, '1-7', 8), undefined)
})

test('who may only have whole cores gets no others', () => {
  assert.equal(taken(SMALL, '1-7', 6, true), '1-3,5-7')
  assert.equal(taken(SMALL, '1-7', 7, true), undefined)
  assert.equal(taken(SMALL, '1-3', 2, true), undefined)
})

test('large requests get whole sockets and memory nodes, small ones stay in one socket', () => {
  // A socket has the processors 0-7 and 16-23, a node half of them.
  assert.equal(taken(LARGE, '0-31', 16), '0-7,16-23')
  assert.equal(taken(LARGE, '1-31', 16), '8-15,24-31')
  assert.equal(taken(LARGE, '0-31', 8), '0-3,16-19')
  assert.equal(taken(LARGE, '0-31', 20), '0-9,16-25')
  // The first socket has room for it, but the second has less room and enough.
  assert.equal(taken(LARGE, '0-7,16-23,8-9,24-25', 4), '8-9,24-25')
})

test('whatever is free: exactly as many as asked for, of what is free, and no core broken without need', () => {
  const next = numbersFrom(7)
  for (let round = 0; round < 3000; round++) {
    const { cpus } = machineOf({
      sockets: 1 + next(2),
      nodesPerSocket: 1 + next(2),
      coresPerNode: 1 + next(6),
      threads: 1 + next(2),
    })
    const free = cpuSet(cpus.map(({ id }) => id).filter(() => next(4) > 0))
    const count = next(cpus.length + 2)
    const found = takeCpus(cpus, free, count)
    if (count > free.length) {
      assert.equal(found, undefined)
      continue
    }
    assert.ok(found)
    assert.equal(found.length, count)
    assert.ok(holds(free, found))
    assert.deepEqual(takeCpus(cpus, free, count), found, 'the same each time')
    // At most one core that was whole before is not whole after, and not wholly taken.
    const left = without(free, found)
    const broken = [...Map.groupBy(cpus, ({ core }) => core).values()].filter(threads => {
      const ids = threads.map(({ id }) => id)
      return holds(free, ids) && !holds(found, ids) && !holds(left, ids)
    })
    assert.ok(broken.length <= 1, JSON.stringify({ free, count, found }))
  }
})
