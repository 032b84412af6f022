import { MAXIMUM_SCORE, type Plugin, type Refusal, refuse } from '../plugin.ts'
import type { PodInfo } from '../pod-info.ts'
import type { NodeInfo } from '../snapshot.ts'

/** Places pods where what they ask for is left, and prefers the emptier nodes (LeastAllocated). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  wokenBy: ['node-added', 'node-changed', 'pod-removed'],
  filter: pod => node => insufficient(pod, node),
  weight: 1,
  score: (pod, _snapshot, nodes) =>
    nodes.map(node => {
      const cpu = free(node.allocatable.get('cpu'), node.nonZeroCpuMilli + pod.nonZeroCpuMilli)
      const memory = free(
        node.allocatable.get('memory'),
        node.nonZeroMemoryBytes + pod.nonZeroMemoryBytes,
      )
      return Math.trunc((cpu + memory) / 2)
    }),
}

function insufficient(pod: PodInfo, node: NodeInfo): Refusal | undefined {
  const full = node.pods.size + 1 > node.allowedPods
  let missing: string[] | undefined
  let never = false
  for (const [resource, wanted] of pod.requests) {
    if (wanted === 0) continue
    const allocatable = node.allocatable.get(resource) ?? 0
    if (wanted <= allocatable - (node.requested.get(resource) ?? 0)) continue
    missing ??= []
    missing.push(`Insufficient ${resource}`)
    never ||= wanted > allocatable
  }
  if (!missing) return full ? refuse('Too many pods') : undefined
  if (missing.length === 1 && !full) return refuse(missing[0] ?? '', never)
  return { reasons: full ? ['Too many pods', ...missing] : missing, unresolvable: never }
}

function free(allocatable = 0, requested: number): number {
  if (allocatable === 0 || requested > allocatable) return 0
  return Math.trunc(((allocatable - requested) * MAXIMUM_SCORE) / allocatable)
}
