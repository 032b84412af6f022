/** Does a node fit a pod's nodeSelector and required node affinity? Pure. */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '../pod-types.ts'

type Affinity = NonNullable<NonNullable<NonNullable<Pod['spec']>['affinity']>['nodeAffinity']>
type Terms = NonNullable<
  Affinity['requiredDuringSchedulingIgnoredDuringExecution']
>['nodeSelectorTerms']
type Term = NonNullable<Terms>[number]
type Requirement = NonNullable<Term['matchExpressions']>[number]

export function matchesAffinity(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  for (const [key, value] of Object.entries(pod.spec?.nodeSelector ?? {}))
    if (labels[key] !== value) return false
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (!required) return true
  return (required.nodeSelectorTerms ?? []).some(term => matchesTerm(term, node))
}

function matchesTerm(term: Term, node: Node): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  // A term without conditions selects nothing.
  if (expressions.length + fields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  return (
    expressions.every(requirement => matches(requirement, labels[requirement.key])) &&
    fields.every(requirement =>
      matches(requirement, requirement.key === 'metadata.name' ? node.metadata.name : undefined),
    )
  )
}

function matches({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0])
    default:
      return false
  }
}
