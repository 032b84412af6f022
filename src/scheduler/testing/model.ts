/**
 * What the default plugins have to say, computed anew for every pod from plain objects: slow, and as obvious as can be. Tests hold
 * the plugins, which keep and reuse what they know, against it.
 */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod, PodAffinityTerm, TopologySpreadConstraint } from '#api/core/v1/pod/pod.ts'
import type { LabelSelector } from '#api/machinery/metadata.ts'

export type Text = Readonly<Record<string, string>>

export interface ModelCluster {
  readonly nodes: readonly Node[]
  /** Pods on nodes. */
  readonly pods: readonly Pod[]
  readonly namespaces: Readonly<Record<string, Text>>
}

export interface ModelVerdict {
  readonly plugin: string
  readonly reasons: readonly string[]
  readonly unresolvable: boolean
}

export const labelsOf = (object: Node | Pod): Text => object.metadata.labels ?? {}
export const nameOf = (object: Node | Pod): string => object.metadata.name ?? ''

export function selects(selector: LabelSelector | undefined, labels: Text): boolean {
  if (!selector) return false
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      if (operator === 'In') return value !== undefined && values.includes(value)
      return value === undefined || !values.includes(value)
    })
  )
}

/** Thousandths of a core, bytes, pieces. */
export function amount(resource: string, text: string | undefined): number {
  const [, digits = '0', unit = ''] = /^(\d+)(m|Mi|Gi)?$/.exec(text ?? '0') ?? []
  const factor = { '': resource === 'cpu' ? 1000 : 1, m: 1, Mi: 2 ** 20, Gi: 2 ** 30 }[unit] ?? 1
  return Number(digits) * factor
}

/** The generated pods have plain containers, init containers, a pod as a whole and overhead. */
export function requestOf({ spec }: Pod, resource: string, assumed = 0): number {
  const of = (container: { resources?: { requests?: Text } }) => {
    const text = container.resources?.requests?.[resource]
    return text === undefined ? assumed : amount(resource, text)
  }
  const whole = spec.resources?.requests?.[resource]
  const together = spec.containers.reduce((sum, container) => sum + of(container as never), 0)
  const first = (spec.initContainers ?? []).map(container => of(container as never))
  const most = Math.max(together, ...first)
  const overhead = amount(resource, (spec.overhead as Text | undefined)?.[resource])
  return (whole === undefined ? most : amount(resource, whole)) + overhead
}

export const onNode = ({ pods }: ModelCluster, node: Node): Pod[] =>
  pods.filter(({ spec }) => spec.nodeName === nameOf(node))

export function tolerated(taint: { key: string; value?: string; effect: string }, { spec }: Pod) {
  return (spec.tolerations ?? []).some(({ key, operator, value, effect }) => {
    if (effect && effect !== taint.effect) return false
    if (key && key !== taint.key) return false
    return operator === 'Exists' || (key !== undefined && (value ?? '') === (taint.value ?? ''))
  })
}

export function matchesNode({ spec }: Pod, node: Node): boolean {
  const labels = labelsOf(node)
  const selected = Object.entries(spec.nodeSelector ?? {}).every(
    ([key, value]) => labels[key] === value,
  )
  const required =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return selected && (!required || required.some(term => matchesNodeTerm(term, node)))
}

export function matchesNodeTerm(
  { matchExpressions, matchFields }: { matchExpressions?: unknown; matchFields?: unknown },
  node: Node,
): boolean {
  const fields = (matchFields ?? []) as { values: string[] }[]
  const selector = { matchExpressions: matchExpressions ?? [] } as LabelSelector
  const empty = fields.length + (selector.matchExpressions?.length ?? 0) === 0
  if (empty || !selects(selector, labelsOf(node))) return false
  return fields.every(({ values }) => values.includes(nameOf(node)))
}

