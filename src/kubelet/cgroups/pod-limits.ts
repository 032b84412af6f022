/** What a pod's cgroup may use as a whole, by upstream's rules. Pure. */
import { quantityToMilli } from '#api/machinery/quantity.ts'
import { cpuQuota, cpuShares, podLimits, podRequests } from '../containers/resources.ts'
import type { Pod } from '../pod-types.ts'
import type { LinuxResources } from '../runtime.ts'
import { qosClassOf } from '../status/qos.ts'

/** The least that the kernel takes. */
const LEAST_SHARES = 2

/** A resource is limited where every container limits it, or the pod does itself. */
export function podResources(pod: Pod): LinuxResources {
  if (qosClassOf(pod) === 'BestEffort') return { cpuShares: LEAST_SHARES }
  const limits = podLimits(pod)
  return {
    cpuShares: cpuShares(podRequests(pod).cpu),
    ...(isLimited(pod, 'cpu') && limits.cpu > 0 ? cpuQuota(limits.cpu) : {}),
    ...(isLimited(pod, 'memory') && limits.memory > 0 ? { memoryLimitBytes: limits.memory } : {}),
  }
}

function isLimited({ spec }: Pod, name: 'cpu' | 'memory'): boolean {
  const limits = ({ resources }: { readonly resources?: typeof spec.resources }) =>
    quantityToMilli(resources?.limits?.[name] ?? '0') > 0
  const { containers = [], initContainers = [] } = spec ?? {}
  return limits(spec ?? {}) || [...containers, ...initContainers].every(limits)
}

/** What Burstable pods get together, beside each Guaranteed one. */
export function burstableShares(pods: Iterable<Pod>): number {
  let millis = 0
  for (const pod of pods) if (qosClassOf(pod) === 'Burstable') millis += podRequests(pod).cpu
  return cpuShares(millis)
}
