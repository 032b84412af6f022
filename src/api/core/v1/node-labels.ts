/** Labels of nodes: which have got new names, and which a node may give itself. */
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

/** What a kubelet may say of its own machine, beside labels of nobody in particular. */
export const KUBELET_LABELS: readonly string[] = [
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]
export const KUBELET_LABEL_DOMAINS: readonly string[] = [
  'kubelet.kubernetes.io',
  'node.kubernetes.io',
]

const isOfKubernetes = (label: string) =>
  isWithin(label, 'kubernetes.io') || isWithin(label, 'k8s.io')

const isKubeletLabel = (label: string) =>
  KUBELET_LABELS.includes(label) || KUBELET_LABEL_DOMAINS.some(domain => isWithin(label, domain))

/** Labels with a meaning for the cluster that a node does not have to give itself. */
export const isUnknownToKubelets = (label: string): boolean =>
  isOfKubernetes(label) && !isKubeletLabel(label)

export const isForbiddenToKubelets = (label: string): boolean =>
  isWithin(label, 'node-restriction.kubernetes.io') || isUnknownToKubelets(label)

function isWithin(label: string, parent: string): boolean {
  const slash = label.indexOf('/')
  const domain = slash < 0 ? '' : label.slice(0, slash)
  return domain === parent || domain.endsWith(`.${parent}`)
}
