/** The order in which nodes are looked at: zones take turns, so that a sample of the nodes has some of every zone. */
import type { NodeInfo } from './node-info.ts'

/** Region and zone of a node; the older labels count where the newer are missing. */
export function zoneOf({ labels }: NodeInfo): string {
  const zone =
    labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? ''
  const region =
    labels['topology.kubernetes.io/region'] ??
    labels['failure-domain.beta.kubernetes.io/region'] ??
    ''
  return zone === '' && region === '' ? '' : `${region}:\0:${zone}`
}

export interface NodeOrder {
  readonly nodes: readonly NodeInfo[]
  /** The nodes' revisions, by position; they keep them up to date. */
  readonly revisions: Float64Array
}

/** Sets the nodes' positions to their places in the result. */
export function ordered(infos: readonly NodeInfo[]): NodeOrder {
  const zones = Map.groupBy(infos, zoneOf)
  const revisions = new Float64Array(infos.length)
  const nodes: NodeInfo[] = []
  for (let turn = 0; nodes.length < infos.length; turn++)
    for (const members of zones.values()) {
      const info = members[turn]
      info?.place(nodes.push(info) - 1, revisions)
    }
  return { nodes, revisions }
}
