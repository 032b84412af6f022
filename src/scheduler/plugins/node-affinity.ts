import type { Node } from '#api/core/v1/node.ts'
import { hasNodeSelection, matchesNodeSelection, matchesTerm } from '#api/core/v1/node-matching.ts'
import type { NodeSelectorTerm } from '#api/core/v1/pod/pod.ts'
import { inBoth } from '../cycle/filters.ts'
import { actions } from '../framework/cluster-event.ts'
import type { Plugin, PreFilterResult } from '../framework/plugin.ts'
import { SKIP, unresolvable } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { normalizeToHighest } from './normalize.ts'

const NAME = 'NodeAffinity'
const REFUSAL = unresolvable(NAME, "node(s) didn't match Pod's node affinity/selector")
const ENFORCED = unresolvable(NAME, "node(s) didn't match scheduler-enforced node affinity")
const CONFLICT = unresolvable(NAME, 'pod affinity terms conflict')

interface PreferredTerm {
  readonly weight: number
  readonly preference: NodeSelectorTerm
}
export interface NodeAffinityArgs {
  /** Holds for every pod of the profile, beside its own. */
  readonly addedAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms: readonly NodeSelectorTerm[]
    }
    readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly PreferredTerm[]
  }
}

/** Node selector and node affinity, required and preferred. */
export function nodeAffinity(args: unknown): Plugin {
  const added = (args as NodeAffinityArgs | undefined)?.addedAffinity
  const addedTerms = added?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const addedPreferred = added?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const isEnforced = (node: Node) => addedTerms?.some(term => matchesTerm(term, node)) ?? true
  const fits = ({ pod }: PodInfo, node: Node | undefined) =>
    node !== undefined && isEnforced(node) && matchesNodeSelection(pod, node)
  return {
    name: NAME,
    sign({ pod: { spec } }) {
      const { nodeSelector, affinity } = spec
      return JSON.stringify([nodeSelector, affinity?.nodeAffinity])
    },
    preFilter(_cycle, { pod }): PreFilterResult | undefined {
      if (!addedTerms && !hasNodeSelection(pod)) return { status: SKIP }
      return nodesNamedBy(pod.spec.affinity?.nodeAffinity)
    },
    filter(_cycle, { pod }, { node }) {
      if (!node || !isEnforced(node)) return ENFORCED
      return matchesNodeSelection(pod, node) ? undefined : REFUSAL
    },
    preScore(_cycle, { pod }) {
      const own = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution
      return addedPreferred.length + (own?.length ?? 0) === 0 ? SKIP : undefined
    },
    score(_cycle, { pod }, { node }) {
      const own =
        pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
      let sum = 0
      for (const terms of [addedPreferred, own])
        for (const { weight, preference } of terms)
          if (node && matchesTerm(preference, node)) sum += weight
      return sum
    },
    normalize: (_cycle, _pod, scores) => normalizeToHighest(scores),
    events: () => [
      {
        resource: 'Node',
        action: actions.add | actions.updateNodeLabel,
        hint: (pod, { previous, next }) =>
          fits(pod, next as Node) && !(previous && fits(pod, previous as Node)),
      },
    ],
  }
}

type OwnAffinity = NonNullable<PodInfo['pod']['spec']['affinity']>['nodeAffinity']

/** The nodes that every alternative names, so that only they need to be looked at. */
function nodesNamedBy(affinity: OwnAffinity): PreFilterResult | undefined {
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (!terms?.length) return undefined
  const all = new Set<string>()
  for (const { matchFields = [] } of terms) {
    let names: ReadonlySet<string> | undefined
    for (const { key, operator, values } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue
      names = inBoth(names, new Set(values))
    }
    // An alternative without a name leaves all nodes open.
    if (!names) return undefined
    for (const name of names) all.add(name)
  }
  return all.size === 0 ? { status: CONFLICT } : { nodes: all }
}
