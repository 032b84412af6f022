/**
 * Terms that mean pods with the values, or without the values, that a new pod itself has in some labels: its selectors get these when it is
 * created, and only they are read from then on.
 */
import type { LabelSelector } from '../../../machinery/metadata.ts'
import type { PodAffinityTerm } from './schema.affinity.ts'
import type { Pod } from './schema.ts'

export function mergeLabelKeys({ metadata, spec }: Pod): void {
  const { labels = {} } = metadata
  for (const constraint of spec.topologySpreadConstraints ?? [])
    merge(constraint, labels, { In: constraint.matchLabelKeys })
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  for (const affinity of [podAffinity, podAntiAffinity]) {
    const { preferredDuringSchedulingIgnoredDuringExecution: wishes = [] } = affinity ?? {}
    const { requiredDuringSchedulingIgnoredDuringExecution: needs = [] } = affinity ?? {}
    for (const term of [...wishes.map(wish => wish.podAffinityTerm), ...needs])
      mergeTerm(term, labels)
  }
}

type Labels = Readonly<Record<string, string>>

const mergeTerm = (term: PodAffinityTerm, labels: Labels) =>
  merge(term, labels, { In: term.matchLabelKeys, NotIn: term.mismatchLabelKeys })

function merge(
  term: { labelSelector?: LabelSelector | undefined },
  labels: Labels,
  keys: Readonly<Partial<Record<'In' | 'NotIn', readonly string[] | undefined>>>,
): void {
  const { labelSelector } = term
  // Which selects nothing.
  if (!labelSelector) return
  const added = Object.entries(keys).flatMap(([operator, names = []]) =>
    names
      .filter(key => Object.hasOwn(labels, key))
      .map(key => ({ key, operator, values: [labels[key] ?? ''] })),
  )
  if (added.length === 0) return
  const { matchExpressions = [] } = labelSelector
  term.labelSelector = { ...labelSelector, matchExpressions: [...matchExpressions, ...added] }
}
