import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createCgroups, machineCgroups, weightOf } from './cgroups.ts'

const root = await mkdtemp(join(tmpdir(), 'proa-cgroups-'))
after(() => rm(root, { recursive: true, force: true }))

test('shares become weights on runc’s curve', () => {
  const pairs = [0, 2, 102, 1024, 2048, 262_144].map(shares => [shares, weightOf(shares)])
  assert.deepEqual(pairs, [
    [0, 1],
    [2, 1],
    [102, 17],
    [1024, 100],
    [2048, 174],
    [262_144, 10_000],
  ])
})

test('version 2: every group on the way hands its controllers down', async () => {
  const mount = join(root, 'unified')
  for (const group of ['', '/proa', '/proa/burstable'])
    await mkdir(join(mount, group), { recursive: true })
  await writeFile(join(mount, 'cgroup.controllers'), 'cpu memory')
  await writeFile(join(mount, 'cgroup.subtree_control'), 'memory cpu pids io cpuset hugetlb\n')
  await writeFile(join(mount, 'proa/cgroup.subtree_control'), '')
  const cgroups = createCgroups(mount)
  const path = '/proa/burstable'
  const read = async (file: string) => readFile(join(mount, path, file), 'utf8')
  assert.equal(await cgroups.problem(path), undefined)
  assert.deepEqual([await read('cpu.max'), await read('memory.max')], ['max 100000', 'max'])
  const limits = { cpuShares: 1024, cpuQuota: 50_000, memoryLimitBytes: 4096 }
  await cgroups.apply(path, limits)
  assert.deepEqual(
    [await read('cpu.weight'), await read('cpu.max'), await read('memory.max')],
    ['100', '50000 100000', '4096'],
  )
  assert.match(await readFile(join(mount, 'proa/cgroup.subtree_control'), 'utf8'), /^\+/)
  assert.deepEqual(await cgroups.names('/proa'), ['burstable'])
  assert.equal(await cgroups.limitsSwap('/proa'), false)
  await writeFile(join(mount, 'proa/memory.swap.max'), 'max')
  assert.equal(await cgroups.limitsSwap('/proa'), true)
})

test('a machine without any says so', async () => {
  assert.match((await createCgroups(join(root, 'none')).problem('/a')) ?? '', /neither version/)
})

const path = `/proa-test-${process.pid}`
const reason = await machineCgroups.problem(path)
after(() => machineCgroups.remove(path))

test('the machine’s own: limits are the kernel’s, a group in which something runs stays', {
  skip: reason ?? false,
}, async () => {
  const inner = `${path}/inner`
  const limits = { cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 20_000 }
  await machineCgroups.apply(inner, { ...limits, memoryLimitBytes: 2 ** 26 })
  const isUnified = await readFile('/sys/fs/cgroup/cgroup.controllers').then(
    () => true,
    () => false,
  )
  const where = (controller: string) => `/sys/fs/cgroup${isUnified ? '' : `/${controller}`}${inner}`
  const read = async (v1: string, v2: string) => {
    const [controller = ''] = v1.split('.')
    return (await readFile(`${where(controller)}/${isUnified ? v2 : v1}`, 'utf8')).trim()
  }
  assert.equal(await read('memory.limit_in_bytes', 'memory.max'), `${2 ** 26}`)
  assert.match(await read('cpu.cfs_quota_us', 'cpu.max'), /^20000/)
  const child = spawn('sleep', ['60'])
  const ended = new Promise(resolve => child.once('exit', resolve))
  await writeFile(`${where('memory')}/cgroup.procs`, `${child.pid}`)
  assert.deepEqual(await machineCgroups.processes(path), [child.pid])
  assert.equal(await machineCgroups.remove(path), false)
  child.kill('SIGKILL')
  await ended
  let tries = 0
  while (!(await machineCgroups.remove(path)) && tries++ < 3_000)
    await new Promise(resolve => setTimeout(resolve, 10))
  assert.deepEqual(await machineCgroups.names(path), [])
})
