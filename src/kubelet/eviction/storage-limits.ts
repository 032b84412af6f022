/** Whether a pod takes more of the node's disk than it may, in upstream's order and words. Pure. */
import { addQuantities, formatQuantity, quantityToNumber } from '#api/machinery/quantity.ts'
import { isSidecar, type Pod } from '../pod-types.ts'
import { NONE, type PodUsage, sum } from './local-usage.ts'
import { isCritical } from './ranking.ts'

const STORAGE = 'ephemeral-storage'
type Container = NonNullable<NonNullable<Pod['spec']>['containers']>[number]
const limitOf = ({ resources }: Container): string | undefined => resources?.limits?.[STORAGE]
const isLimit = (quantity: string | undefined): quantity is string =>
  quantity !== undefined && quantityToNumber(quantity) > 0

/** Whether anything of the pod has such a limit; of others nobody need know what they take. */
export function limitsStorage(pod: Pod): boolean {
  const { volumes = [], containers = [], initContainers = [] } = pod.spec ?? {}
  if (isCritical(pod)) return false
  return (
    volumes.some(({ emptyDir }) => isLimit(emptyDir?.sizeLimit)) ||
    [...containers, ...initContainers].some(container => limitOf(container) !== undefined)
  )
}

export interface Excess {
  /** What the pod is told. */
  readonly message: string
  /** Which sort of limit it was, as figures name it. */
  readonly signal: 'emptydirfs.limit' | 'ephemeralpodfs.limit' | 'ephemeralcontainerfs.limit'
}

/** What the pod is told; undefined where it keeps to its limits. */
export const exceededStorage = (pod: Pod, usage: PodUsage): string | undefined =>
  excessOf(pod, usage)?.message

export function excessOf(pod: Pod, usage: PodUsage): Excess | undefined {
  const { volumes = [], containers = [] } = pod.spec ?? {}
  for (const { name, emptyDir } of volumes) {
    const limit = emptyDir?.sizeLimit
    const used = usage.volumes.get(name)?.bytes ?? 0
    if (isLimit(limit) && used > quantityToNumber(limit))
      return {
        message: `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `,
        signal: 'emptydirfs.limit',
      }
  }
  const whole = podLimit(pod)
  if (whole !== undefined && usage.total.bytes > quantityToNumber(whole))
    return {
      message: `Pod ephemeral local storage usage exceeds the total limit of containers ${whole}. `,
      signal: 'ephemeralpodfs.limit',
    }
  for (const container of containers) {
    const { name } = container
    const limit = limitOf(container)
    const layer = usage.layers.get(name)
    if (!layer || !isLimit(limit)) continue
    if (sum([layer, usage.logs.get(name) ?? NONE]).bytes > quantityToNumber(limit))
      return {
        message: `Container ${name} exceeded its local ephemeral storage limit "${limit}". `,
        signal: 'ephemeralcontainerfs.limit',
      }
  }
  return undefined
}

/** What those containers may that have a limit: one without does not lift it from the pod. */
function podLimit({ spec }: Pod): string | undefined {
  const { containers = [], initContainers = [], overhead = {} } = spec ?? {}
  const sidecars = initContainers.filter(isSidecar)
  let limit = total([...containers, ...sidecars])
  for (const [index, container] of initContainers.entries()) {
    if (isSidecar(container)) continue
    const before = initContainers.slice(0, index).filter(isSidecar)
    limit = larger(limit, total([...before, container]))
  }
  const extra = overhead[STORAGE]
  return limit === undefined || extra === undefined ? limit : plus(limit, extra)
}

const total = (containers: readonly Container[]): string | undefined =>
  containers
    .map(limitOf)
    .filter(limit => limit !== undefined)
    .reduce<string | undefined>(
      (all, each) => (all === undefined ? each : plus(all, each)),
      undefined,
    )

const plus = (a: string, b: string): string => formatQuantity(addQuantities(a, b))

function larger(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return quantityToNumber(b) > quantityToNumber(a) ? b : a
}
