/** The families of `/metrics/cadvisor` that tell of groups, under upstream's names; each says for which groups it has what. */
import type { CgroupFigures } from '../host-access.ts'
import type { Group } from './groups.ts'
import type { InterfaceFigures, Traffic } from './network-figures.ts'

export interface GroupSample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
  /** It does not change by being measured, and has no time. */
  readonly isTimeless?: boolean
}

export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly of: (group: Group) => readonly GroupSample[]
}

const SECOND = 1e9
const MICROSECONDS = 1e6

type Value = number | undefined
const one = (value: Value, labels?: GroupSample['labels']): readonly GroupSample[] =>
  value === undefined ? [] : [{ value, ...(labels ? { labels } : {}) }]

/** Of groups whose control group is known. */
const from =
  (read: (figures: CgroupFigures) => Value) =>
  ({ cgroup }: Group) =>
    one(cgroup && read(cgroup))
const spec =
  (read: (figures: CgroupFigures) => Value) =>
  (group: Group): readonly GroupSample[] =>
    from(read)(group).map(sample => ({ ...sample, isTimeless: true }))
/** Who has no quota is never slowed down for it. */
const limited = (read: (cpu: CgroupFigures['cpu']) => number) =>
  from(({ cpu }) => (cpu.quotaMicroseconds > 0 ? read(cpu) : undefined))
const network =
  (direction: 'received' | 'transmitted', what: keyof Traffic) =>
  ({ interfaces = [] }: Group) =>
    interfaces.map((each: InterfaceFigures) => ({
      labels: { interface: each.name },
      value: each[direction][what],
    }))
const pressure = (of: 'cpu' | 'io' | 'memory', part: 'some' | 'full') =>
  from(({ pressure: told }) => told && told[of][part] / MICROSECONDS)
const processes =
  (read: (told: NonNullable<Group['processes']>) => number) =>
  ({ processes: told }: Group) =>
    one(told && read(told))

const family = (name: string, type: Family['type'], help: string, of: Family['of']): Family => ({
  name: `container_${name}`,
  type,
  help,
  of,
})

const CPU = [
  family(
    'cpu_cfs_periods_total',
    'counter',
    'Periods in which its quota counted',
    limited(({ periods }) => periods),
  ),
  family(
    'cpu_cfs_throttled_periods_total',
    'counter',
    'Periods in which it used up its quota',
    limited(({ throttledPeriods }) => throttledPeriods),
  ),
  family(
    'cpu_cfs_throttled_seconds_total',
    'counter',
    'Seconds for which it had to wait for the next period',
    limited(({ throttledNanoseconds }) => throttledNanoseconds / SECOND),
  ),
  family(
    'cpu_system_seconds_total',
    'counter',
    'Core-seconds that it used in the kernel',
    from(({ cpu }) => cpu.systemNanoseconds / SECOND),
  ),
  family('cpu_usage_seconds_total', 'counter', 'Core-seconds that it used', ({ cgroup, stats }) => {
    const nanoseconds = cgroup?.cpu.usageNanoseconds ?? stats?.cpuUsageNanoseconds
    return one(nanoseconds && nanoseconds / SECOND, { cpu: 'total' })
  }),
  family(
    'cpu_user_seconds_total',
    'counter',
    'Core-seconds that it used outside the kernel',
    from(({ cpu }) => cpu.userNanoseconds / SECOND),
  ),
]

const FILES = [
  family(
    'file_descriptors',
    'gauge',
    'Files that its processes hold open',
    processes(({ fileDescriptors }) => fileDescriptors),
  ),
  family(
    'fs_reads_bytes_total',
    'counter',
    'Bytes that it read of block devices',
    devices('bytes', 'Read'),
  ),
  family(
    'fs_reads_total',
    'counter',
    'How often it read of block devices',
    devices('operations', 'Read'),
  ),
  family('fs_usage_bytes', 'gauge', 'Bytes that it wrote beside its volumes', ({ stats }) =>
    one(stats?.writableLayer?.bytes, { device: '' }),
  ),
  family(
    'fs_writes_bytes_total',
    'counter',
    'Bytes that it wrote to block devices',
    devices('bytes', 'Write'),
  ),
  family(
    'fs_writes_total',
    'counter',
    'How often it wrote to block devices',
    devices('operations', 'Write'),
  ),
]

