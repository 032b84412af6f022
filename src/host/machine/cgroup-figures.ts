/** What a control group has used and may use, read from the files of either version. */
import { readFile } from 'node:fs/promises'

/** Text of a file of the group by its controller, which version 2 has not; undefined where it is missing. */
type Read = (controller: string, name: string) => Promise<string | undefined>

const MICROSECOND = 1000
/** The kernel counts processor time of its version 1 in hundredths of a second. */
const TICK_NANOSECONDS = 10_000_000
const MOST_SHARES = 2 ** 18
/** What says "no limit" in version 1 is the largest number of pages. */
const UNLIMITED = 2 ** 62

export type CgroupFigures = NonNullable<Awaited<ReturnType<typeof readVersion1>>>

/** Undefined where there is no such group. */
export async function readCgroup(mount: string, version: 1 | 2, path: string) {
  const read: Read = (controller, name) => {
    const group = version === 2 ? `${mount}${path}` : `${mount}/${controller}${path}`
    return readFile(`${group}/${name}`, 'utf8').catch(() => undefined)
  }
  return version === 2 ? readVersion2(read) : readVersion1(read)
}

export async function readVersion1(read: Read) {
  const [usage, time, throttling, shares, quota, period] = await Promise.all([
    read('cpuacct', 'cpuacct.usage'),
    read('cpuacct', 'cpuacct.stat'),
    read('cpu', 'cpu.stat'),
    read('cpu', 'cpu.shares'),
    read('cpu', 'cpu.cfs_quota_us'),
    read('cpu', 'cpu.cfs_period_us'),
  ])
  const [memory, used, most, failures, limit, swapLimit, kernel] = await Promise.all(
    ['stat', 'usage_in_bytes', 'max_usage_in_bytes', 'failcnt', 'limit_in_bytes']
      .concat('memsw.limit_in_bytes', 'kmem.usage_in_bytes')
      .map(name => read('memory', `memory.${name}`)),
  )
  if (usage === undefined || memory === undefined) return undefined
  const [bytes, operations] = await Promise.all(
    ['io_service_bytes', 'io_serviced'].map(async name => {
      const whole = await read('blkio', `blkio.throttle.${name}_recursive`)
      return whole ?? (await read('blkio', `blkio.throttle.${name}`))
    }),
  )
  const times = wordsOf(time)
  const throttled = wordsOf(throttling)
  const stat = wordsOf(memory)
  const of = (name: string) => stat.get(`total_${name}`) ?? stat.get(name) ?? 0
  const usageBytes = numberIn(used)
  return {
    cpu: {
      usageNanoseconds: numberIn(usage),
      userNanoseconds: (times.get('user') ?? 0) * TICK_NANOSECONDS,
      systemNanoseconds: (times.get('system') ?? 0) * TICK_NANOSECONDS,
      periods: throttled.get('nr_periods') ?? 0,
      throttledPeriods: throttled.get('nr_throttled') ?? 0,
      throttledNanoseconds: throttled.get('throttled_time') ?? 0,
      shares: numberIn(shares),
      quotaMicroseconds: Math.max(0, numberIn(quota)),
      periodMicroseconds: numberIn(period),
    },
    memory: {
      usageBytes,
      maximumUsageBytes: numberIn(most) as number | undefined,
      workingSetBytes: Math.max(0, usageBytes - of('inactive_file')),
      cacheBytes: of('cache'),
      rssBytes: of('rss'),
      mappedFileBytes: of('mapped_file'),
      activeFileBytes: of('active_file'),
      inactiveFileBytes: of('inactive_file'),
      swapBytes: of('swap'),
      // What may be in memory and on disks together, without what may be in memory.
      swapAvailableBytes: availableIn(swapLimit, limitIn(limit) + of('swap')),
      kernelBytes: numberIn(kernel),
      failures: numberIn(failures),
      pageFaults: of('pgfault'),
      majorPageFaults: of('pgmajfault'),
      /** Of processes in groups below it not counted. */
      ownPageFaults: stat.get('pgfault') ?? 0,
      ownMajorPageFaults: stat.get('pgmajfault') ?? 0,
      limitBytes: limitIn(limit),
      swapLimitBytes: limitIn(swapLimit),
      reservationBytes: 0,
    },
    pids: await pidsOf(read, 'pids.max'),
    io: ioOf(bytes, operations),
    outOfMemoryKills: wordsOf(await read('memory', 'memory.oom_control')).get('oom_kill') ?? 0,
    pressure: undefined as Pressure | undefined,
  }
}

