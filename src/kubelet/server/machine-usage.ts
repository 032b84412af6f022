/** What the whole machine uses, as its own files tell: system and pods together, like the root of upstream's control groups. */
import type { HostAccess, MachineUsage } from '../host-access.ts'

const KIBIBYTE = 1024
/** The kernel counts in hundredths of a second, whatever its own ticks are. */
const NANOSECONDS_PER_TICK = 10_000_000

/** Undefined where nobody tells. */
export async function machineUsage(
  { files, usage }: Pick<HostAccess, 'files' | 'usage'>,
  now: () => number,
): Promise<MachineUsage | undefined> {
  if (usage) return usage()
  const [stat, memory] = await Promise.all(
    ['/proc/stat', '/proc/meminfo'].map(path => files.read(path)),
  )
  const timestamp = now()
  if (!stat || !memory) return undefined
  const decoder = new TextDecoder()
  return { ...cpuIn(decoder.decode(stat)), ...memoryIn(decoder.decode(memory)), timestamp }
}

/** All but idling, waiting for disks, what other machines took away, and guests, which are counted twice. */
export function cpuIn(text: string): Pick<MachineUsage, 'cpuUsageNanoseconds'> {
  const [, ...ticks] = /^cpu +(.*)$/m.exec(text)?.[0].split(/ +/) ?? []
  const [user = 0, nice = 0, system = 0, _idle, _wait, interrupts = 0, soft = 0] = ticks.map(Number)
  const used = user + nice + system + interrupts + soft
  return { cpuUsageNanoseconds: used * NANOSECONDS_PER_TICK }
}

/** Without what is free and what the kernel could drop at once: files that nobody looked at lately. */
export function memoryIn(
  text: string,
): Pick<MachineUsage, 'memoryWorkingSetBytes' | 'swapUsageBytes' | 'swapAvailableBytes'> {
  const read = (name: string) =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * KIBIBYTE
  const used = read('MemTotal') - read('MemFree')
  return {
    memoryWorkingSetBytes: Math.max(0, used - read('Inactive\\(file\\)')),
    swapUsageBytes: read('SwapTotal') - read('SwapFree'),
    swapAvailableBytes: read('SwapFree'),
  }
}
