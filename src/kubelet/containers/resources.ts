/** Requests and limits as cgroup values. Pure. */
import { quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'
import { type AnyContainer, type Container, isSidecar, type Pod } from '../pod-types.ts'
import type { LinuxResources } from '../runtime.ts'
import { qosClassOf } from '../status/qos.ts'

const MINIMUM_SHARES = 2
const MAXIMUM_SHARES = 262_144
const SHARES_PER_CPU = 1024
/** The kernel's usual period, and the least quota that it takes. */
const QUOTA_PERIOD_US = 100_000
const MINIMUM_QUOTA_US = 1000

/** Who dies first when memory runs out: Guaranteed pods last, BestEffort first. */
const GUARANTEED_OOM_SCORE = -997
const BEST_EFFORT_OOM_SCORE = 1000

export const cpuShares = (millis: number): number =>
  millis === 0
    ? MINIMUM_SHARES
    : Math.min(
        MAXIMUM_SHARES,
        Math.max(MINIMUM_SHARES, Math.floor((millis * SHARES_PER_CPU) / 1000)),
      )

export const cpuQuota = (millis: number) => ({
  cpuPeriod: QUOTA_PERIOD_US,
  cpuQuota: Math.max(MINIMUM_QUOTA_US, Math.floor((millis * QUOTA_PERIOD_US) / 1000)),
})

export function containerResources(
  pod: Pod,
  container: AnyContainer,
  memoryCapacityBytes: number,
): LinuxResources {
  const { requests = {} } = container.resources ?? {}
  const cpuLimit = quantityToMilli(limitOf(pod, container, 'cpu'))
  const cpuRequest = requests.cpu === undefined ? cpuLimit : quantityToMilli(requests.cpu)
  const memoryLimit = quantityToNumber(limitOf(pod, container, 'memory'))
  return {
    cpuShares: cpuShares(cpuRequest),
    ...(cpuLimit > 0 ? cpuQuota(cpuLimit) : {}),
    ...(memoryLimit > 0 ? { memoryLimitBytes: memoryLimit } : {}),
    oomScoreAdj: oomScoreAdjust(pod, container, memoryCapacityBytes),
  }
}

type Limited = 'cpu' | 'memory'

/** None of its own: it may use all that its pod may as a whole. */
export function isLimitedByPod(pod: Pod, container: AnyContainer, name: Limited): boolean {
  const own = container.resources?.limits?.[name] ?? '0'
  return quantityToMilli(own) === 0 && pod.spec?.resources?.limits?.[name] !== undefined
}

function limitOf(pod: Pod, container: AnyContainer, name: Limited): string {
  const from = isLimitedByPod(pod, container, name) ? pod.spec : container
  return from?.resources?.limits?.[name] ?? '0'
}

export function oomScoreAdjust(
  pod: Pod,
  container: AnyContainer,
  memoryCapacityBytes: number,
): number {
  const qos = qosClassOf(pod)
  if (qos === 'Guaranteed') return GUARANTEED_OOM_SCORE
  if (qos === 'BestEffort') return BEST_EFFORT_OOM_SCORE
  const share = undividedMemory(pod)
  const score = scoreOf(memoryRequest(container) + share, memoryCapacityBytes)
  if (!isSidecarOf(pod, container)) return score
  // A sidecar must not die before the containers that it serves.
  const regular = (pod.spec?.containers ?? []).map(other =>
    scoreOf(memoryRequest(other) + share, memoryCapacityBytes),
  )
  return Math.min(score, ...regular)
}

/** Each container's part of the memory that its pod requests as a whole, beyond what containers request. */
function undividedMemory(pod: Pod): number {
  const whole = pod.spec?.resources?.requests?.memory
  if (whole === undefined || quantityToNumber(whole) === 0) return 0
  const { containers = [], initContainers = [] } = pod.spec ?? {}
  const rest = quantityToNumber(whole) - ofContainers(pod, 'memory', 'requests')
  return Math.trunc(rest / (containers.length + initContainers.length))
}

function scoreOf(requestBytes: number, capacityBytes: number): number {
  const score = 1000 - Math.floor((1000 * requestBytes) / Math.max(1, capacityBytes))
  if (score < 3) return 3
  return score === 1000 ? 999 : score
}

const memoryRequest = (container: AnyContainer): number => {
  const quantity = container.resources?.requests?.memory
  return quantity === undefined ? 0 : quantityToNumber(quantity)
}

const isSidecarOf = (pod: Pod, container: AnyContainer): boolean =>
  (pod.spec?.initContainers ?? []).includes(container as Container) &&
  isSidecar(container as Container)

/** CPU in thousandths, the rest in bytes. */
export interface PodRequests {
  readonly cpu: number
  readonly memory: number
  readonly 'ephemeral-storage': number
}

/** The resources a pod takes from its node. */
export const podRequests = (pod: Pod): PodRequests => ({
  cpu: wholeOf(pod, 'cpu', 'requests'),
  memory: wholeOf(pod, 'memory', 'requests'),
  'ephemeral-storage': wholeOf(pod, 'ephemeral-storage', 'requests'),
})

/** What it may use, by those of its containers that have limits. */
export const podLimits = (pod: Pod): Pick<PodRequests, 'cpu' | 'memory'> => ({
  cpu: wholeOf(pod, 'cpu', 'limits'),
  memory: wholeOf(pod, 'memory', 'limits'),
})

function wholeOf(pod: Pod, name: keyof PodRequests, which: Which): number {
  const amount = (quantity: string) =>
    name === 'cpu' ? quantityToMilli(quantity) : quantityToNumber(quantity)
  const { resources, overhead } = pod.spec ?? {}
  // What is said of the pod as a whole stands for what its containers say.
  const whole = name === 'ephemeral-storage' ? undefined : resources?.[which]?.[name]
  const wanted = whole === undefined ? ofContainers(pod, name, which) : amount(whole)
  const extra = overhead?.[name]
  return wanted + (extra === undefined ? 0 : amount(extra))
}

type Which = 'requests' | 'limits'

function ofContainers(pod: Pod, name: keyof PodRequests, which: Which): number {
  const of = (container: Container) => {
    const quantity = container.resources?.[which]?.[name]
    if (quantity === undefined) return 0
    return name === 'cpu' ? quantityToMilli(quantity) : quantityToNumber(quantity)
  }
  const regular = (pod.spec?.containers ?? []).reduce((sum, c) => sum + of(c), 0)
  let sidecars = 0
  let peak = 0
  for (const container of pod.spec?.initContainers ?? []) {
    if (isSidecar(container)) sidecars += of(container)
    peak = Math.max(peak, sidecars + (isSidecar(container) ? 0 : of(container)))
  }
  return Math.max(regular + sidecars, peak)
}
