/** How full a node would be: what the scores of resources are made of, in upstream's whole numbers. */
import type { GroupPlacement } from '../framework/plugin.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { TotalsOn } from './extended-resources.totals.ts'

export interface ResourceSpec {
  readonly name: string
  readonly weight: number
}

export interface Fullness {
  /** With the pod, or the pods, that are to come. */
  readonly requested: number
  /** Of that, what is there already. */
  readonly present: number
  readonly allocatable: number
  readonly weight: number
}

/**
 * What would be requested of each resource with the pod on the node, and what there is. Without `exact`, pods that ask for no
 * processor or memory count as if they asked for a little. Resources that the node lacks, or that only some pods use and this
 * one does not, are left out, unless devices serve them there.
 */
export function fullnessOf(
  pod: PodInfo,
  node: NodeInfo,
  resources: readonly ResourceSpec[],
  { exact, devices }: { readonly exact: boolean; readonly devices?: TotalsOn | undefined },
): Fullness[] {
  const all: Fullness[] = []
  for (const { name, weight } of resources) {
    const own = exact ? (pod.requests.get(name) ?? 0) : scored(pod, name)
    if (own === 0 && !isCommon(name)) continue
    const allocatable = node.allocatable.get(name) ?? 0
    if (allocatable === 0) {
      const served = devices?.(name, node)
      if (served) {
        const { allocated: present, devices: allocatable } = served
        all.push({ requested: present + own, present, allocatable, weight })
      }
      continue
    }
    const present = exact ? (node.requested.get(name) ?? 0) : assumed(node, name)
    all.push({ requested: present + own, present, allocatable, weight })
  }
  return all
}

/** The same of all nodes as if they were one, with all the pods on them. */
export function fullnessTogether(
  { nodes, pods }: GroupPlacement,
  resources: readonly ResourceSpec[],
): Fullness[] {
  return resources.flatMap(({ name, weight }) => {
    const asked = pods.reduce((sum, pod) => sum + scored(pod, name), 0)
    if (asked === 0 && !isCommon(name)) return []
    let [allocatable, present] = [0, 0]
    for (const node of nodes) {
      const own = node.allocatable.get(name) ?? 0
      allocatable += own
      if (own > 0) present += assumed(node, name)
    }
    return allocatable === 0 ? [] : [{ requested: asked + present, present, allocatable, weight }]
  })
}

function isCommon(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name === 'ephemeral-storage'
}

function scored(pod: PodInfo, name: string): number {
  if (name === 'cpu') return pod.scoredCpuMilli
  if (name === 'memory') return pod.scoredMemoryBytes
  return pod.requests.get(name) ?? 0
}

function assumed(node: NodeInfo, name: string): number {
  if (name === 'cpu') return node.nonZeroCpuMilli
  if (name === 'memory') return node.nonZeroMemoryBytes
  return node.requested.get(name) ?? 0
}
