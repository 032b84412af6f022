/** The half of InterPodAffinity that refuses nodes. */
import { type CycleState, cycleKey } from '../framework/cycle-state.ts'
import type { Plugin } from '../framework/plugin.ts'
import { refusal, SKIP, unresolvable } from '../framework/status.ts'
import { Derived } from '../state/derived.ts'
import { DomainCounts, DomainView } from '../state/domain-counts.ts'
import type { NodeInfo } from '../state/node-info.ts'
import { type AffinityTerm, concerns, type PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { HeldTerms, TermCounts } from './affinity-counts.ts'

const NAME = 'InterPodAffinity'
const NOT_NEAR = unresolvable(NAME, "node(s) didn't match pod affinity rules")
const NOT_APART = refusal(NAME, "node(s) didn't match pod anti-affinity rules")
const NOT_WANTED = refusal(NAME, "node(s) didn't satisfy existing pods anti-affinity rules")
/** Terms whose counts are kept. */
const KEPT_LIMIT = 512

interface Counted {
  readonly term: AffinityTerm
  readonly domains: DomainView
}
interface FilterState {
  /** Pods that all of the pod's affinity terms are about. */
  readonly near: readonly Counted[]
  /** Pods that each of its anti-affinity terms is about. */
  readonly apart: readonly Counted[]
  /** Pods on nodes whose anti-affinity is about this pod. */
  readonly objections: Counted[]
}
const copies = (all: readonly Counted[]) =>
  all.map(({ term, domains }) => ({ term, domains: domains.copy() }))
const STATE = cycleKey<FilterState>('PreFilterInterPodAffinity', state => ({
  near: copies(state.near),
  apart: copies(state.apart),
  objections: copies(state.objections),
}))

export function createAffinityFilter(
  snapshot: Snapshot,
): Pick<Plugin, 'preFilter' | 'addPod' | 'removePod' | 'filter'> {
  const kept = new Derived<TermCounts>(KEPT_LIMIT)
  const held = new Derived<HeldTerms>(1)
  const countsOf = (terms: readonly AffinityTerm[]): Counted[] => {
    if (terms.length === 0) return []
    const key = terms.map(term => term.key).join('\n')
    const counts = kept.get(key, snapshot, () => new TermCounts(terms, snapshot))
    return terms.flatMap((term, i) => {
      const domains = counts.domains[i]
      return domains ? [{ term, domains: new DomainView(domains) }] : []
    })
  }
  const objectionsTo = (pod: PodInfo): Counted[] => {
    if (snapshot.withRequiredAntiAffinity.size === 0) return []
    const terms = held.get('', snapshot, () => {
      return new HeldTerms(antiAffinityOf, snapshot.withRequiredAntiAffinity)
    })
    const objections: Counted[] = []
    for (const { term, domains } of terms.groups)
      if (concerns(term, pod, snapshot.namespaceLabels))
        objections.push({ term, domains: new DomainView(domains) })
    return objections
  }
  return {
    preFilter(cycle, pod) {
      const objections = objectionsTo(pod)
      const near = countsOf(pod.requiredAffinity)
      const apart = pod.requiredAntiAffinity.flatMap(term => countsOf([term]))
      if (near.length + apart.length + objections.length === 0) return { status: SKIP }
      cycle.set(STATE, { near, apart, objections })
      return undefined
    },
    addPod: (cycle, pod, other, node) => change(snapshot, cycle, { pod, other, node, by: 1 }),
    removePod: (cycle, pod, other, node) => change(snapshot, cycle, { pod, other, node, by: -1 }),
    filter(cycle, pod, { labels }) {
      const state = cycle.get(STATE)
      if (!state) return undefined
      if (!isNear(snapshot, pod, state.near, labels)) return NOT_NEAR
      if (state.apart.some(counted => isTaken(counted, labels))) return NOT_APART
      return state.objections.some(counted => isTaken(counted, labels)) ? NOT_WANTED : undefined
    },
  }
}

const antiAffinityOf = (pod: PodInfo) => pod.requiredAntiAffinity.map(term => ({ term, weight: 0 }))

type Labels = Readonly<Record<string, string>>

function isTaken({ term, domains }: Counted, labels: Labels): boolean {
  const domain = labels[term.topologyKey]
  return domain !== undefined && domains.get(domain) > 0
}

function isNear(
  { namespaceLabels }: Snapshot,
  pod: PodInfo,
  near: readonly Counted[],
  labels: Labels,
): boolean {
  if (near.length === 0) return true
  if (near.some(({ term }) => labels[term.topologyKey] === undefined)) return false
  if (near.every(counted => isTaken(counted, labels))) return true
  // The first of a group that wants to be together has nobody to be near to, and may go anywhere.
  return (
    near.every(({ domains }) => domains.isEmpty) &&
    near.every(({ term }) => concerns(term, pod, namespaceLabels))
  )
}

interface PodMove {
  readonly pod: PodInfo
  readonly other: PodInfo
  readonly node: NodeInfo
  readonly by: 1 | -1
}

function change(
  { namespaceLabels }: Snapshot,
  cycle: CycleState,
  { pod, other, node, by }: PodMove,
): undefined {
  const state = cycle.get(STATE)
  if (!state) return
  const { near, apart, objections } = state
  const move = ({ term, domains }: Counted) => {
    const domain = node.labels[term.topologyKey]
    if (domain !== undefined) domains.add(domain, by)
  }
  if (near.every(({ term }) => concerns(term, other, namespaceLabels))) near.forEach(move)
  for (const counted of apart) if (concerns(counted.term, other, namespaceLabels)) move(counted)
  for (const term of other.requiredAntiAffinity) {
    if (!concerns(term, pod, namespaceLabels)) continue
    let known = objections.find(counted => counted.term.key === term.key)
    if (!known) {
      known = { term, domains: new DomainView(new DomainCounts()) }
      objections.push(known)
    }
    move(known)
  }
}
