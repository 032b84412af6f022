/** Labels of nodes that have got new names, and the hints to use those. */
import { isLabelValue } from '../../machinery/names.ts'
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

/** Of what is only preferred, values that no label can have are told, too: where they are needed they are refused. */
export function nodeTermWarnings(
  path: string,
  term: NodeSelectorTerm,
  { withValues = false } = {},
): string[] {
  return (term.matchExpressions ?? []).flatMap(({ key, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`
    const hint = deprecatedLabelHint(key)
    const warnings = hint ? [`${at}.key: ${key} is ${hint}`] : []
    for (const [place, value] of withValues ? values.entries() : [])
      for (const text of isLabelValue(value))
        warnings.push(`${at}.values[${place}]: ${value} is invalid, ${text}`)
    return warnings
  })
}
