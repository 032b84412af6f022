/**
 * Control groups by path, on either version: version 1 has a tree for each controller, version 2 one for all. Only what limits a group as
 * a whole is written here; what is in it is the runtime's.
 */
import { lstat, mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises'
import { readCgroup } from './cgroup-figures.ts'

const MOUNT = '/sys/fs/cgroup'
const PERIOD_US = 100_000
/** Each by itself: a kernel without one of them has the others. */
const CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'] as const
const NEEDED: readonly string[] = ['cpu', 'memory']

/** What is absent is not limited. */
export interface GroupLimits {
  readonly cpuShares?: number
  readonly cpuPeriod?: number
  readonly cpuQuota?: number
  readonly memoryLimitBytes?: number
}

export function createCgroups(mount = MOUNT) {
  let version: Promise<1 | 2 | undefined> | undefined
  const versionOf = () => {
    version ??= findVersion(mount)
    return version
  }
  return {
    /** Why no groups can be made at this path; undefined where they can. Makes it. */
    async problem(path: string): Promise<string | undefined> {
      if ((await versionOf()) === undefined)
        return `${mount} has neither version 2 nor cpu and memory of version 1`
      try {
        await apply(path, {})
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    },
    apply,
    version: versionOf,
    /** Whether this group can say how much of it may be on disks. */
    async limitsSwap(path: string): Promise<boolean> {
      const isUnified = (await versionOf()) === 2
      const file = isUnified
        ? `${mount}${path}/memory.swap.max`
        : `${mount}/memory${path}/memory.memsw.limit_in_bytes`
      return exists(file)
    },
    /** What it has used; undefined where there is none. */
    async figures(path: string) {
      const found = await versionOf()
      return found && readCgroup(mount, found, path)
    },
    /** Makes it go with all that is empty below it; gives whether it has gone: what still runs keeps it. */
    async remove(path: string): Promise<boolean> {
      const gone = await Promise.all((await trees()).map(tree => removeTree(`${tree}${path}`)))
      return gone.every(Boolean)
    },
    /** Names of the groups directly below. */
    async names(path: string): Promise<readonly string[]> {
      const names = new Set<string>()
      for (const tree of await trees())
        for (const name of await groupsIn(`${tree}${path}`)) names.add(name)
      return [...names]
    },
    /** Ids of the processes in it, those of groups below included. */
    async processes(path: string): Promise<readonly number[]> {
      const ids = new Set<number>()
      for (const tree of await trees())
        for (const id of await processesIn(`${tree}${path}`)) ids.add(id)
      return [...ids]
    },
  }

  /** Makes it where it is not there yet. */
  async function apply(path: string, limits: GroupLimits): Promise<void> {
    if ((await versionOf()) === 2) return applyUnified(mount, path, limits)
    const [cpu, memory] = [`${mount}/cpu${path}`, `${mount}/memory${path}`]
    const { cpuShares, cpuPeriod = PERIOD_US, cpuQuota = -1, memoryLimitBytes = -1 } = limits
    for (const directory of [cpu, memory]) await mkdir(directory, { recursive: true })
    if (cpuShares !== undefined) await writeFile(`${cpu}/cpu.shares`, `${cpuShares}`)
    await writeFile(`${cpu}/cpu.cfs_period_us`, `${cpuPeriod}`)
    await writeFile(`${cpu}/cpu.cfs_quota_us`, `${cpuQuota}`)
    await writeFile(`${memory}/memory.limit_in_bytes`, `${memoryLimitBytes}`)
  }

  async function trees(): Promise<readonly string[]> {
    if ((await versionOf()) === 2) return [mount]
    const found: string[] = []
    // Links lead from `cpu` to `cpu,cpuacct`, where both are one tree.
    for (const name of await readdir(mount).catch(() => []))
      if ((await lstat(`${mount}/${name}`)).isDirectory()) found.push(`${mount}/${name}`)
    return found
  }
}

async function findVersion(mount: string): Promise<1 | 2 | undefined> {
  if (await exists(`${mount}/cgroup.controllers`)) return 2
  const isThere = await Promise.all(
    ['cpu/cpu.shares', 'memory/memory.limit_in_bytes'].map(name => exists(`${mount}/${name}`)),
  )
  return isThere.every(Boolean) ? 1 : undefined
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

async function applyUnified(mount: string, path: string, limits: GroupLimits): Promise<void> {
  const parts = path.split('/').filter(Boolean)
  for (const depth of parts.keys()) {
    await delegate(`${mount}/${parts.slice(0, depth).join('/')}`)
    await mkdir(`${mount}/${parts.slice(0, depth + 1).join('/')}`, { recursive: true })
  }
  const { cpuShares, cpuPeriod = PERIOD_US, cpuQuota, memoryLimitBytes } = limits
  const write = (file: string, value: string) => writeFile(`${mount}${path}/${file}`, value)
  if (cpuShares !== undefined) await write('cpu.weight', `${weightOf(cpuShares)}`)
  await write('cpu.max', `${cpuQuota ?? 'max'} ${cpuPeriod}`)
  await write('memory.max', `${memoryLimitBytes ?? 'max'}`)
}

/** Gives what is below a group its controllers. */
async function delegate(group: string): Promise<void> {
  const given = new Set(
    (await readFile(`${group}/cgroup.subtree_control`, 'utf8')).trim().split(' '),
  )
  for (const controller of CONTROLLERS)
    if (!given.has(controller))
      await writeFile(`${group}/cgroup.subtree_control`, `+${controller}`).catch(error => {
        if (NEEDED.includes(controller)) throw error
      })
}

/** As runc converts: a curve through (2, 1), (1024, 100) and (262144, 10000). */
export function weightOf(shares: number): number {
  if (shares <= 2) return 1
  if (shares >= 262_144) return 10_000
  const log = Math.log2(shares)
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34))
}

async function groupsIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
}

async function removeTree(directory: string): Promise<boolean> {
  for (const name of await groupsIn(directory)) await removeTree(`${directory}/${name}`)
  try {
    await rmdir(directory)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

async function processesIn(directory: string): Promise<readonly number[]> {
  const text = await readFile(`${directory}/cgroup.procs`, 'utf8').catch(() => '')
  const found = text.split('\n').filter(Boolean).map(Number)
  for (const name of await groupsIn(directory))
    found.push(...(await processesIn(`${directory}/${name}`)))
  return found
}

export const machineCgroups = createCgroups()
