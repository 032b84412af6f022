/**
 * A cgroup for each pod, around those of its containers: made before its sandbox, changed when the pod is resized, removed at its
 * end. Without a root, as on hollow nodes, there are none and nothing happens.
 */
import { quantityToMilli } from '#api/machinery/quantity.ts'
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { cpuShares } from '../containers/resources.ts'
import { cgroupOf } from '../containers/sandbox-config.ts'
import { timed } from '../figures/count.ts'
import type { Cgroups } from '../host-access.ts'
import type { KubeletContext } from '../options.ts'
import { type Pod, uidOf } from '../pod-types.ts'
import type { LinuxResources } from '../runtime.ts'
import { burstableShares, podResources } from './pod-limits.ts'
import type { NodeSwap } from './swap.ts'

/** The kernel needs a moment to take processes that ended out of their groups. */
const REMOVE_RETRY_MS = 20
const REMOVE_RETRIES = 50
/** Below the root; Guaranteed pods lie directly in it. */
const TIERS = ['', '/burstable', '/besteffort'] as const

export interface PodCgroupsParts {
  readonly context: KubeletContext
  readonly allocatable: Readonly<Record<string, string>>
  /** Those that count against the node. */
  readonly pods: () => Iterable<Pod>
}

export class PodCgroups {
  readonly #parts: PodCgroupsParts
  readonly #cgroups: Cgroups | undefined
  readonly #root: string
  /** Of control groups; undefined where pods have none. */
  version: 1 | 2 | undefined
  /** Undefined where the machine can not limit what containers have on its disks. */
  swap: NodeSwap | undefined
  /** What was written last, by path. */
  readonly #applied = new Map<string, LinuxResources>()

  constructor(parts: PodCgroupsParts) {
    this.#parts = parts
    const { hostAccess, cgroupRoot } = parts.context.options
    this.#cgroups = cgroupRoot ? hostAccess.cgroups : undefined
    this.#root = cgroupRoot
  }

