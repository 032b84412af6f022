/** What the scheduler needs of a pod, computed once: what it asks for, its ports, its terms about other pods. */
import type { Pod, PodAffinityTerm } from '#api/core/v1/pod/pod.ts'
import { type LabelMatcher, labelMatcherOf } from '#api/machinery/label-selector.ts'
import { type PodRequests, podRequestsOf } from './pod-requests.ts'

export interface AffinityTerm {
  /** The same for terms that are about the same pods in the same domains. */
  readonly key: string
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

export interface PodInfo extends PodRequests {
  readonly pod: Pod
  readonly uid: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
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

export function podInfoOf(pod: Pod): PodInfo {
  const { affinity } = pod.spec
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
    namespace: pod.metadata.namespace ?? '',
    labels: pod.metadata.labels ?? {},
    ...podRequestsOf(pod),
    hostPorts: hostPortsOf(pod),
    requiredAffinity: near?.requiredDuringSchedulingIgnoredDuringExecution?.map(term) ?? NONE,
    requiredAntiAffinity: apart?.requiredDuringSchedulingIgnoredDuringExecution?.map(term) ?? NONE,
    preferredAffinity: near?.preferredDuringSchedulingIgnoredDuringExecution?.map(weighted) ?? NONE,
    preferredAntiAffinity:
      apart?.preferredDuringSchedulingIgnoredDuringExecution?.map(weighted) ?? NONE,
    priority: pod.spec.priority ?? 0,
  }
}
const NONE: readonly never[] = []

/** The keys of matchLabelKeys are part of the selector already: the API server writes them in when a pod is created. */
function affinityTermOf(source: PodAffinityTerm, pod: Pod): AffinityTerm {
  const named = source.namespaces ?? []
  // Neither named nor selected means the pod's own namespace.
  const own = named.length === 0 && source.namespaceSelector === undefined
  const { topologyKey } = source
  const selector = labelMatcherOf(source.labelSelector)
  const namespaces = own ? [pod.metadata.namespace ?? ''] : named
  const namespaceSelector = source.namespaceSelector && labelMatcherOf(source.namespaceSelector)
  const key = JSON.stringify([
    topologyKey,
    namespaces,
    source.labelSelector && selector.toString(),
    namespaceSelector?.toString(),
  ])
  return { key, topologyKey, selector, namespaces, namespaceSelector }
}

export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>

/** True when `other` is one of the pods that the term is about. */
export function concerns(
  { namespaces, namespaceSelector, selector }: AffinityTerm,
  other: PodInfo,
  namespaceLabels: NamespaceLabels,
): boolean {
  const { namespace } = other
  const inNamespace =
    namespaces.includes(namespace) ||
    namespaceSelector?.matches(namespaceLabels(namespace)) === true
  return inNamespace && selector.matches(other.labels)
}

/** Whether the pod has any terms about other pods. */
export function hasAffinity(pod: PodInfo): boolean {
  return (
    pod.requiredAffinity.length +
      pod.requiredAntiAffinity.length +
      pod.preferredAffinity.length +
      pod.preferredAntiAffinity.length >
    0
  )
}

function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  const sideCars = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always')
  const containers = sideCars ? [...spec.containers, ...sideCars] : spec.containers
  if (!containers.some(({ ports }) => ports?.length)) return NONE
  return containers.flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? { ip: hostIP || '0.0.0.0', protocol: protocol || 'TCP', port: hostPort } : [],
    ),
  )
}