export async function readVersion2(read: Read): Promise<CgroupFigures | undefined> {
  const one = (name: string) => read('', name)
  const [time, weight, quota, used, most, memory, limit, events] = await Promise.all(
    ['cpu.stat', 'cpu.weight', 'cpu.max', 'memory.current', 'memory.peak', 'memory.stat']
      .concat('memory.max', 'memory.events')
      .map(one),
  )
  if (time === undefined || memory === undefined) return undefined
  const [swap, swapLimit, low] = await Promise.all(
    ['memory.swap.current', 'memory.swap.max', 'memory.low'].map(one),
  )
  const times = wordsOf(time)
  const stat = wordsOf(memory)
  const told = wordsOf(events)
  const of = (name: string) => stat.get(name) ?? 0
  const [highest = 'max', period = '0'] = (quota ?? '').trim().split(' ')
  const usageBytes = numberIn(used)
  const limitBytes = limitIn(limit)
  const swapMaximum = limitIn(swapLimit)
  return {
    cpu: {
      usageNanoseconds: (times.get('usage_usec') ?? 0) * MICROSECOND,
      userNanoseconds: (times.get('user_usec') ?? 0) * MICROSECOND,
      systemNanoseconds: (times.get('system_usec') ?? 0) * MICROSECOND,
      periods: times.get('nr_periods') ?? 0,
      throttledPeriods: times.get('nr_throttled') ?? 0,
      throttledNanoseconds: (times.get('throttled_usec') ?? 0) * MICROSECOND,
      shares: sharesOf(numberIn(weight)),
      quotaMicroseconds: highest === 'max' ? 0 : Number(highest),
      periodMicroseconds: Number(period),
    },
    memory: {
      usageBytes,
      maximumUsageBytes: most === undefined ? undefined : numberIn(most),
      workingSetBytes: Math.max(0, usageBytes - of('inactive_file')),
      cacheBytes: of('file'),
      rssBytes: of('anon'),
      mappedFileBytes: of('file_mapped'),
      activeFileBytes: of('active_file'),
      inactiveFileBytes: of('inactive_file'),
      swapBytes: numberIn(swap),
      swapAvailableBytes: availableIn(swapLimit, numberIn(swap)),
      kernelBytes: of('kernel'),
      failures: told.get('max') ?? 0,
      pageFaults: of('pgfault'),
      majorPageFaults: of('pgmajfault'),
      ownPageFaults: of('pgfault'),
      ownMajorPageFaults: of('pgmajfault'),
      limitBytes,
      swapLimitBytes: limitBytes > 0 && swapMaximum > 0 ? limitBytes + swapMaximum : swapMaximum,
      reservationBytes: limitIn(low),
    },
    pids: await pidsOf(read, 'pids.max'),
    io: ioOfVersion2(await one('io.stat')),
    outOfMemoryKills: told.get('oom_kill') ?? 0,
    pressure: await pressureOf(one),
  }
}

/** What is left of a limit, where there is one; nothing where nothing may be there at all. */
function availableIn(limit: string | undefined, taken: number): number | undefined {
  if (limit === undefined) return 0
  if (limit.trim() === 'max' || Number(limit) >= UNLIMITED) return undefined
  return Math.max(0, Number(limit) - taken)
}

async function pidsOf(read: Read, maximum: string) {
  const [processes, current, most] = await Promise.all([
    read('pids', 'cgroup.procs'),
    read('pids', 'pids.current'),
    read('pids', maximum),
  ])
  const ids = (processes ?? '').split('\n').filter(Boolean).map(Number)
  return { processIds: ids, threads: numberIn(current), limit: limitIn(most) }
}

export interface DeviceFigures {
  readonly major: number
  readonly minor: number
  /** By what was done: `Read`, `Write`, … */
  readonly bytes: ReadonlyMap<string, number>
  readonly operations: ReadonlyMap<string, number>
}

function ioOf(bytes: string | undefined, operations: string | undefined): DeviceFigures[] {
  const [read, counted] = [linesByDevice(bytes), linesByDevice(operations)]
  return [...read].map(([device, values]) => ({
    ...numbersOf(device),
    bytes: values,
    operations: counted.get(device) ?? new Map(),
  }))
}

/** `254:0 Read 4096`, by device and word. */
function linesByDevice(text = ''): Map<string, Map<string, number>> {
  const devices = new Map<string, Map<string, number>>()
  for (const line of text.split('\n')) {
    const [, device, what, value] = /^(\d+:\d+) (\w+) (\d+)$/.exec(line) ?? []
    if (device === undefined || what === undefined) continue
    const values = devices.get(device) ?? new Map<string, number>()
    devices.set(device, values.set(what, Number(value)))
  }
  return devices
}

function ioOfVersion2(text = ''): DeviceFigures[] {
  return text.split('\n').flatMap(line => {
    const [device = '', ...pairs] = line.split(' ')
    if (!/^\d+:\d+$/.test(device)) return []
    const values = new Map(pairs.map(pair => pair.split('=') as [string, string]))
    const of = (read: string, written: string) =>
      new Map([
        ['Read', Number(values.get(read) ?? 0)],
        ['Write', Number(values.get(written) ?? 0)],
      ])
    return [{ ...numbersOf(device), bytes: of('rbytes', 'wbytes'), operations: of('rios', 'wios') }]
  })
}

function numbersOf(device: string) {
  const [major = 0, minor = 0] = device.split(':').map(Number)
  return { major, minor }
}

/** Microseconds for which some or all of its processes had to wait. */
export type Pressure = Readonly<
  Record<'cpu' | 'io' | 'memory', { readonly some: number; readonly full: number }>
>

async function pressureOf(one: (name: string) => Promise<string | undefined>) {
  const [cpu, io, memory] = await Promise.all(
    ['cpu', 'io', 'memory'].map(async name => {
      const text = await one(`${name}.pressure`)
      const of = (part: string) =>
        Number(new RegExp(`^${part} .*total=(\\d+)$`, 'm').exec(text ?? '')?.[1] ?? 0)
      return text === undefined ? undefined : { some: of('some'), full: of('full') }
    }),
  )
  return cpu && io && memory ? { cpu, io, memory } : undefined
}

/** `name value` of each line. */
function wordsOf(text = ''): Map<string, number> {
  const words = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [name = '', value] = line.split(' ')
    if (value !== undefined) words.set(name, Number(value))
  }
  return words
}

const numberIn = (text: string | undefined): number => {
  const value = Number(text?.trim() ?? 0)
  return Number.isFinite(value) ? value : 0
}

/** 0 where there is none. */
function limitIn(text: string | undefined): number {
  const value = numberIn(text)
  return value >= UNLIMITED ? 0 : Math.max(0, value)
}

/** Back from what runc makes of shares. */
const sharesOf = (weight: number): number =>
  weight === 0 ? 0 : Math.round(2 + ((weight - 1) * (MOST_SHARES - 2)) / 9999)
