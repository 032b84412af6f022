/** What the scheduler needs of a pod, computed once: what it asks for, its ports, its terms about other pods. */
import type { Container, Pod, PodAffinityTerm } from '#api/core/v1/pod/pod.ts'
import { type LabelMatcher, labelMatcherOf } from '#api/machinery/label-selector.ts'
import { quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'

/** Amounts by resource: cpu in thousandths of a core, everything else in units (bytes, pieces). */
export type Amounts = ReadonlyMap<string, number>

export interface AffinityTerm {
  readonly topologyKey: string
  readonly selector: LabelMatcher
  readonly namespaces: readonly string[]
  /** Namespaces by their labels, beside those named. */
  readonly namespaceSelector: LabelMatcher | undefined
}
export interface WeightedTerm {
  readonly weight: number
  readonly term: AffinityTerm
}

export interface PodInfo {
  readonly pod: Pod
  readonly uid: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  /** What it asks for, resources without a request left out. */
  readonly requests: Amounts
  /** For scores: containers without a request count as if they asked for a little, or all would pile up on one node. */
  readonly nonZeroCpuMilli: number
  readonly nonZeroMemoryBytes: number
  readonly hostPorts: readonly HostPort[]
  readonly requiredAffinity: readonly AffinityTerm[]
  readonly requiredAntiAffinity: readonly AffinityTerm[]
  readonly preferredAffinity: readonly WeightedTerm[]
  readonly preferredAntiAffinity: readonly WeightedTerm[]
  readonly priority: number
}

export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/** Upstream's assumptions for containers that ask for nothing. */
const ASSUMED_CPU_MILLI = 100
const ASSUMED_MEMORY_BYTES = 200 * 1024 * 1024

export function podInfoOf(pod: Pod): PodInfo {
  const { affinity } = pod.spec
  const namespace = pod.metadata.namespace ?? ''
  const term = (source: PodAffinityTerm) => affinityTermOf(source, pod)
  const weighted = (source: { weight: number; podAffinityTerm: PodAffinityTerm }) => ({
    weight: source.weight,
    term: term(source.podAffinityTerm),
  })
  const near = affinity?.podAffinity
  const apart = affinity?.podAntiAffinity
  return {
    pod,
    uid: pod.metadata.uid ?? '',
    namespace,
    labels: pod.metadata.labels ?? {},
    requests: totalRequests(pod, amountsOf),
    ...nonZeroRequests(pod),
    hostPorts: hostPortsOf(pod),
    requiredAffinity: (near?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term),
    requiredAntiAffinity: (apart?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term),
    preferredAffinity: (near?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weighted),
    preferredAntiAffinity: (apart?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      weighted,
    ),
    priority: pod.spec.priority ?? 0,
  }
}

function affinityTermOf(source: PodAffinityTerm, pod: Pod): AffinityTerm {
  const named = source.namespaces ?? []
  // Neither named nor selected means the pod's own namespace.
  const own = named.length === 0 && source.namespaceSelector === undefined
  return {
    topologyKey: source.topologyKey,
    selector: labelMatcherOf(source.labelSelector),
    namespaces: own ? [pod.metadata.namespace ?? ''] : named,
    namespaceSelector: source.namespaceSelector && labelMatcherOf(source.namespaceSelector),
  }
}

/** True when `other` is one of the pods that the term is about. */
export function concerns(
  term: AffinityTerm,
  other: PodInfo,
  namespaceLabels: (namespace: string) => Readonly<Record<string, string>>,
): boolean {
  const inNamespace =
    term.namespaces.includes(other.namespace) ||
    term.namespaceSelector?.matches(namespaceLabels(other.namespace)) === true
  return inNamespace && term.selector.matches(other.labels)
}

type ContainerAmounts = (container: Container) => Map<string, number>

/**
 * The most that the pod can need at any moment: all containers with all side-cars, or an init container with the side-cars
 * that were started before it, whichever is more; and what the runtime needs on top.
 */
function totalRequests(pod: Pod, amounts: ContainerAmounts): Map<string, number> {
  const { spec } = pod
  const total = new Map<string, number>()
  for (const container of spec.containers) add(total, amounts(container))
  const sideCars = new Map<string, number>()
  const peak = new Map<string, number>()
  for (const container of spec.initContainers ?? []) {
    const own = amounts(container)
    if (container.restartPolicy === 'Always') {
      add(sideCars, own)
      raise(peak, sideCars)
    } else {
      const together = new Map(sideCars)
      add(together, own)
      raise(peak, together)
    }
  }
  add(total, sideCars)
  raise(total, peak)
  // Requests of the pod as a whole stand for those of its containers.
  for (const [resource, amount] of Object.entries(spec.resources?.requests ?? {}))
    total.set(resource, amountOf(resource, amount))
  for (const [resource, amount] of Object.entries(spec.overhead ?? {}))
    total.set(resource, (total.get(resource) ?? 0) + amountOf(resource, amount))
  return total
}

function nonZeroRequests(pod: Pod) {
  const total = totalRequests(pod, container => {
    const amounts = amountsOf(container)
    return new Map([
      ['cpu', amounts.get('cpu') ?? ASSUMED_CPU_MILLI],
      ['memory', amounts.get('memory') ?? ASSUMED_MEMORY_BYTES],
    ])
  })
  return {
    nonZeroCpuMilli: total.get('cpu') ?? ASSUMED_CPU_MILLI,
    nonZeroMemoryBytes: total.get('memory') ?? ASSUMED_MEMORY_BYTES,
  }
}

function amountsOf({ resources }: Container): Map<string, number> {
  const amounts = new Map<string, number>()
  for (const [resource, amount] of Object.entries(resources?.requests ?? {}))
    amounts.set(resource, amountOf(resource, amount))
  return amounts
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

function hostPortsOf({ spec }: Pod): HostPort[] {
  const sideCars = (spec.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  )
  return [...spec.containers, ...sideCars].flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? { ip: hostIP || '0.0.0.0', protocol: protocol || 'TCP', port: hostPort } : [],
    ),
  )
}