function devices(what: 'bytes' | 'operations', operation: string): Family['of'] {
  return ({ cgroup }) =>
    (cgroup?.io ?? []).flatMap(({ major, minor, [what]: values }) =>
      one(values.get(operation) ?? 0, { device: `${major}:${minor}` }),
    )
}

const BLOCK_DEVICES = family(
  'blkio_device_usage_total',
  'counter',
  'Bytes by block device and what was done with them',
  ({ cgroup }) =>
    (cgroup?.io ?? []).flatMap(({ major, minor, bytes }) =>
      [...bytes].map(([operation, value]) => ({
        labels: { device: '', major: `${major}`, minor: `${minor}`, operation },
        value,
      })),
    ),
)

const MEMORY = [
  family(
    'memory_cache',
    'gauge',
    'Bytes of files that the kernel keeps for it',
    from(({ memory }) => memory.cacheBytes),
  ),
  family(
    'memory_failcnt',
    'counter',
    'How often it wanted more memory than it may have',
    from(({ memory }) => memory.failures),
  ),
  family(
    'memory_failures_total',
    'counter',
    'Memory that was not there when it was used, by whether a disk had to be read',
    ({ cgroup }) => {
      if (!cgroup) return []
      const { memory } = cgroup
      const told = (failure_type: string, scope: string, value: number) => ({
        labels: { failure_type, scope },
        value,
      })
      return [
        told('pgfault', 'container', memory.ownPageFaults),
        told('pgfault', 'hierarchy', memory.pageFaults),
        told('pgmajfault', 'container', memory.ownMajorPageFaults),
        told('pgmajfault', 'hierarchy', memory.majorPageFaults),
      ]
    },
  ),
  family(
    'memory_kernel_usage',
    'gauge',
    'Bytes that the kernel needs for it',
    from(({ memory }) => memory.kernelBytes),
  ),
  family(
    'memory_mapped_file',
    'gauge',
    'Bytes of files that it sees as memory',
    from(({ memory }) => memory.mappedFileBytes),
  ),
  family(
    'memory_max_usage_bytes',
    'gauge',
    'The most bytes that it ever used',
    from(({ memory }) => memory.maximumUsageBytes),
  ),
  family(
    'memory_rss',
    'gauge',
    'Bytes of its own',
    from(({ memory }) => memory.rssBytes),
  ),
  family(
    'memory_swap',
    'gauge',
    'Bytes of it on disk',
    from(({ memory }) => memory.swapBytes),
  ),
  family(
    'memory_total_active_file_bytes',
    'gauge',
    'Bytes of files that it used lately',
    from(({ memory }) => memory.activeFileBytes),
  ),
  family(
    'memory_total_inactive_file_bytes',
    'gauge',
    'Bytes of files that it did not use lately',
    from(({ memory }) => memory.inactiveFileBytes),
  ),
  family(
    'memory_usage_bytes',
    'gauge',
    'Bytes that it uses, all included',
    from(({ memory }) => memory.usageBytes),
  ),
  family('memory_working_set_bytes', 'gauge', 'Bytes that it needs', ({ cgroup, stats }) =>
    one(cgroup?.memory.workingSetBytes ?? stats?.memoryWorkingSetBytes),
  ),
]

const NETWORK = (['receive', 'transmit'] as const).flatMap(word => {
  const direction = word === 'receive' ? 'received' : 'transmitted'
  const of = (name: string, help: string, what: keyof Traffic) =>
    family(
      `network_${word}_${name}_total`,
      'counter',
      `${help} that it ${direction}`,
      network(direction, what),
    )
  return [
    of('bytes', 'Bytes', 'bytes'),
    of('errors', 'Broken packets', 'errors'),
    of('packets_dropped', 'Packets without room', 'dropped'),
    of('packets', 'Packets', 'packets'),
  ]
})

