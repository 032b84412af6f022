/** What flow control reads of the cluster: its own objects, and how much there is of others. */
import type { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1/priority-level-configuration.ts'
import type { RequestInfo } from '../request-info.ts'
import type { ResourceRegistry } from '../resources/registry.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import type { FlowControlObjects } from './flow-control.ts'
import type { Stored } from './work.ts'

export const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io'
export const FLOW_SCHEMAS = 'flowschemas'
export const PRIORITY_LEVELS = 'prioritylevelconfigurations'

export function flowControlObjects(registry: ResourceRegistry): FlowControlObjects {
  const cacheOf = (plural: string) => registry.find(FLOW_CONTROL, 'v1', plural)?.storage?.cache
  const schemas = cacheOf(FLOW_SCHEMAS)
  const levels = cacheOf(PRIORITY_LEVELS)
  const all = <T>(cache: ResourceCache | undefined) =>
    (cache?.list('') ?? []).map(({ object }) => object as T)
  return {
    // Neither goes back, so the sum stands still only while both do.
    version: () => (schemas?.lastChange ?? 0) + (levels?.lastChange ?? 0),
    schemas: () => all<FlowSchema>(schemas),
    levels: () => all<PriorityLevelConfiguration>(levels),
  }
}

/** As many objects as tell how large they are on average. */
const SAMPLES = 16

/** Undefined for what is not stored here. */
export function storedFor(registry: ResourceRegistry, info: RequestInfo): Stored | undefined {
  const { group, version, resource, namespace, name, verb } = info
  const cache = registry.find(group, version, resource)?.storage?.cache
  if (!cache) return undefined
  const isRead = verb === 'list' || verb === 'watch'
  return {
    objects: cache.size,
    averageBytes: isRead ? averageBytesIn(cache) : 0,
    watchers: isRead ? 0 : cache.watchers.countFor(namespace, name),
  }
}

function averageBytesIn(cache: ResourceCache): number {
  let bytes = 0
  let count = 0
  // Whichever come first: putting them in order would cost more than the request.
  for (const stored of cache.values()) {
    // A value may be in the file; its size is here.
    bytes += stored.entry?.size ?? stored.value.length
    if (++count === SAMPLES) break
  }
  return count === 0 ? 0 : bytes / count
}
