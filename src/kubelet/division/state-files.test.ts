import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Files } from '../host-access.ts'
import { cpuStateFile, memoryStateFile } from './state-files.ts'

function memoryFiles() {
  const contents = new Map<string, string>()
  const files = {
    read: async (path: string) => {
      const text = contents.get(path)
      return text === undefined ? undefined : new TextEncoder().encode(text)
    },
    write: async (path: string, bytes: Uint8Array) => {
      contents.set(path, new TextDecoder().decode(bytes))
    },
    makeDirectory: async () => {},
  } as unknown as Files
  return { files, contents }
}

test('the file is as upstream writes it, with its checksum', async () => {
  const { files, contents } = memoryFiles()
  await cpuStateFile(files, '/k', 'none').write({ policyName: 'none', shared: [], entries: {} })
  assert.equal(
    contents.get('/k/cpu_manager_state'),
    '{"policyName":"none","defaultCpuSet":"","checksum":1353318690}',
  )
  const state = {
    policyName: 'static',
    shared: [0, 1, 2, 3],
    entries: { u: { c: [1], d: [2] }, v: { e: [4] } },
  }
  await cpuStateFile(files, '/k', 'static').write(state)
  const text = contents.get('/k/cpu_manager_state') ?? ''
  assert.equal(JSON.parse(text).checksum, 3376743178)
  assert.deepEqual(await cpuStateFile(files, '/k', 'static').read(), state)
})

test('the memory manager’s is, too', async () => {
  const { files, contents } = memoryFiles()
  const table = { total: 1, systemReserved: 2, allocatable: 3, reserved: 4, free: 5 }
  const none = { total: 0, systemReserved: 0, allocatable: 0, reserved: 0, free: 0 }
  const machine = {
    0: { numberOfAssignments: 0, memoryMap: { memory: table, 'hugepages-1Gi': none }, cells: [0] },
  }
  const blocks = [{ numaAffinity: [0, 1], type: 'memory', size: 7 }]
  const state = { policyName: 'Static', machine, entries: { u: { c: blocks } } }
  const file = memoryStateFile(files, '/k', 'Static')
  await file.write(state)
  assert.deepEqual(await file.read(), state)
  assert.deepEqual(JSON.parse(contents.get('/k/memory_manager_state') ?? '').machineState, machine)
})

test('a file that is missing is none; one that is damaged or of another policy stops the node', async () => {
  const { files, contents } = memoryFiles()
  const path = '/k/cpu_manager_state'
  const file = cpuStateFile(files, '/k', 'static')
  assert.equal(await file.read(), undefined)
  const drain = `, please drain this node and delete the CPU manager checkpoint file "${path}" before restarting Kubelet`
  const refused = async (text: string, why: string) => {
    contents.set(path, text)
    await assert.rejects(file.read(), {
      name: 'UserError',
      message: `start cpu manager error: could not restore state from checkpoint: ${why}${drain}`,
    })
  }
  await refused(
    '{"policyName":"none","defaultCpuSet":"","checksum":1353318690}',
    'configured policy "static" differs from state checkpoint policy "none"',
  )
  await refused('{"policyName":"none","defaultCpuSet":"","checksum":1}', 'checkpoint is corrupted')
  await refused('{"policyName":"sta', 'checkpoint is corrupted')
  await refused('[]', 'checkpoint is corrupted')
  await refused(
    '{"policyName":"static","defaultCpuSet":"0-x","checksum":1}',
    'checkpoint is corrupted',
  )
})
