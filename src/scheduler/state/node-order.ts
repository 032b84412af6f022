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

/** Sets the nodes' positions to their places in the result. */
export function ordered(infos: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>()
  let total = 0
  for (const info of infos) {
    total++
    const zone = zoneOf(info)
    const nodes = zones.get(zone)
    if (nodes) nodes.push(info)
    else zones.set(zone, [info])
  }
  const nodes: NodeInfo[] = []
  for (let turn = 0; nodes.length < total; turn++)
    for (const members of zones.values()) {
      const info = members[turn]
      if (info) info.position = nodes.push(info) - 1
    }
  return nodes
}
