import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuIn, machineUsage, memoryIn } from './machine-usage.ts'

const STAT = `cpu  1000 200 300 90000 4000 10 20 500 70 0
cpu0 500 100 150 45000 2000 5 10 250 35 0
intr 1
`
const MEMORY = `MemTotal:       16000 kB
MemFree:         4000 kB
MemAvailable:    9000 kB
Inactive(anon):  1000 kB
Inactive(file):  2000 kB
SwapTotal:       5000 kB
SwapFree:        4500 kB
`

test('busy time counts, whatever kept the machine busy; idling, disks and other machines do not', () => {
  assert.deepEqual(cpuIn(STAT), { cpuUsageNanoseconds: 1530 * 10_000_000 })
})

test('what the kernel could drop is not needed', () => {
  assert.deepEqual(memoryIn(MEMORY), {
    memoryWorkingSetBytes: 10_000 * 1024,
    swapUsageBytes: 500 * 1024,
    swapAvailableBytes: 4500 * 1024,
  })
})

test('a machine without such files tells nothing, one that tells by itself is believed', async () => {
  const files = { read: async () => undefined } as never
  assert.equal(await machineUsage({ files }, () => 5), undefined)
  const told = {
    cpuUsageNanoseconds: 1,
    memoryWorkingSetBytes: 2,
    swapUsageBytes: 3,
    timestamp: 4,
  }
  assert.deepEqual(await machineUsage({ files, usage: () => told }, () => 5), told)
})
