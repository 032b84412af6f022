/** Where to look for what an object owns: its kind says what that can be, so that not all of a namespace has to be read. */
import type { AnyObject } from './health.ts'

const OWNED: Readonly<Record<string, readonly string[]>> = {
  'deployments.apps': ['replicasets.apps', 'pods'],
  'replicasets.apps': ['pods'],
  'statefulsets.apps': ['pods', 'controllerrevisions.apps', 'persistentvolumeclaims'],
  'daemonsets.apps': ['pods', 'controllerrevisions.apps'],
  replicationcontrollers: ['pods'],
  'jobs.batch': ['pods'],
  'cronjobs.batch': ['jobs.batch'],
  services: ['endpointslices.discovery.k8s.io'],
  nodes: ['leases.coordination.k8s.io'],
}

/** Of custom resources, and of whatever else may own something. */
const USUAL = [
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'pods',
  'services',
  'configmaps',
  'secrets',
  'persistentvolumeclaims',
  'serviceaccounts',
  'ingresses.networking.k8s.io',
]
const NOTHING = new Set([
  'pods',
  'configmaps',
  'secrets',
  'events',
  'namespaces',
  'persistentvolumes',
])

/** Resources to look through, by their keys. */
export function ownedCandidates(resourceKey: string): readonly string[] {
  return NOTHING.has(resourceKey) ? [] : (OWNED[resourceKey] ?? USUAL)
}

/** What narrows the search for pods and the like: the labels by which a controller finds its own; '' where it has none. */
export function selectorText({ spec }: AnyObject): string {
  const selector = spec?.selector as { matchLabels?: Readonly<Record<string, unknown>> } | undefined
  const labels = selector?.matchLabels
  if (typeof labels !== 'object' || labels === null) return ''
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

/** Which of these an object owns, directly. */
export function ownedBy<T extends AnyObject>(owner: AnyObject, objects: readonly T[]): T[] {
  const { uid } = owner.metadata
  return objects.filter(({ metadata }) => metadata.ownerReferences?.some(each => each.uid === uid))
}
