/** Discovery as clients before 1.26 read it: one document for the groups, one for each version. */
import type { DiscoveredVersion, GroupVersionKind } from './resources.ts'

/** `/api` */
export function apiVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

/** `/apis`, with the groups in the order of these names. */
export function apiGroupList(
  names: readonly string[],
  versions: readonly DiscoveredVersion[],
): object {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: names.filter(name => name !== '').map(name => groupOf(name, versions)),
  }
}

/** `/apis/<group>`, or undefined where there is no such group. */
export function apiGroup(name: string, versions: readonly DiscoveredVersion[]): object | undefined {
  if (name === '' || !versions.some(({ group }) => group === name)) return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name, versions) }
}

function groupOf(name: string, versions: readonly DiscoveredVersion[]) {
  const its = versions
    .filter(({ group }) => group === name)
    .map(({ version }) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: its, preferredVersion: its[0] }
}

/** `/api/v1` and `/apis/<group>/<version>` */
export function apiResourceList({ group, version, resources }: DiscoveredVersion): object {
  const rows = resources.flatMap(resource => {
    const { name, singular, namespaced, verbs, shortNames, categories, speaks } = resource
    const { storageVersionHash } = resource
    const row = {
      name,
      singularName: singular,
      namespaced,
      kind: speaks.kind,
      verbs,
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
      ...(storageVersionHash ? { storageVersionHash } : {}),
    }
    const below = resource.subresources.map(sub => ({
      name: `${name}/${sub.name}`,
      singularName: '',
      namespaced,
      ...foreign(sub.speaks, group, version),
      kind: sub.speaks.kind,
      verbs: sub.verbs,
    }))
    return [row, ...below]
  })
  const groupVersion = group === '' ? version : `${group}/${version}`
  // Upstream's list of the core group does not say its own version.
  const own = group === '' ? {} : { apiVersion: 'v1' }
  return { kind: 'APIResourceList', ...own, groupVersion, resources: rows }
}

/** A subresource that speaks another group's kind says so. */
function foreign(speaks: GroupVersionKind, group: string, version: string) {
  return speaks.group === group && speaks.version === version
    ? {}
    : { group: speaks.group, version: speaks.version }
}
