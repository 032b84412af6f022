/** /api, /apis and what is below them in the old, unaggregated form. */

import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import type { ServedResource } from '../resources/registry.ts'
import { respondText, respondValue } from '../respond.ts'

export function discovery(exchange: Exchange): ApiResponse | Promise<ApiResponse> {
  const { info, server } = exchange
  const [prefix, ...rest] = info.path.split('/').filter(part => part !== '')
  if (prefix === 'api') {
    if (rest.length === 0) return respondValue(exchange, 200, apiVersions)
    return resourceList(exchange, '', rest[0] ?? '')
  }
  const groups = groupsOf(server.registry.versions())
  const [group = '', version] = rest
  if (group === '')
    return respondValue(exchange, 200, { kind: 'APIGroupList', apiVersion: 'v1', groups })
  if (version) return resourceList(exchange, group, version)
  const found = groups.find(each => each.name === group)
  if (!found) return respondText(404, '404 page not found\n')
  return respondValue(exchange, 200, { kind: 'APIGroup', apiVersion: 'v1', ...found })
}

const apiVersions = {
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [],
}

function groupsOf(versions: Iterable<{ group: string; version: string }>) {
  const groups = new Map<string, { groupVersion: string; version: string }[]>()
  for (const { group, version } of versions) {
    if (group === '') continue
    const list = groups.get(group) ?? []
    list.push({ groupVersion: `${group}/${version}`, version })
    groups.set(group, list)
  }
  return [...groups].map(([name, list]) => ({ name, versions: list, preferredVersion: list[0] }))
}

function resourceList(
  exchange: Exchange,
  group: string,
  version: string,
): ApiResponse | Promise<ApiResponse> {
  for (const each of exchange.server.registry.versions())
    if (each.group === group && each.version === version)
      return respondValue(exchange, 200, {
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: group ? `${group}/${version}` : version,
        resources: each.resources.flatMap(entriesOf),
      })
  return respondText(404, '404 page not found\n')
}

function entriesOf({ kind }: ServedResource): object[] {
  const namespaced = kind.scope === 'Namespaced'
  const own = { name: kind.plural, singularName: kind.singular, namespaced, kind: kind.kind }
  const sub = (name: string, verbs: readonly string[], of: object = { kind: kind.kind }) => ({
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced,
    ...of,
    verbs,
  })
  const writes = ['get', 'patch', 'update']
  const { status, scale, special = [] } = kind.subresources
  return [
    {
      ...own,
      verbs: kind.verbs,
      ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
      ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    },
    ...special.map(({ name, group, version, kind: of, verbs }) =>
      sub(name, verbs, { ...(group ? { group, version } : {}), kind: of }),
    ),
    ...(scale
      ? [sub('scale', writes, { group: 'autoscaling', version: 'v1', kind: 'Scale' })]
      : []),
    ...(status ? [sub('status', writes)] : []),
  ]
}