  /** Of pods that run: the tiers in which they are, and groups of pods that went while no kubelet ran. */
  async start(): Promise<void> {
    if (!this.#cgroups) return
    this.version = await this.#cgroups.version?.()
    const { allocatable, context } = this.#parts
    try {
      const shares = cpuShares(quantityToMilli(allocatable.cpu ?? '0'))
      await this.#apply(this.#root, { cpuShares: shares })
      await this.#apply(`${this.#root}/besteffort`, { cpuShares: cpuShares(0) })
      await this.#findSwap()
    } catch (error) {
      const why = messageOf(error)
      context.log.warn('the cgroups of pods could not be prepared', { why })
    }
  }

  async #findSwap(): Promise<void> {
    const { swapBehavior: behavior, hostAccess } = this.#parts.context.options
    const { memoryBytes, swapBytes = 0 } = hostAccess.facts
    const { version } = this
    if (!version || !(await this.#cgroups?.limitsSwap?.(this.#root))) return
    const { NodeSwap } = await import('./swap.ts')
    this.swap = new NodeSwap({ behavior, version, memoryBytes, swapBytes })
  }

  /** Removes those of pods that are not among these. */
  async removeOthers(uids: ReadonlySet<string>): Promise<void> {
    for (const tier of TIERS)
      for (const name of (await this.#cgroups?.names(`${this.#root}${tier}`)) ?? [])
        if (name.startsWith('pod') && !uids.has(name.slice('pod'.length)))
          await this.#cgroups?.remove(`${this.#root}${tier}/${name}`)
  }

  /** Makes it, or gives it what the pod has now. */
  async apply(pod: Pod): Promise<void> {
    if (!this.#cgroups) return
    await this.#applyTiers()
    await this.#apply(cgroupOf(pod, this.#root), this.#resources(pod))
  }

  /** Before containers are given more: never less than it had. */
  async raise(pod: Pod): Promise<void> {
    if (!this.#cgroups) return
    const path = cgroupOf(pod, this.#root)
    const had = this.#applied.get(path)
    const wanted = this.#resources(pod)
    await this.#apply(path, had ? larger(had, wanted) : wanted)
  }

  /** Once nothing of the pod runs. */
  async remove(pod: Pod): Promise<void> {
    if (!this.#cgroups) return
    const { clock, log } = this.#parts.context
    // Of a pod that nobody remembers only the uid is known.
    const isUnknown = (pod.spec?.containers ?? []).length === 0
    const paths = isUnknown
      ? TIERS.map(tier => `${this.#root}${tier}/pod${uidOf(pod)}`)
      : [cgroupOf(pod, this.#root)]
    for (const path of paths) {
      this.#applied.delete(path)
      const remove = async () => this.#cgroups?.remove(path)
      for (let tries = 0; !(await this.#timed('destroy', remove)); tries++) {
        if (tries === REMOVE_RETRIES) {
          log.warn('the cgroup of a pod that ended could not be removed', { path })
          return
        }
        await sleep(clock, REMOVE_RETRY_MS)
      }
    }
    await this.#applyTiers()
  }

  /** Whoever has processors of its own needs no quota of their time. */
  #resources(pod: Pod): LinuxResources {
    const { cpuPeriod, cpuQuota, ...rest } = podResources(pod)
    const isAlone = this.#parts.context.options.division?.hasExclusiveCpus(uidOf(pod))
    return isAlone || cpuQuota === undefined || cpuPeriod === undefined
      ? rest
      : { ...rest, cpuPeriod, cpuQuota }
  }

  async #applyTiers(): Promise<void> {
    const shares = burstableShares(this.#parts.pods())
    await this.#apply(`${this.#root}/burstable`, { cpuShares: shares })
  }

  #timed<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const name = 'kubelet_cgroup_manager_duration_seconds'
    return timed(this.#parts.context, [name, operation], work)
  }

  async #apply(path: string, resources: LinuxResources): Promise<void> {
    const known = this.#applied.get(path)
    if (known && isSame(known, resources)) return
    await this.#timed(known ? 'update' : 'create', async () =>
      this.#cgroups?.apply(path, resources),
    )
    this.#applied.set(path, resources)
  }
}

const isSame = (a: LinuxResources, b: LinuxResources): boolean =>
  a.cpuShares === b.cpuShares &&
  a.cpuQuota === b.cpuQuota &&
  a.memoryLimitBytes === b.memoryLimitBytes

/** Of both what is more; no limit is more than any. */
function larger(a: LinuxResources, b: LinuxResources): LinuxResources {
  const { cpuShares: one = 0 } = a
  const { cpuShares: other = 0 } = b
  const quota = a.cpuQuota && b.cpuQuota && Math.max(a.cpuQuota, b.cpuQuota)
  const memory =
    a.memoryLimitBytes && b.memoryLimitBytes && Math.max(a.memoryLimitBytes, b.memoryLimitBytes)
  return {
    cpuShares: Math.max(one, other),
    ...(quota ? { cpuQuota: quota, cpuPeriod: b.cpuPeriod ?? 0 } : {}),
    ...(memory ? { memoryLimitBytes: memory } : {}),
  }
}

/** Where pods may have cgroups of their own; empty where they can't, which is told. */
export async function podCgroupRoot(
  wanted: string,
  { cgroups, driver, log }: { cgroups: Cgroups | undefined; driver: string; log: Log },
): Promise<string> {
  const why =
    driver === 'systemd'
      ? 'the containerd of this machine leaves them to systemd'
      : cgroups
        ? await cgroups.problem(wanted)
        : 'this machine has none'
  if (why === undefined) return wanted
  log.info('pods have no cgroups of their own; their containers are limited one by one', { why })
  return ''
}

/** Ends whatever still runs in them and removes all; for a reset. */
export async function removePodCgroups(
  root: string,
  cgroups: Cgroups,
  { kill, pause }: { kill(processId: number): void; pause(ms: number): Promise<void> },
): Promise<void> {
  for (let tries = 0; !(await cgroups.remove(root)); tries++) {
    if (tries === REMOVE_RETRIES) throw new Error(`the cgroup ${root} could not be removed`)
    for (const id of await cgroups.processes(root)) kill(id)
    await pause(REMOVE_RETRY_MS)
  }
}
