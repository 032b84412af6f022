/** /api, /apis and what is below them: one document for all groups to those who ask for it, the older ones to everybody else. */

import { createHash } from 'node:crypto'
import type { ApiResponse } from '#client/transport.ts'
import {
  AGGREGATED_PARAMETERS,
  aggregatedDiscovery,
  wantsAggregated,
} from '../discovery/aggregated.ts'
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from '../discovery/legacy.ts'
import { groupsByService, withRemotes } from '../discovery/ranked.ts'
import { type DiscoveredVersion, discover } from '../discovery/resources.ts'
import type { Exchange } from '../exchange.ts'
import { externalAddress } from '../external-address.ts'
import { nothingThere } from '../resources/unknown-resource.ts'
import { pageNotFound, respondDocument } from '../respond.ts'
import type { ServerContext } from '../server-context.ts'
import { onlyGet } from '../steps/method-not-allowed.ts'
import { madeOfKinds } from './kinds.ts'

export function discovery(exchange: Exchange): ApiResponse | Promise<ApiResponse> {
  const { info, server, request } = exchange
  const [prefix, ...rest] = info.path.split('/').filter(part => part !== '')
  const versions = withRemotes(discoveredOf(server), server.remotes)
  // The list of groups and the groups are the aggregator's, which takes any method; so are versions of custom resources.
  const isOwnRoute = prefix === 'api' || (rest.length > 1 && server.registry.isBuiltIn(info.group))
  if (rest.length === 0 && wantsAggregated(request.headers?.accept)) {
    if (isOwnRoute) onlyGet(exchange)
    return aggregated(
      exchange,
      versions.filter(({ group }) => (group === '') === (prefix === 'api')),
    )
  }
  const document =
    prefix === 'api' ? coreDocument(versions, rest, server) : groupDocument(versions, rest, server)
  if (!document)
    return rest.length === 1 && prefix === 'apis' ? pageNotFound() : nothingThere(exchange)
  if (isOwnRoute) onlyGet(exchange)
  return respondDocument(exchange, document)
}

function coreDocument(
  versions: readonly DiscoveredVersion[],
  [version]: readonly string[],
  server: ServerContext,
): object | undefined {
  if (version === undefined)
    return apiVersions(
      externalAddress(server.answering.externalHostname ?? '127.0.0.1', server.securePort.port),
    )
  const found = versions.find(each => each.group === '' && each.version === version)
  return found && apiResourceList(found)
}

function groupDocument(
  versions: readonly DiscoveredVersion[],
  [group, version]: readonly string[],
  { remotes }: ServerContext,
): object | undefined {
  if (group === undefined) return apiGroupList(groupsByService(versions, remotes), versions)
  if (version === undefined) return apiGroup(group, versions)
  const found = versions.find(each => each.group === group && each.version === version)
  return found && apiResourceList(found)
}

function aggregated({ request }: Exchange, versions: readonly DiscoveredVersion[]): ApiResponse {
  const bytes = new TextEncoder().encode(`${JSON.stringify(aggregatedDiscovery(versions))}\n`)
  const etag = `"${createHash('sha256').update(bytes).digest('hex').toUpperCase()}"`
  const headers = {
    'content-type': `application/json;${AGGREGATED_PARAMETERS}`,
    'cache-control': 'public',
    etag,
    vary: 'Accept',
  }
  if (request.headers?.['if-none-match'] === etag)
    return { status: 304, headers, body: { kind: 'empty' } }
  return { status: 200, headers, body: { kind: 'bytes', bytes } }
}

/** Rows are made once a set of kinds. */
const discoveredOf = madeOfKinds(discover)
