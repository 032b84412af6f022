/** Discovery in one document for all groups (apidiscovery.k8s.io/v2), which today's clients ask for. */
import type { DiscoveredVersion, GroupVersionKind } from './resources.ts'

/** Parameters of the Accept header that ask for it, and of the answer's Content-Type. */
export const AGGREGATED_PARAMETERS = 'g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** True where one clause of an Accept header asks for the aggregated form in the version that we speak. */
export function wantsAggregated(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some(clause => {
    const parameters = new Set(
      clause
        .split(';')
        .slice(1)
        .map(text => text.trim()),
    )
    return AGGREGATED_PARAMETERS.split(';').every(parameter => parameters.has(parameter))
  })
}

/** `/api` has the core group alone, `/apis` all others. */
export function aggregatedDiscovery(versions: readonly DiscoveredVersion[]): object {
  const names = [...new Set(versions.map(({ group }) => group))]
  const items = names.map(name => ({
    metadata: name === '' ? {} : { name },
    versions: versions.filter(({ group }) => group === name).map(versionOf),
  }))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items,
  }
}

/** What is of the group and version around it says neither, but for custom resources. */
function shownIn(
  around: { group: string; version: string; isCustom: boolean },
  speaks: GroupVersionKind,
) {
  if (around.isCustom) return speaks
  const isOfIt = speaks.group === around.group && speaks.version === around.version
  return isOfIt ? { group: '', version: '', kind: speaks.kind } : speaks
}

function versionOf({ group, version, resources, remote }: DiscoveredVersion) {
  if (remote)
    return {
      version,
      ...(remote.resources.length > 0 ? { resources: remote.resources } : {}),
      freshness: remote.isStale ? 'Stale' : 'Current',
    }
  return {
    version,
    resources: resources.map(resource => ({
      resource: resource.name,
      responseKind: shownIn({ group, version, isCustom: resource.isCustom }, resource.speaks),
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: resource.singular,
      verbs: resource.verbs,
      ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
      ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
      ...(resource.subresources.length > 0
        ? {
            subresources: resource.subresources.map(sub => ({
              subresource: sub.name,
              responseKind: shownIn({ group, version, isCustom: resource.isCustom }, sub.speaks),
              verbs: sub.verbs,
            })),
          }
        : {}),
    })),
    freshness: 'Current',
  }
}
