/** The half of InterPodAffinity that prefers nodes. */
import { cycleKey } from '../framework/cycle-state.ts'
import { MAXIMUM_NODE_SCORE, type Plugin } from '../framework/plugin.ts'
import { SKIP } from '../framework/status.ts'
import { Derived } from '../state/derived.ts'
import type { DomainCounts } from '../state/domain-counts.ts'
import { concerns, type PodInfo, type WeightedTerm } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { type HeldTerm, HeldTerms, TermCounts } from './affinity-counts.ts'

/** Terms whose counts are kept. */
const KEPT_LIMIT = 512

/** Each pod in the node's domain counts `weight`. */
interface Pull {
  readonly topologyKey: string
  readonly weight: number
  readonly domains: DomainCounts
}
const STATE = cycleKey<readonly Pull[]>('PreScoreInterPodAffinity')

export interface InterPodAffinityArgs {
  /** How much a required term of a pod that is there already counts for the score of newcomers it wants near. */
  readonly hardPodAffinityWeight?: number
  /** Whether only the newcomer's own wishes count. */
  readonly ignorePreferredTermsOfExistingPods?: boolean
}

export function createAffinityScore(
  snapshot: Snapshot,
  { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false }: InterPodAffinityArgs,
): Pick<Plugin, 'preScore' | 'score' | 'normalize'> {
  const kept = new Derived<TermCounts>(KEPT_LIMIT)
  const held = new Derived<HeldTerms>(1)
  const termsOf = (pod: PodInfo): HeldTerm[] => [
    ...(hardPodAffinityWeight > 0
      ? pod.requiredAffinity.map(term => ({ term, weight: hardPodAffinityWeight }))
      : []),
    ...pod.preferredAffinity,
    ...pod.preferredAntiAffinity.map(({ term, weight }) => ({ term, weight: -weight })),
  ]
  const own = ({ term, weight }: WeightedTerm, sign: 1 | -1): Pull[] => {
    const counts = kept.get(term.key, snapshot, () => new TermCounts([term], snapshot))
    const [domains] = counts.domains
    return domains ? [{ topologyKey: term.topologyKey, weight: sign * weight, domains }] : []
  }
  const ofOthers = (pod: PodInfo): Pull[] => {
    if (snapshot.withAffinity.size === 0) return []
    const terms = held.get('', snapshot, () => new HeldTerms(termsOf, snapshot.withAffinity))
    const pulls: Pull[] = []
    for (const { term, weight, domains } of terms.groups)
      if (concerns(term, pod, snapshot.namespaceLabels))
        pulls.push({ topologyKey: term.topologyKey, weight, domains })
    return pulls
  }
  return {
    preScore(cycle, pod) {
      const wishes = pod.preferredAffinity.length + pod.preferredAntiAffinity.length
      if (wishes === 0 && ignorePreferredTermsOfExistingPods) return SKIP
      const pulls = [
        ...pod.preferredAffinity.flatMap(term => own(term, 1)),
        ...pod.preferredAntiAffinity.flatMap(term => own(term, -1)),
        ...ofOthers(pod),
      ].filter(({ domains }) => domains.size > 0)
      if (pulls.length === 0) return SKIP
      cycle.set(STATE, pulls)
      return undefined
    },
    score(cycle, _pod, { labels }) {
      let sum = 0
      for (const { topologyKey, weight, domains } of cycle.get(STATE) ?? []) {
        const domain = labels[topologyKey]
        if (domain !== undefined) sum += weight * (domains.get(domain) ?? 0)
      }
      return sum
    },
    normalize(_cycle, _pod, scores) {
      let lowest = Number.POSITIVE_INFINITY
      let highest = Number.NEGATIVE_INFINITY
      for (const score of scores) {
        if (score < lowest) lowest = score
        if (score > highest) highest = score
      }
      const span = highest - lowest
      for (let i = 0; i < scores.length; i++)
        scores[i] =
          span > 0 ? Math.trunc(MAXIMUM_NODE_SCORE * (((scores[i] ?? 0) - lowest) / span)) : 0
    },
  }
}