const PRESSURE = [
  family(
    'pressure_cpu_stalled_seconds_total',
    'counter',
    'Seconds for which all of it waited for processors',
    pressure('cpu', 'full'),
  ),
  family(
    'pressure_cpu_waiting_seconds_total',
    'counter',
    'Seconds for which some of it waited for processors',
    pressure('cpu', 'some'),
  ),
  family(
    'pressure_io_stalled_seconds_total',
    'counter',
    'Seconds for which all of it waited for devices',
    pressure('io', 'full'),
  ),
  family(
    'pressure_io_waiting_seconds_total',
    'counter',
    'Seconds for which some of it waited for devices',
    pressure('io', 'some'),
  ),
  family(
    'pressure_memory_stalled_seconds_total',
    'counter',
    'Seconds for which all of it waited for memory',
    pressure('memory', 'full'),
  ),
  family(
    'pressure_memory_waiting_seconds_total',
    'counter',
    'Seconds for which some of it waited for memory',
    pressure('memory', 'some'),
  ),
]

const SPEC = [
  family(
    'spec_cpu_period',
    'gauge',
    'Microseconds of the period of its quota',
    spec(({ cpu }) => cpu.periodMicroseconds),
  ),
  family(
    'spec_cpu_quota',
    'gauge',
    'Microseconds of a period that it may use',
    spec(({ cpu }) => cpu.quotaMicroseconds || undefined),
  ),
  family(
    'spec_cpu_shares',
    'gauge',
    'Its share of the processors, beside those of others',
    spec(({ cpu }) => cpu.shares),
  ),
  family(
    'spec_memory_limit_bytes',
    'gauge',
    'Bytes that it may have; 0 for any',
    spec(({ memory }) => memory.limitBytes),
  ),
  family(
    'spec_memory_reservation_limit_bytes',
    'gauge',
    'Bytes that are kept for it',
    spec(({ memory }) => memory.reservationBytes),
  ),
  family(
    'spec_memory_swap_limit_bytes',
    'gauge',
    'Bytes of memory and disk that it may have; 0 for any',
    spec(({ memory }) => memory.swapLimitBytes),
  ),
]

/** In the order of their names. */
export const FAMILIES: readonly Family[] = [
  BLOCK_DEVICES,
  ...CPU,
  ...FILES,
  family(
    'last_seen',
    'gauge',
    'When it was measured last, in seconds since the epoch',
    ({ timestamp }) => one(Math.floor(timestamp / 1000)),
  ),
  ...MEMORY,
  ...NETWORK,
  family(
    'oom_events_total',
    'counter',
    'How often it was killed for want of memory',
    from(({ outOfMemoryKills }) => outOfMemoryKills),
  ),
  ...PRESSURE,
  family(
    'processes',
    'gauge',
    'Its processes',
    processes(told => told.count),
  ),
  family(
    'sockets',
    'gauge',
    'Sockets that its processes hold open',
    processes(told => told.sockets),
  ),
  ...SPEC,
  family(
    'start_time_seconds',
    'gauge',
    'When it started, in seconds since the epoch',
    ({ startedAt }) => [{ value: startedAt / 1000, isTimeless: true }],
  ),
  family(
    'threads',
    'gauge',
    'Its threads',
    from(({ pids }) => pids.threads),
  ),
  family(
    'threads_max',
    'gauge',
    'Threads that it may have; 0 for any',
    from(({ pids }) => pids.limit),
  ),
  family('ulimits_soft', 'gauge', 'What its first process may have', ({ processes: told }) =>
    one(told?.openFilesLimit, { ulimit: 'max_open_files' }),
  ),
].toSorted((a, b) => (a.name < b.name ? -1 : 1))
