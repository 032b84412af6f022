/** Pods that want to be near, or apart from, other pods. */
import { type Plugin, refuse, stretched } from '../plugin.ts'
import { type AffinityTerm, concerns, type PodInfo } from '../pod-info.ts'
import type { NodeInfo, Snapshot } from '../snapshot.ts'

/** How much a required term of a pod that is there already counts for the score of newcomers it wants near. */
const REQUIRED_AFFINITY_WEIGHT = 1

/** Counts by topology label and its value, `zone=a`. */
type Domains = Map<string, number>

export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  wokenBy: ['node-added', 'node-changed', 'pod-added', 'pod-removed'],
  filter(pod, snapshot) {
    const objections = objectionsOf(pod, snapshot)
    const { requiredAffinity: near, requiredAntiAffinity: apart } = pod
    if (near.length + apart.length + objections.size === 0) return undefined
    const nearCounts = countAllTerms(snapshot, near)
    const apartCounts = countEachTerm(snapshot, apart)
    // The first of a group that wants to be together has nobody to be near to, and may go anywhere.
    const first =
      near.length > 0 &&
      nearCounts.size === 0 &&
      near.every(term => concerns(term, pod, snapshot.namespaceLabels))
    return node => {
      for (const term of near) {
        const domain = domainOf(node, term.topologyKey)
        if (domain === undefined || (!first && !nearCounts.get(domain)))
          return refuse("node(s) didn't match pod affinity rules", true)
      }
      for (const term of apart)
        if (apartCounts.get(domainOf(node, term.topologyKey) ?? ''))
          return refuse("node(s) didn't match pod anti-affinity rules")
      for (const [key, value] of Object.entries(node.node?.metadata.labels ?? {}))
        if (objections.get(`${key}=${value}`))
          return refuse("node(s) didn't satisfy existing pods anti-affinity rules")
      return undefined
    }
  },
  weight: 2,
  score(pod, snapshot, nodes) {
    const wishes = pod.preferredAffinity.length + pod.preferredAntiAffinity.length
    const hosts = wishes > 0 ? snapshot.nodes : snapshot.withAffinity()
    if (hosts.length === 0) return undefined
    const points: Domains = new Map()
    const note = (host: NodeInfo, term: AffinityTerm, weight: number) => {
      const domain = domainOf(host, term.topologyKey)
      if (domain !== undefined) points.set(domain, (points.get(domain) ?? 0) + weight)
    }
    const about = (term: AffinityTerm, other: PodInfo) =>
      concerns(term, other, snapshot.namespaceLabels)
    for (const host of hosts)
      for (const other of host.pods.values()) {
        for (const { weight, term } of pod.preferredAffinity)
          if (about(term, other)) note(host, term, weight)
        for (const { weight, term } of pod.preferredAntiAffinity)
          if (about(term, other)) note(host, term, -weight)
        for (const term of other.requiredAffinity)
          if (about(term, pod)) note(host, term, REQUIRED_AFFINITY_WEIGHT)
        for (const { weight, term } of other.preferredAffinity)
          if (about(term, pod)) note(host, term, weight)
        for (const { weight, term } of other.preferredAntiAffinity)
          if (about(term, pod)) note(host, term, -weight)
      }
    if (points.size === 0) return undefined
    return stretched(
      nodes.map(({ node }) =>
        Object.entries(node?.metadata.labels ?? {}).reduce(
          (sum, [key, value]) => sum + (points.get(`${key}=${value}`) ?? 0),
          0,
        ),
      ),
    )
  },
}

function domainOf({ node }: NodeInfo, topologyKey: string): string | undefined {
  const value = node?.metadata.labels?.[topologyKey]
  return value === undefined ? undefined : `${topologyKey}=${value}`
}

/** Domains in which a pod that is there already does not want this one. */
function objectionsOf(pod: PodInfo, snapshot: Snapshot): Domains {
  const domains: Domains = new Map()
  for (const host of snapshot.withRequiredAntiAffinity())
    for (const other of host.pods.values())
      for (const term of other.requiredAntiAffinity)
        if (concerns(term, pod, snapshot.namespaceLabels)) count(domains, host, term)
  return domains
}

/** Domains by pods that all the terms are about. */
function countAllTerms(snapshot: Snapshot, terms: readonly AffinityTerm[]): Domains {
  const domains: Domains = new Map()
  if (terms.length === 0) return domains
  for (const host of snapshot.nodes)
    for (const other of host.pods.values())
      if (terms.every(term => concerns(term, other, snapshot.namespaceLabels)))
        for (const term of terms) count(domains, host, term)
  return domains
}

/** Domains by pods that any of the terms is about. */
function countEachTerm(snapshot: Snapshot, terms: readonly AffinityTerm[]): Domains {
  const domains: Domains = new Map()
  if (terms.length === 0) return domains
  for (const host of snapshot.nodes)
    for (const other of host.pods.values())
      for (const term of terms)
        if (concerns(term, other, snapshot.namespaceLabels)) count(domains, host, term)
  return domains
}

function count(domains: Domains, host: NodeInfo, term: AffinityTerm): void {
  const domain = domainOf(host, term.topologyKey)
  if (domain !== undefined) domains.set(domain, (domains.get(domain) ?? 0) + 1)
}
