import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineFiles } from '#host/machine/files.ts'
import { limitIn, ownFigures, processFigures } from './process-figures.ts'

test('times, memory and limits as the kernel writes them, whatever the process is called', () => {
  const own =
    '42 (a (b) c) S 1 1 1 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 11 0 3000 1000000 25 18446744073709551615'
  assert.deepEqual(ownFigures(own, 'cpu 1\nbtime 1700000000\n'), {
    cpuSeconds: 2,
    startSeconds: 1_700_000_030,
    virtualBytes: 1_000_000,
    residentBytes: 25 * 4096,
  })
  const limits = `Limit                     Soft Limit           Hard Limit           Units
Max open files            1024                 524288               files
Max address space         unlimited            unlimited            bytes
`
  assert.equal(limitIn(limits, 'Max open files'), 1024)
  assert.equal(limitIn(limits, 'Max address space'), 2 ** 64)
})

test('this process tells of itself, one without /proc nothing', async () => {
  const figures = await processFigures(machineFiles)
  const value = (name: string) => figures.find(each => each.name === name)?.values[0]?.value ?? 0
  assert.ok(value('process_open_fds') > 3)
  assert.ok(value('process_resident_memory_bytes') > 2 ** 20)
  assert.ok(Math.abs(value('process_start_time_seconds') * 1000 - Date.now()) < 3_600_000)
  const none = { read: async () => undefined, names: async () => [] } as never
  assert.deepEqual(await processFigures(none), [])
})
