/** The menu: the kinds that people look at most, by what they are for, and what custom resources the cluster has. */
import { canList, type Resource, resourceKey } from './resource.ts'

const SECTIONS: readonly (readonly [string, readonly string[]])[] = [
  [
    'Workloads',
    [
      'pods',
      'deployments.apps',
      'statefulsets.apps',
      'daemonsets.apps',
      'jobs.batch',
      'cronjobs.batch',
    ],
  ],
  ['Network', ['services', 'ingresses.networking.k8s.io', 'networkpolicies.networking.k8s.io']],
  ['Configuration', ['configmaps', 'secrets', 'horizontalpodautoscalers.autoscaling']],
  ['Storage', ['persistentvolumeclaims', 'persistentvolumes', 'storageclasses.storage.k8s.io']],
  [
    'Cluster',
    [
      'nodes',
      'namespaces',
      'events',
      'serviceaccounts',
      'customresourcedefinitions.apiextensions.k8s.io',
    ],
  ],
]

/** Custom resources that the menu shows; all of them are among all kinds. */
const MAXIMUM_CUSTOM = 12

export interface MenuSection {
  readonly title: string
  readonly resources: readonly Resource[]
}

export function menuOf(resources: readonly Resource[]): MenuSection[] {
  const byKey = new Map(resources.filter(canList).map(each => [resourceKey(each), each]))
  const sections = SECTIONS.map(([title, keys]) => ({
    title,
    resources: keys.flatMap(key => byKey.get(key) ?? []),
  }))
  const custom = resources.filter(each => canList(each) && isCustom(each))
  const all = [
    ...sections,
    { title: 'Custom resources', resources: custom.slice(0, MAXIMUM_CUSTOM) },
  ]
  return all.filter(section => section.resources.length > 0)
}

/** Groups of Kubernetes itself have no dot, or end in its domain. */
export const isCustom = ({ group }: Resource): boolean =>
  group.includes('.') && !group.endsWith('.k8s.io')

/** The kind in the plural, in its own spelling: `StatefulSets`, `NetworkPolicies`. */
export function titleOf({ kind, plural }: Resource): string {
  // What the plural adds to the kind, such as `s`, `es`, or `ies` for its `y`.
  const lower = kind.toLowerCase()
  if (plural.startsWith(lower)) return kind + plural.slice(lower.length)
  if (lower.endsWith('y') && plural === `${lower.slice(0, -1)}ies`) return `${kind.slice(0, -1)}ies`
  return kind
}

/** Those whose name, kind, short name or group has the text, the nearest first. */
export function findResources(resources: readonly Resource[], text: string): Resource[] {
  const wanted = text.trim().toLowerCase()
  const listed = resources.filter(canList)
  if (!wanted) return listed
  const rank = (each: Resource): number => {
    const names = [each.plural, each.kind.toLowerCase(), ...each.shortNames]
    if (names.includes(wanted)) return 0
    if (names.some(name => name.startsWith(wanted))) return 1
    if (names.some(name => name.includes(wanted))) return 2
    return resourceKey(each).includes(wanted) ? 3 : 4
  }
  return listed
    .map(each => ({ each, rank: rank(each) }))
    .filter(found => found.rank < 4)
    .sort((a, b) => a.rank - b.rank)
    .map(({ each }) => each)
}
