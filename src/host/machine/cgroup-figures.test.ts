import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readVersion1, readVersion2 } from './cgroup-figures.ts'
import { machineCgroups } from './cgroups.ts'

/** Files as kernels show them, by `controller/name` or `name`. */
const from =
  (files: Readonly<Record<string, string>>) => async (controller: string, name: string) =>
    files[controller ? `${controller}/${name}` : name] ?? files[name]

const VERSION_1 = {
  'cpuacct/cpuacct.usage': '5000000000\n',
  'cpuacct/cpuacct.stat': 'user 300\nsystem 150\n',
  'cpu/cpu.stat': 'nr_periods 40\nnr_throttled 3\nthrottled_time 70000000\n',
  'cpu/cpu.shares': '512\n',
  'cpu/cpu.cfs_quota_us': '-1\n',
  'cpu/cpu.cfs_period_us': '100000\n',
  'memory/memory.stat': [
    ...['cache 1', 'rss 2', 'pgfault 11', 'pgmajfault 1', 'total_cache 1000', 'total_rss 2000'],
    ...['total_mapped_file 30', 'total_swap 40', 'total_pgfault 500', 'total_pgmajfault 6'],
    ...['total_inactive_file 700', 'total_active_file 300', ''],
  ].join('\n'),
  'memory/memory.usage_in_bytes': '4096\n',
  'memory/memory.max_usage_in_bytes': '8192\n',
  'memory/memory.failcnt': '9\n',
  'memory/memory.limit_in_bytes': '16384\n',
  'memory/memory.memsw.limit_in_bytes': '9223372036854771712\n',
  'memory/memory.kmem.usage_in_bytes': '77\n',
  'memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
  'pids/cgroup.procs': '12\n34\n',
  'pids/pids.current': '5\n',
  'pids/pids.max': 'max\n',
  'blkio/blkio.throttle.io_service_bytes_recursive':
    '254:0 Read 4096\n254:0 Write 512\n254:0 Total 4608\nTotal 4608\n',
  'blkio/blkio.throttle.io_serviced_recursive': '254:0 Read 4\n254:0 Write 1\nTotal 5\n',
}

test('a group of version 1', async () => {
  const figures = await readVersion1(from(VERSION_1))
  assert.deepEqual(figures, {
    cpu: {
      usageNanoseconds: 5e9,
      userNanoseconds: 3e9,
      systemNanoseconds: 1.5e9,
      periods: 40,
      throttledPeriods: 3,
      throttledNanoseconds: 7e7,
      shares: 512,
      quotaMicroseconds: 0,
      periodMicroseconds: 100_000,
    },
    memory: {
      usageBytes: 4096,
      maximumUsageBytes: 8192,
      workingSetBytes: 4096 - 700,
      cacheBytes: 1000,
      rssBytes: 2000,
      mappedFileBytes: 30,
      activeFileBytes: 300,
      inactiveFileBytes: 700,
      swapBytes: 40,
      swapAvailableBytes: undefined,
      kernelBytes: 77,
      failures: 9,
      pageFaults: 500,
      majorPageFaults: 6,
      ownPageFaults: 11,
      ownMajorPageFaults: 1,
      limitBytes: 16_384,
      swapLimitBytes: 0,
      reservationBytes: 0,
    },
    pids: { processIds: [12, 34], threads: 5, limit: 0 },
    io: [
      {
        major: 254,
        minor: 0,
        bytes: new Map([
          ['Read', 4096],
          ['Write', 512],
          ['Total', 4608],
        ]),
        operations: new Map([
          ['Read', 4],
          ['Write', 1],
        ]),
      },
    ],
    outOfMemoryKills: 2,
    pressure: undefined,
  })
  assert.equal(await readVersion1(from({})), undefined)
})

const PRESSURE =
  'some avg10=0.00 avg60=0.00 avg300=0.00 total=70\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=30\n'
const VERSION_2 = {
  'cpu.stat':
    'usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\nnr_periods 40\nnr_throttled 3\nthrottled_usec 70000\n',
  'cpu.weight': '20\n',
  'cpu.max': '50000 100000\n',
  'memory.current': '4096\n',
  'memory.peak': '8192\n',
  'memory.stat':
    'anon 2000\nfile 1000\nkernel 77\nfile_mapped 30\ninactive_file 700\nactive_file 300\npgfault 500\npgmajfault 6\n',
  'memory.max': '16384\n',
  'memory.low': '0\n',
  'memory.events': 'low 0\nhigh 0\nmax 9\noom 2\noom_kill 2\n',
  'memory.swap.current': '40\n',
  'memory.swap.max': 'max\n',
  'cgroup.procs': '12\n',
  'pids.current': '5\n',
  'pids.max': '100\n',
  'io.stat': '254:0 rbytes=4096 wbytes=512 rios=4 wios=1 dbytes=0 dios=0\n',
  'cpu.pressure': PRESSURE,
  'io.pressure': PRESSURE,
  'memory.pressure': PRESSURE,
}

test('a group of version 2', async () => {
  const figures = await readVersion2(from(VERSION_2))
  assert.ok(figures)
  assert.deepEqual(figures.cpu, {
    usageNanoseconds: 5e9,
    userNanoseconds: 3e9,
    systemNanoseconds: 2e9,
    periods: 40,
    throttledPeriods: 3,
    throttledNanoseconds: 7e7,
    shares: 500,
    quotaMicroseconds: 50_000,
    periodMicroseconds: 100_000,
  })
  const { memory, pids, io, pressure, outOfMemoryKills } = figures
  assert.deepEqual(
    [memory.workingSetBytes, memory.rssBytes, memory.cacheBytes, memory.swapBytes, memory.failures],
    [4096 - 700, 2000, 1000, 40, 9],
  )
  assert.deepEqual([memory.limitBytes, memory.swapLimitBytes], [16_384, 0])
  assert.equal(memory.swapAvailableBytes, undefined, 'there is no limit')
  assert.deepEqual(pids, { processIds: [12], threads: 5, limit: 100 })
  assert.deepEqual(io[0]?.bytes.get('Write'), 512)
  assert.deepEqual(io[0]?.operations.get('Read'), 4)
  assert.deepEqual(pressure?.memory, { some: 70, full: 30 })
  assert.equal(outOfMemoryKills, 2)
  assert.equal(
    (await readVersion2(from({ ...VERSION_2, 'cpu.max': 'max 100000\n' })))?.cpu.quotaMicroseconds,
    0,
  )
  assert.equal(await readVersion2(from({})), undefined)
})

test('this machine tells what its root group uses, and nothing of a group that is not there', async t => {
  const root = await machineCgroups.figures('/')
  if (!root) return t.skip('this machine has no control groups')
  assert.ok(root.cpu.usageNanoseconds > 0)
  assert.equal(await machineCgroups.figures('/no-such-group'), undefined)
})

test('how much of a group may still come to disks', async () => {
  const unified = async (limit: string | undefined) => {
    const { 'memory.swap.max': _, ...others } = VERSION_2
    const files = limit === undefined ? others : { ...others, 'memory.swap.max': limit }
    return (await readVersion2(from(files)))?.memory.swapAvailableBytes
  }
  assert.deepEqual(
    [await unified('100\n'), await unified('0\n'), await unified(undefined)],
    [60, 0, 0],
  )
})
