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

test('what upstream’s kubelet wrote is read, and written again to the letter', async () => {
  const uid = '8ca8ed00529aba7b1799d39d377bef20'
  const table = '"systemReserved":104857600,"allocatable":20122382336,"reserved":67108864'
  const none = '{"total":0,"systemReserved":0,"allocatable":0,"reserved":0,"free":0}'
  const map = `{"hugepages-1Gi":${none},"hugepages-2Mi":${none},"memory":{"total":20227239936,${table},"free":20055273472}}`
  const written = {
    none: '{"policyName":"None","machineState":{},"checksum":4236770233}',
    cpus: `{"policyName":"static","defaultCpuSet":"0","entries":{"${uid}":{"c":"1"}},"checksum":3550477194}`,
    memory: `{"policyName":"Static","machineState":{"0":{"numberOfAssignments":1,"memoryMap":${map},"cells":[0]}},"entries":{"${uid}":{"c":[{"numaAffinity":[0],"type":"memory","size":67108864}]}},"checksum":1472872046}`,
  }
  const { files, contents } = memoryFiles()
  const again = async <S>(
    name: string,
    text: string,
    file: { read(): Promise<S | undefined>; write(state: S): Promise<void> },
  ) => {
    contents.set(`/k/${name}`, text)
    const state = await file.read()
    assert.ok(state)
    contents.clear()
    await file.write(state)
    assert.equal(contents.get(`/k/${name}`), text)
  }
  await again('memory_manager_state', written.none, memoryStateFile(files, '/k', 'None'))
  await again('cpu_manager_state', written.cpus, cpuStateFile(files, '/k', 'static'))
  await again('memory_manager_state', written.memory, memoryStateFile(files, '/k', 'Static'))
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
