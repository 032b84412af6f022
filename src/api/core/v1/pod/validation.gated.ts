/** Pods whose scheduling is gated may still be steered to fewer nodes: no scheduler has looked at them. */
import { type FieldError, invalid } from '../../../machinery/field-error.ts'
import { sameValue } from '../validation.ts'
import type { Affinity, NodeAffinity, NodeSelectorTerm } from './schema.affinity.ts'
import type { PodSpec } from './schema.ts'

export function validateSteering(next: PodSpec, before: PodSpec): FieldError[] {
  return [
    ...onlyMoreLabels(next.nodeSelector, before.nodeSelector),
    ...onlyMoreRequirements(next.affinity?.nodeAffinity, before.affinity?.nodeAffinity),
  ]
}

function onlyMoreLabels(
  next: PodSpec['nodeSelector'],
  before: PodSpec['nodeSelector'] = {},
): FieldError[] {
  if (Object.entries(before).every(([key, value]) => next?.[key] === value)) return []
  return [
    invalid(
      'spec.nodeSelector',
      next ?? null,
      'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ),
  ]
}

/** What is only preferred may be anything. */
function onlyMoreRequirements(
  next: NodeAffinity | undefined,
  before: NodeAffinity | undefined,
): FieldError[] {
  const field =
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  const [terms, old] = [termsOf(next), termsOf(before)]
  if (old.length > 0 && terms.length !== old.length)
    return [
      invalid(
        field,
        terms.length > 0 ? terms : null,
        'no additions/deletions to non-empty NodeSelectorTerms list are allowed',
      ),
    ]
  return old.flatMap((term, index) => {
    const after = terms[index]
    return !after || hasOnlyMore(after, term)
      ? []
      : [
          invalid(
            `${field}[${index}]`,
            after,
            'only additions are allowed (no mutations or deletions)',
          ),
        ]
  })
}

const termsOf = (affinity: NodeAffinity | undefined): readonly NodeSelectorTerm[] =>
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []

/** A term that says nothing matches nothing, and has to stay so. */
function hasOnlyMore(next: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const
  if (lists.every(list => !before[list]?.length)) return lists.every(list => !next[list]?.length)
  return lists.every(list => {
    const old = before[list] ?? []
    return sameValue(next[list]?.slice(0, old.length), old)
  })
}

/** The affinity with what was said of nodes before, which is judged by itself. */
export function withNodesOf(
  next: Affinity | undefined,
  before: Affinity | undefined,
): Affinity | undefined {
  const { nodeAffinity: after, ...others } = next ?? {}
  const old = before?.nodeAffinity
  if (old) return { ...others, nodeAffinity: old }
  return after && !before && Object.keys(others).length === 0 ? undefined : next && others
}
