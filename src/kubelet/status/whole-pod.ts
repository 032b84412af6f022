/** What a pod has as a whole, and what was set aside for it, as its status tells it of every pod. Pure. */
import { addQuantities, compareQuantities, formatQuantity } from '#api/machinery/quantity.ts'
import {
  type ApiContainerStatus,
  type Container,
  isSidecar,
  type Pod,
  type PodStatus,
} from '../pod-types.ts'

type Amounts = Readonly<Record<string, string>>
type Which = 'requests' | 'limits'
type Whole = Pick<PodStatus, 'resources' | 'allocatedResources'>

/** Most pods: one object for all of them. */
const NOTHING: Whole = Object.freeze({ resources: Object.freeze({}) })

/** `statuses` tell what containers really have while they are resized; `pod` is with what was set aside. */
export function wholePodOf(pod: Pod, statuses: readonly ApiContainerStatus[]): Whole {
  const allocated = totalOf(pod, 'requests', resourcesOf)
  const actual = (container: Container) =>
    statuses.find(({ name }) => name === container.name)?.resources ?? resourcesOf(container)
  const limits = totalOf(pod, 'limits', actual)
  const requests = totalOf(pod, 'requests', actual)
  if (!allocated && !limits && !requests) return NOTHING
  return {
    ...(allocated ? { allocatedResources: allocated } : {}),
    resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) },
  }
}

const resourcesOf = (container: Container): Container['resources'] => container.resources

/** The most that it can need at any moment, as schedulers sum it up; undefined for nothing. */
function totalOf(
  pod: Pod,
  which: Which,
  resourcesOf: (container: Container) => Container['resources'],
): Amounts | undefined {
  const { containers = [], initContainers = [], resources, overhead = {} } = pod.spec ?? {}
  const total: Record<string, string> = {}
  for (const container of containers) add(total, resourcesOf(container)?.[which])
  const sidecars: Record<string, string> = {}
  const peak: Record<string, string> = {}
  for (const container of initContainers) {
    const own = resourcesOf(container)?.[which]
    if (isSidecar(container)) add(total, own)
    const together = isSidecar(container) ? sidecars : { ...sidecars }
    add(together, own)
    raise(peak, together)
  }
  raise(total, peak)
  // What is said of the pod as a whole stands for what its containers say.
  for (const [name, amount] of Object.entries(resources?.[which] ?? {}))
    if (isOfWhole(name)) total[name] = amount
  // A pod without a limit stays without.
  const isLimits = which === 'limits'
  add(total, overhead, isLimits ? name => total[name] !== undefined : undefined)
  return Object.keys(total).length > 0 ? total : undefined
}

const isOfWhole = (name: string): boolean =>
  name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')

function add(
  to: Record<string, string>,
  amounts: Amounts | undefined,
  counts: (name: string) => boolean = () => true,
): void {
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    if (!counts(name)) continue
    const before = to[name]
    to[name] = before === undefined ? amount : formatQuantity(addQuantities(before, amount))
  }
}

function raise(to: Record<string, string>, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts))
    if (compareQuantities(amount, to[name] ?? '0') > 0) to[name] = amount
}
