/** Which pods are to be removed for good. */
import type { Node } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rfc3339 } from '#base/clock.ts'
import type { Write } from '../runner/controller.ts'
import { conditionOf, conditionPatch, isFinished } from '../runner/pods.ts'

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

export interface PodGarbageWorld {
  readonly pods: readonly Pod[]
  readonly node: (name: string) => Node | undefined
  readonly goneNodes: ReadonlySet<string>
  readonly terminatedThreshold: number
  readonly nowMs: number
}

export function reconcile(world: PodGarbageWorld): Write[] {
  const { pods, goneNodes, nowMs } = world
  const writes: Write[] = []
  const terminated = pods.filter(isFinished)
  const excess = terminated.length - world.terminatedThreshold
  if (excess > 0)
    for (const pod of [...terminated].sort(byAge).slice(0, excess)) writes.push(removal(pod))
  for (const pod of pods) {
    const { nodeName } = pod.spec
    const ending = Boolean(pod.metadata.deletionTimestamp)
    if (nodeName && goneNodes.has(nodeName))
      writes.push(...failure(pod, nowMs, 'PodGC: node no longer exists'), removal(pod))
    else if (!nodeName && ending) writes.push(removal(pod))
    else if (nodeName && ending && isOutOfService(world.node(nodeName)))
      writes.push(...failure(pod, nowMs, 'PodGC: node is out of service'), removal(pod))
  }
  return writes
}

const byAge = (a: Pod, b: Pod) =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '')

function isOutOfService(node: Node | undefined): boolean {
  if (!node || conditionOf(node.status.conditions, 'Ready')?.status === 'True') return false
  return (node.spec.taints ?? []).some(({ key }) => key === OUT_OF_SERVICE)
}

/** At once, as no kubelet is there to end it. */
function removal(pod: Pod): Write {
  return { verb: 'delete', kind: podKind, object: pod, options: { gracePeriodSeconds: 0 } }
}

/** Whoever counts on the pod's end has to see that it failed. */
function failure(pod: Pod, nowMs: number, message: string): Write[] {
  if (isFinished(pod)) return []
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message,
    lastTransitionTime: rfc3339(nowMs),
  }
  return [conditionPatch(pod, condition, { phase: 'Failed' })]
}
