/** From which memory nodes the devices of a container may come, as the topology manager wants to know it. Pure. */
import { count, type Hint, MAXIMUM_NODES, setsOf } from '../division/hints.ts'
import type { Device } from './device.ts'

export interface DevicesAsked {
  /** How many are wanted. */
  readonly wanted: number
  /** All that the plugin has told of, whoever has them. */
  readonly all: ReadonlyMap<string, Device>
  /** Ids that can be had: healthy, and nobody's. */
  readonly free: readonly string[]
  /** Ids that have to be among them: what init containers of the pod are done with. */
  readonly reusable: readonly string[]
  /** Of the machine. */
  readonly nodeIds: readonly number[]
}

/** Whether the plugin says of any device where it is; otherwise all are as near as any. */
export const haveTopology = (all: ReadonlyMap<string, Device>): boolean =>
  [...all.values()].some(({ numaNodes }) => numaNodes.length > 0)

/** Every set of nodes from which the devices could come; empty where none has enough. Those are preferred that are as small as any could be, were all devices free. */
export function deviceHints({ wanted, all, free, reusable, nodeIds }: DevicesAsked): Hint[] {
  if (new Set([...free, ...reusable]).size < wanted) return []
  const nodesOf = (id: string) => bitsOf(all.get(id))
  const isIn = (id: string, nodes: number) => (nodesOf(id) & nodes) !== 0
  let least = nodeIds.length
  const hints: number[] = []
  for (const nodes of setsOf(nodeIds.slice(0, MAXIMUM_NODES))) {
    const whole = [...all.keys()].filter(id => isIn(id, nodes)).length
    if (whole >= wanted) least = Math.min(least, count(nodes))
    const placed = reusable.filter(id => nodesOf(id) !== 0)
    if (!placed.every(id => isIn(id, nodes))) continue
    const others = free.filter(id => !reusable.includes(id) && isIn(id, nodes))
    if (placed.length + others.length >= wanted) hints.push(nodes)
  }
  return hints.map(nodes => ({ nodes, preferred: count(nodes) === least }))
}

/** Whether a device lies where its container is to be; undefined for one that is near to nothing. */
export function isNear(device: Device | undefined, nodes: number): boolean | undefined {
  const bits = bitsOf(device)
  return bits === 0 ? undefined : (bits & nodes) !== 0
}

const bitsOf = (device: Device | undefined): number =>
  (device?.numaNodes ?? []).reduce((bits, id) => bits | (1 << id), 0)
