/** The devices that a node can use, by the pools in which drivers publish them. */
import type { Node } from '#api/core/v1/node.ts'
import { matchesTerm } from '#api/core/v1/node-matching.ts'
import type { NodeSelectorTerm } from '#api/core/v1/pod/pod.ts'
import type { Device } from '#api/resource/v1/devices.schema.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'

export interface Candidate {
  readonly id: string
  readonly driver: string
  readonly pool: string
  readonly device: Device
  /** Where it can be used; undefined for everywhere. */
  readonly reach: readonly NodeSelectorTerm[] | undefined
}

export interface Pool {
  readonly key: string
  /** False while slices of the newest generation are missing: it is not known then what the pool has. */
  readonly isComplete: boolean
  readonly slices: readonly ResourceSlice[]
}

export const poolKey = (driver: string, pool: string): string => `${driver}/${pool}`
export const deviceId = (driver: string, pool: string, device: string): string =>
  `${driver}/${pool}/${device}`
export const counterKey = (pool: string, set: string, counter: string): string =>
  `${pool} ${set} ${counter}`

/** Slices of older generations are of the past. */
export function poolsOf(slices: Iterable<ResourceSlice>): Pool[] {
  const groups = new Map<string, ResourceSlice[]>()
  for (const slice of slices) {
    const key = poolKey(slice.spec.driver, slice.spec.pool.name)
    const group = groups.get(key)
    if (group) group.push(slice)
    else groups.set(key, [slice])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, group]) => poolOf(key, group))
}

function poolOf(key: string, group: readonly ResourceSlice[]): Pool {
  const newest = Math.max(...group.map(({ spec }) => Number(spec.pool.generation)))
  const slices = group
    .filter(({ spec }) => Number(spec.pool.generation) === newest)
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  const wanted = Number(slices[0]?.spec.pool.resourceSliceCount ?? 0)
  return { key, slices, isComplete: slices.length === wanted }
}

/** The devices of complete pools that the node can use. */
export function candidatesOn(pools: readonly Pool[], node: Node): Candidate[] {
  return pools.flatMap(({ isComplete, slices }) => {
    if (!isComplete) return []
    return slices.flatMap(slice => candidatesIn(slice, node))
  })
}

/** The devices of one slice that the node can use. */
export function candidatesIn({ spec }: ResourceSlice, node: Node): Candidate[] {
  return (spec.devices ?? []).flatMap(device => {
    const { driver } = spec
    const place = spec.perDeviceNodeSelection ? device : spec
    const reach = reachOf(place)
    if (reach && !reach.some(term => matchesTerm(term, node))) return []
    const pool = spec.pool.name
    return { id: deviceId(driver, pool, device.name), driver, pool, device, reach }
  })
}

interface Place {
  readonly nodeName?: string
  readonly allNodes?: boolean
  readonly nodeSelector?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] }
}

function reachOf({
  nodeName,
  allNodes,
  nodeSelector,
}: Place): readonly NodeSelectorTerm[] | undefined {
  if (allNodes) return undefined
  if (nodeSelector) return nodeSelector.nodeSelectorTerms
  const values = [nodeName ?? '']
  return [{ matchFields: [{ key: 'metadata.name', operator: 'In', values }] }] as NodeSelectorTerm[]
}

/** All amounts that devices of a pool share, by counter. */
export function countersOf(pools: readonly Pool[]): Map<string, string> {
  const counters = new Map<string, string>()
  for (const { key, slices } of pools)
    for (const { spec } of slices)
      for (const set of spec.sharedCounters ?? [])
        for (const [name, { value }] of Object.entries(set.counters))
          counters.set(counterKey(key, set.name, name), value)
  return counters
}
