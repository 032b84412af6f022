/** Labels of nodes that have got new names, and the hints to use those. */
import type { NodeSelectorTerm } from './pod/schema.affinity.ts'

const successors: Readonly<Record<string, readonly [since: string, successor: string]>> = {
  'beta.kubernetes.io/arch': ['v1.14', 'kubernetes.io/arch'],
  'beta.kubernetes.io/os': ['v1.14', 'kubernetes.io/os'],
  'failure-domain.beta.kubernetes.io/region': ['v1.17', 'topology.kubernetes.io/region'],
  'failure-domain.beta.kubernetes.io/zone': ['v1.17', 'topology.kubernetes.io/zone'],
  'beta.kubernetes.io/instance-type': ['v1.17', 'node.kubernetes.io/instance-type'],
}

/** The label that took the place of this one. */
export function successorOf(label: string): string | undefined {
  return Object.hasOwn(successors, label) ? successors[label]?.[1] : undefined
}

export function deprecatedLabelHint(label: string): string | undefined {
  if (!Object.hasOwn(successors, label)) return undefined
  const [since, successor] = successors[label] ?? []
  return `deprecated since ${since}; use "${successor}" instead`
}

export function nodeTermWarnings(path: string, term: NodeSelectorTerm): string[] {
  return (term.matchExpressions ?? []).flatMap(({ key }, index) => {
    const hint = deprecatedLabelHint(key)
    return hint ? [`${path}.matchExpressions[${index}].key: ${key} is ${hint}`] : []
  })
}
