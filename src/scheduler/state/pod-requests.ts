/** What a pod asks of a node, as upstream sums it up: side-cars, init containers, the pod as a whole, a resize under way. */
import type { Container, ContainerStatus, Pod } from '#api/core/v1/pod/pod.ts'
import { quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'

/** Amounts by resource: cpu in thousandths of a core, everything else in units (bytes, pieces). */
export type Amounts = ReadonlyMap<string, number>

export interface PodRequests {
  /** What it asks for, resources without a request left out. */
  readonly requests: Amounts
  /** For scores: containers without a request count as if they asked for a little, or all would pile up on one node. */
  readonly nonZeroCpuMilli: number
  readonly nonZeroMemoryBytes: number
  /** The same for the pod that is being scored; upstream assumes more of it where the pod as a whole asks for something. */
  readonly scoredCpuMilli: number
  readonly scoredMemoryBytes: number
}

/** Upstream's assumptions for containers that ask for nothing. */
const ASSUMED_CPU_MILLI = 100
const ASSUMED_MEMORY_BYTES = 200 * 1024 * 1024
const ASSUMED: Amounts = new Map([
  ['cpu', ASSUMED_CPU_MILLI],
  ['memory', ASSUMED_MEMORY_BYTES],
])

export function podRequestsOf(pod: Pod): PodRequests {
  const requests = totalRequests(pod, new Map())
  const asWhole = podLevelRequests(pod).size > 0
  const assumed = new Map<string, number>()
  // Where the pod as a whole says what it needs, nothing is to be assumed of its containers.
  if (!asWhole || !requests.has('cpu')) assumed.set('cpu', ASSUMED_CPU_MILLI)
  if (!asWhole || !requests.has('memory')) assumed.set('memory', ASSUMED_MEMORY_BYTES)
  const nonZero = anyMisses(pod, assumed) ? totalRequests(pod, assumed) : requests
  const scored = asWhole ? totalRequests(pod, ASSUMED) : nonZero
  return {
    requests,
    nonZeroCpuMilli: nonZero.get('cpu') ?? 0,
    nonZeroMemoryBytes: nonZero.get('memory') ?? 0,
    scoredCpuMilli: scored.get('cpu') ?? 0,
    scoredMemoryBytes: scored.get('memory') ?? 0,
  }
}

function anyMisses({ spec }: Pod, assumed: Amounts): boolean {
  const lacks = ({ resources }: Container) =>
    [...assumed.keys()].some(name => resources?.requests?.[name] === undefined)
  return spec.containers.some(lacks) || (spec.initContainers ?? []).some(lacks)
}

/**
 * The most that the pod can need at any moment: all containers with all side-cars, or an init container with the side-cars
 * that were started before it, whichever is more; and what the runtime needs on top. Containers count at least `assumed`.
 */
function totalRequests(pod: Pod, assumed: Amounts): Map<string, number> {
  const { spec, status } = pod
  const total = new Map<string, number>()
  for (const container of spec.containers)
    add(total, containerRequests(pod, container, status.containerStatuses, assumed))
  if (spec.initContainers?.length) {
    const sideCars = new Map<string, number>()
    const peak = new Map<string, number>()
    for (const container of spec.initContainers) {
      if (container.restartPolicy === 'Always') {
        const own = containerRequests(pod, container, status.initContainerStatuses, assumed)
        add(total, own)
        add(sideCars, own)
        raise(peak, sideCars)
      } else {
        const together = new Map(sideCars)
        add(together, containerRequests(pod, container, undefined, assumed))
        raise(peak, together)
      }
    }
    raise(total, peak)
  }
  // Requests of the pod as a whole stand for those of its containers.
  for (const [resource, amount] of podLevelRequests(pod)) total.set(resource, amount)
  for (const [resource, amount] of Object.entries(spec.overhead ?? {}))
    total.set(resource, (total.get(resource) ?? 0) + amountOf(resource, amount))
  return total
}

function podLevelRequests({ spec, status }: Pod): Map<string, number> {
  const amounts = new Map<string, number>()
  for (const [resource, amount] of Object.entries(spec.resources?.requests ?? {}))
    if (isPodLevelResource(resource)) amounts.set(resource, amountOf(resource, amount))
  if (amounts.size === 0) return amounts
  const { resources, allocatedResources } = status as {
    resources?: { requests?: Record<string, string> }
    allocatedResources?: Record<string, string>
  }
  raiseKnown(amounts, resources?.requests)
  raiseKnown(amounts, allocatedResources)
  return amounts
}

function isPodLevelResource(resource: string): boolean {
  return resource === 'cpu' || resource === 'memory' || resource.startsWith('hugepages-')
}

/** While a container is resized, the most of what it has, was promised and wants. */
function containerRequests(
  pod: Pod,
  { name, resources }: Container,
  statuses: readonly ContainerStatus[] | undefined,
  assumed: Amounts,
): Map<string, number> {
  const status = statuses?.find(status => status.name === name && status.resources)
  const amounts = new Map<string, number>()
  const wanted = status && isResizeInfeasible(pod) ? {} : resources?.requests
  for (const [resource, amount] of Object.entries(wanted ?? {}))
    amounts.set(resource, amountOf(resource, amount))
  if (status) {
    raiseAll(amounts, status.resources?.requests)
    raiseAll(amounts, status.allocatedResources)
  }
  for (const [resource, amount] of assumed)
    if (!amounts.has(resource)) amounts.set(resource, amount)
  return amounts
}

function isResizeInfeasible({ status }: Pod): boolean {
  return (status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  )
}

/** Texts of quantities are few and repeated by every replica. */
const knownAmounts = new Map<string, number>()
const KNOWN_AMOUNTS_LIMIT = 2000

export function amountOf(resource: string, quantity: string): number {
  const key = resource === 'cpu' ? `cpu ${quantity}` : quantity
  const known = knownAmounts.get(key)
  if (known !== undefined) return known
  const amount = resource === 'cpu' ? quantityToMilli(quantity) : quantityToNumber(quantity)
  if (knownAmounts.size >= KNOWN_AMOUNTS_LIMIT) knownAmounts.clear()
  knownAmounts.set(key, amount)
  return amount
}

function add(to: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts) to.set(resource, (to.get(resource) ?? 0) + amount)
}

function raise(to: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts)
    if (amount > (to.get(resource) ?? 0)) to.set(resource, amount)
}

function raiseAll(to: Map<string, number>, quantities?: Readonly<Record<string, string>>): void {
  for (const [resource, quantity] of Object.entries(quantities ?? {})) {
    const amount = amountOf(resource, quantity)
    if (amount > (to.get(resource) ?? -1)) to.set(resource, amount)
  }
}

function raiseKnown(to: Map<string, number>, quantities?: Readonly<Record<string, string>>): void {
  for (const [resource, before] of to) {
    const quantity = quantities?.[resource]
    if (quantity !== undefined) to.set(resource, Math.max(before, amountOf(resource, quantity)))
  }
}
