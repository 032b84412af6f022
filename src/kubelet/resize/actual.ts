/**
 * What containers run with, against what was set aside for them. Compared as the runtime counts, so
 * that rounding makes no difference. Pure.
 */
import { formatQuantity } from '#api/machinery/quantity.ts'
import { containerResources, isLimitedByPod } from '../containers/resources.ts'
import type { Container, Pod } from '../pod-types.ts'
import { newestOf, type ObservedPod } from '../pods/observed-pod.ts'
import type { ContainerStatus, LinuxResources } from '../runtime.ts'
import { type Resources, resizableOf } from './allocation.ts'

export interface ContainerChange {
  readonly container: Container
  readonly run: ContainerStatus
  readonly wanted: LinuxResources
  /** Its policy wants it to start anew with them. */
  readonly restart: boolean
}

interface Difference {
  readonly shares: boolean
  readonly quota: boolean
  readonly memory: boolean
}

const quotaOf = ({ cpuQuota = 0 }: LinuxResources) => Math.max(0, cpuQuota)
export const memoryLimitOf = ({ memoryLimitBytes = 0 }: LinuxResources) =>
  Math.max(0, memoryLimitBytes)

function difference(actual: LinuxResources, wanted: LinuxResources): Difference {
  return {
    shares: (actual.cpuShares ?? 0) !== (wanted.cpuShares ?? 0),
    quota: quotaOf(actual) !== quotaOf(wanted),
    memory: memoryLimitOf(actual) !== memoryLimitOf(wanted),
  }
}

/** Runs, by the id of their containers, that are to end for a change which the runtime knows nothing of. */
export type Outdated = ReadonlySet<string>

/** The running containers of the pod that do not have yet what was set aside for them; who gives memory back goes first. */
export function changesOf(
  pod: Pod,
  observed: ObservedPod,
  memoryBytes: number,
  outdated?: Outdated,
): readonly ContainerChange[] {
  return resizableOf(pod)
    .flatMap(container => {
      const run = newestOf(observed, container.name)
      const change = run && changeOf(pod, container, run, memoryBytes, outdated)
      return change ? [change] : []
    })
    .toSorted((a, b) => growth(a) - growth(b))
}

/** Undefined where there is nothing to change, or nobody knows what it runs with. */
export function changeOf(
  pod: Pod,
  container: Container,
  run: ContainerStatus,
  memoryBytes: number,
  outdated?: Outdated,
): ContainerChange | undefined {
  if (run.state !== 'running' || !run.resources) return undefined
  const wanted = containerResources(pod, container, memoryBytes)
  const { shares, quota, memory } = difference(run.resources, wanted)
  const ends = outdated?.has(run.id) ?? false
  if (!shares && !quota && !memory && !ends) return undefined
  const restart =
    ends ||
    ((shares || quota) && restartsFor(container, 'cpu')) ||
    (memory && restartsFor(container, 'memory'))
  return { container, run, wanted, restart }
}

export const restartsFor = ({ resizePolicy = [] }: Container, name: string): boolean =>
  resizePolicy.some(
    ({ resourceName, restartPolicy }) =>
      resourceName === name && restartPolicy === 'RestartContainer',
  )

/** No limit is more than any. */
const limitOf = (resources: LinuxResources = {}) =>
  memoryLimitOf(resources) || Number.MAX_SAFE_INTEGER
const growth = ({ run, wanted }: ContainerChange) => limitOf(wanted) - limitOf(run.resources)

export const takesMemory = (change: ContainerChange): boolean => growth(change) < 0

const SHARES_PER_CPU = 1024
const MINIMUM_SHARES = 2

/** What a running container has, in the pod's words; as set aside where it is that. */
export function actualResources(
  pod: Pod,
  container: Container,
  run: ContainerStatus,
  memoryBytes: number,
): Resources {
  const allocated = container.resources ?? {}
  const change = changeOf(pod, container, run, memoryBytes)
  const actual = run.resources
  if (!change || !actual) return allocated
  const { shares, quota, memory } = difference(actual, change.wanted)
  const requests = { ...allocated.requests }
  const limits = { ...allocated.limits }
  const { cpuShares = 0, cpuPeriod = 0 } = actual
  const isWholePods = (name: 'cpu' | 'memory') => isLimitedByPod(pod, container, name)
  if (shares && (requests.cpu !== undefined || !isWholePods('cpu')))
    say(requests, 'cpu', cpuShares > MINIMUM_SHARES ? milli(cpuShares / SHARES_PER_CPU) : '')
  if (quota && !isWholePods('cpu'))
    say(limits, 'cpu', quotaOf(actual) && cpuPeriod ? milli(quotaOf(actual) / cpuPeriod) : '')
  if (memory && !isWholePods('memory'))
    say(limits, 'memory', memoryLimitOf(actual) ? bytes(memoryLimitOf(actual)) : '')
  return { ...allocated, requests, limits }
}

function say(amounts: Record<string, string>, name: string, amount: string): void {
  if (amount) amounts[name] = amount
  else delete amounts[name]
}

const milli = (cpus: number) =>
  formatQuantity({ nanos: BigInt(Math.ceil(cpus * 1000)) * 1_000_000n, format: 'DecimalSI' })
const bytes = (amount: number) =>
  formatQuantity({ nanos: BigInt(amount) * 1_000_000_000n, format: 'BinarySI' })
