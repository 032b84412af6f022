/** Which pod has to go first where the node runs short. Pure. */
import { quantityToNumber } from '#api/machinery/quantity.ts'
import { podRequests } from '../containers/resources.ts'
import type { Pod } from '../pod-types.ts'
import type { ContainerStats } from '../runtime.ts'
import { amount, resourceOf, type Signal } from './thresholds.ts'

/** Pods of this priority keep the cluster itself alive. */
const SYSTEM_CRITICAL = 2_000_000_000

export const isCritical = ({ spec }: Pod): boolean => (spec?.priority ?? 0) >= SYSTEM_CRITICAL

/** By container, what each uses of the resource that is short. */
export type Usage = ReadonlyMap<string, number>

export interface Candidate<T> {
  readonly pod: Pod
  /** Of the pod as a whole, what is in its volumes and logs included. */
  readonly total: number
  readonly containers: Usage
  readonly owner: T
}

/** Who uses more than requested, then who matters less, then who is furthest above its request. */
export function ranked<T>(
  candidates: readonly Candidate<T>[],
  signal: Signal,
): readonly Candidate<T>[] {
  const excess = ({ pod, total }: Candidate<T>) => total - requestOf(pod, signal)
  const priority = ({ pod }: Candidate<T>) => pod.spec?.priority ?? 0
  const exceeds = (candidate: Candidate<T>) => (excess(candidate) > 0 ? 0 : 1)
  return candidates
    .filter(({ pod }) => !isCritical(pod))
    .toSorted(
      (a, b) => exceeds(a) - exceeds(b) || priority(a) - priority(b) || excess(b) - excess(a),
    )
}

function requestOf(pod: Pod, signal: Signal): number {
  const requests = podRequests(pod)
  if (signal === 'memory.available') return requests.memory
  return signal === 'nodefs.available' ? requests['ephemeral-storage'] : 0
}

/** Those containers that use more than they requested, in upstream's words. */
export function excessMessage({ pod, containers }: Candidate<unknown>, signal: Signal): string {
  const resource = resourceOf(signal)
  return (pod.spec?.containers ?? [])
    .flatMap(({ name, resources }) => {
      const used = containers.get(name)
      const request = resources?.requests?.[resource] ?? '0'
      if (used === undefined || used <= quantityToNumber(request)) return []
      return `Container ${name} was using ${amount(used)}, request is ${request}, has larger consumption of ${resource}. `
    })
    .join('')
}

/** Working sets by container name, of those containers that `nameOf` knows. */
export function memoryUsage(
  stats: readonly ContainerStats[],
  nameOf: (containerId: string) => string | undefined,
): Usage {
  const usage = new Map<string, number>()
  for (const { containerId, memoryWorkingSetBytes } of stats) {
    const name = nameOf(containerId)
    if (name !== undefined) usage.set(name, memoryWorkingSetBytes)
  }
  return usage
}
