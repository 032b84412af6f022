/**
 * Where objects lie in the store: `/registry/<resource>/<namespace>/<name>`, laid out as upstream does, so that tools
 * for etcd find what they expect. Keys are made only here and only from names that passed validation.
 */
import type { AnyKind } from '#api/machinery/kind.ts'

export const ROOT = '/registry/'

/** One key for each API server of the cluster, by address; its value is an Endpoints object. */
export const SERVER_LEASES = `${ROOT}masterleases/`

/** Resources that upstream stores under another name than their plural, for history's sake. */
const OVERRIDES: Readonly<Record<string, string>> = {
  endpoints: 'services/endpoints',
  nodes: 'minions',
  services: 'services/specs',
  replicationcontrollers: 'controllers',
  'ingresses.networking.k8s.io': 'ingress',
  'customresourcedefinitions.apiextensions.k8s.io':
    'apiextensions.k8s.io/customresourcedefinitions',
  'apiservices.apiregistration.k8s.io': 'apiregistration.k8s.io/apiservices',
  // One storage for both of their versions.
  'events.events.k8s.io': 'events',
}

/** Groups whose resources lie under their bare plural; all others (custom resources) have their group before it. */
const isBuiltIn = (group: string) => !group.includes('.') || group.endsWith('.k8s.io')

/** The prefix of all keys of a resource, with its slash at the end. */
export function prefixOf(kind: Pick<AnyKind, 'group' | 'plural' | 'custom'>): string {
  if (kind.custom) return `${ROOT}${kind.group}/${kind.plural}/`
  const qualified = kind.group ? `${kind.plural}.${kind.group}` : kind.plural
  const path =
    OVERRIDES[qualified] ?? (isBuiltIn(kind.group) ? kind.plural : `${kind.group}/${kind.plural}`)
  return `${ROOT}${path}/`
}

/**
 * The prefix of the resource that a key belongs to, of those that are known. Keys are `/registry/<resource>/…` or, for a few,
 * `/registry/<group>/<resource>/…`.
 */
export function resourcePrefixOf(
  key: string,
  known: { has(prefix: string): boolean },
): string | undefined {
  const end = key.indexOf('/', ROOT.length)
  if (end < 0) return undefined
  const prefix = key.slice(0, end + 1)
  if (known.has(prefix)) return prefix
  const further = key.indexOf('/', end + 1)
  const longer = key.slice(0, further + 1)
  return further >= 0 && known.has(longer) ? longer : undefined
}

/** A segment of a key may not be able to leave its place, whatever validation said before. */
const SAFE_SEGMENT = /^(?!\.{1,2}$)[^/%\0]{1,253}$/

/** Whether there could be an object of these names; `namespace` is empty for cluster-scoped resources. */
export const canBeKey = (namespace: string, name: string): boolean =>
  SAFE_SEGMENT.test(name) && (namespace === '' || SAFE_SEGMENT.test(namespace))

/** The key of one object; `namespace` is empty for cluster-scoped resources. */
export function keyIn(prefix: string, namespace: string, name: string): string {
  if (!canBeKey(namespace, name))
    throw new Error(`no key can be made of ${JSON.stringify({ namespace, name })}`)
  return namespace === '' ? prefix + name : `${prefix}${namespace}/${name}`
}

/** Namespace and name out of a key under `prefix`. */
export function namesOf(prefix: string, key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/', prefix.length)
  return slash < 0
    ? { namespace: '', name: key.slice(prefix.length) }
    : { namespace: key.slice(prefix.length, slash), name: key.slice(slash + 1) }
}