/** Whether `other` is one of the pods that a term of `owner` is about. */
export function isAbout(
  { namespaces }: ModelCluster,
  owner: Pod,
  term: PodAffinityTerm,
  other: Pod,
): boolean {
  const place = other.metadata.namespace ?? ''
  const named = term.namespaces ?? []
  const own = named.length === 0 && !term.namespaceSelector
  const there = own
    ? place === owner.metadata.namespace
    : named.includes(place) || selects(term.namespaceSelector, namespaces[place] ?? {})
  return there && selects(term.labelSelector, labelsOf(other))
}

const refused = (plugin: string, reason: string, unresolvable = true): ModelVerdict => ({
  plugin,
  reasons: [reason],
  unresolvable,
})

/** The first refusal in the order of the plugins. */
export function verdictOf(cluster: ModelCluster, pod: Pod, node: Node): ModelVerdict | undefined {
  return (
    byNodeItself(pod, node) ??
    byPorts(cluster, pod, node) ??
    byResources(cluster, pod, node) ??
    bySpread(cluster, pod, node) ??
    byAffinity(cluster, pod, node)
  )
}

function byNodeItself(pod: Pod, node: Node): ModelVerdict | undefined {
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
  if (node.spec.unschedulable && !tolerated(cordon, pod))
    return refused('NodeUnschedulable', 'node(s) were unschedulable')
  const hard = (node.spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule')
  if (hard.some(taint => !tolerated(taint as never, pod)))
    return refused('TaintToleration', 'node(s) had untolerated taint(s)')
  if (!matchesNode(pod, node))
    return refused('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")
  return undefined
}

const portsOf = ({ spec }: Pod) =>
  spec.containers.flatMap(({ ports = [] }) => ports.filter(({ hostPort }) => hostPort))

function byPorts(cluster: ModelCluster, pod: Pod, node: Node): ModelVerdict | undefined {
  const used = onNode(cluster, node).flatMap(portsOf)
  const any = (ip: string | undefined) => !ip || ip === '0.0.0.0'
  const clash = portsOf(pod).some(wanted =>
    used.some(
      other =>
        other.hostPort === wanted.hostPort &&
        (other.protocol ?? 'TCP') === (wanted.protocol ?? 'TCP') &&
        (any(other.hostIP) || any(wanted.hostIP) || other.hostIP === wanted.hostIP),
    ),
  )
  const why = "node(s) didn't have free ports for the requested pod ports"
  return clash ? refused('NodePorts', why, false) : undefined
}

export const RESOURCES = ['cpu', 'memory', 'example.com/gpu']

function byResources(cluster: ModelCluster, pod: Pod, node: Node): ModelVerdict | undefined {
  const others = onNode(cluster, node)
  const { allocatable = {} } = node.status
  const reasons: string[] = []
  let unresolvable = false
  if (others.length + 1 > amount('pods', allocatable.pods)) reasons.push('Too many pods')
  for (const resource of RESOURCES) {
    const wanted = requestOf(pod, resource)
    const there = amount(resource, allocatable[resource])
    const used = others.reduce((sum, other) => sum + requestOf(other, resource), 0)
    if (wanted === 0 || wanted <= there - used) continue
    reasons.push(`Insufficient ${resource}`)
    unresolvable ||= wanted > there
  }
  return reasons.length > 0 ? { plugin: 'NodeResourcesFit', reasons, unresolvable } : undefined
}

export const spreadSelector = (constraint: TopologySpreadConstraint, pod: Pod): LabelSelector => ({
  ...constraint.labelSelector,
  matchExpressions: [
    ...(constraint.labelSelector?.matchExpressions ?? []),
    ...(constraint.matchLabelKeys ?? []).flatMap(key => {
      const value = labelsOf(pod)[key]
      return value === undefined ? [] : [{ key, operator: 'In' as const, values: [value] }]
    }),
  ],
})

export function isCountedNode(constraint: TopologySpreadConstraint, pod: Pod, node: Node): boolean {
  const { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint
  if (nodeAffinityPolicy === 'Honor' && !matchesNode(pod, node)) return false
  const hard = (node.spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule')
  return nodeTaintsPolicy === 'Ignore' || hard.every(taint => tolerated(taint as never, pod))
}

export function countMatching(
  cluster: ModelCluster,
  constraint: TopologySpreadConstraint,
  pod: Pod,
  node: Node,
): number {
  const selector = spreadSelector(constraint, pod)
  const { matchLabels = {}, matchExpressions = [] } = selector
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return 0
  return onNode(cluster, node).filter(
    other =>
      other.metadata.namespace === pod.metadata.namespace &&
      !other.metadata.deletionTimestamp &&
      selects(selector, labelsOf(other)),
  ).length
}

function bySpread(cluster: ModelCluster, pod: Pod, node: Node): ModelVerdict | undefined {
  const why = "node(s) didn't match pod topology spread constraints"
  const hard = (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
  )
  for (const constraint of hard) {
    const { topologyKey, maxSkew, minDomains = 1 } = constraint
    const domain = labelsOf(node)[topologyKey]
    if (domain === undefined) return refused('PodTopologySpread', `${why} (missing required label)`)
    const counts = new Map<string, number>()
    for (const other of cluster.nodes) {
      const labels = labelsOf(other)
      if (hard.some(({ topologyKey: key }) => labels[key] === undefined)) continue
      if (!isCountedNode(constraint, pod, other)) continue
      const value = labels[topologyKey] ?? ''
      const count = countMatching(cluster, constraint, pod, other)
      counts.set(value, (counts.get(value) ?? 0) + count)
    }
    const lowest = counts.size < minDomains ? 0 : Math.min(...counts.values())
    const self = selects(spreadSelector(constraint, pod), labelsOf(pod)) ? 1 : 0
    if ((counts.get(domain) ?? 0) + self - lowest > maxSkew)
      return refused('PodTopologySpread', why, false)
  }
  return undefined
}

function byAffinity(cluster: ModelCluster, pod: Pod, node: Node): ModelVerdict | undefined {
  const plugin = 'InterPodAffinity'
  const near = needs(pod.spec.affinity?.podAffinity)
  const apart = needs(pod.spec.affinity?.podAntiAffinity)
  const nodeOf = (other: Pod) => cluster.nodes.find(one => nameOf(one) === other.spec.nodeName)
  const isWith = (key: string, other: Pod) => {
    const place = nodeOf(other)
    const value = place && labelsOf(place)[key]
    return value !== undefined && value === labelsOf(node)[key]
  }
  if (near.length > 0) {
    const companions = cluster.pods.filter(other =>
      near.every(term => isAbout(cluster, pod, term, other)),
    )
    const labelled = near.every(({ topologyKey }) => labelsOf(node)[topologyKey] !== undefined)
    const met = near.every(({ topologyKey }) =>
      companions.some(other => isWith(topologyKey, other)),
    )
    const somewhere = companions.some(other => {
      const place = nodeOf(other)
      return place && near.some(({ topologyKey }) => labelsOf(place)[topologyKey] !== undefined)
    })
    const first = !somewhere && near.every(term => isAbout(cluster, pod, term, pod))
    if (!labelled || !(met || first))
      return refused(plugin, "node(s) didn't match pod affinity rules")
  }
  const disturbs = cluster.pods.some(other =>
    apart.some(term => isAbout(cluster, pod, term, other) && isWith(term.topologyKey, other)),
  )
  if (disturbs) return refused(plugin, "node(s) didn't match pod anti-affinity rules", false)
  const unwanted = cluster.pods.some(other =>
    needs(other.spec.affinity?.podAntiAffinity).some(
      term => isAbout(cluster, other, term, pod) && isWith(term.topologyKey, other),
    ),
  )
  return unwanted
    ? refused(plugin, "node(s) didn't satisfy existing pods anti-affinity rules", false)
    : undefined
}

function needs(
  affinity: { requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[] } | undefined,
) {
  return affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
}
