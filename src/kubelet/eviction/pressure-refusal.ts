/** Which pods a node that runs short still takes. Pure. */
import { tolerates } from '#api/core/v1/node-matching.ts'
import type { Pod } from '../pod-types.ts'
import type { PodFailure } from '../status/pod-status.ts'
import { qosClassOf } from '../status/qos.ts'
import { isCritical } from './ranking.ts'

export interface NodeConditions {
  readonly memory: boolean
  readonly disk: boolean
}

const MEMORY_TAINT = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const

export function pressureRefusal(
  pod: Pod,
  { memory, disk }: NodeConditions,
): PodFailure | undefined {
  if ((!memory && !disk) || isCritical(pod)) return undefined
  // Who said what it needs has its place; who did not takes what is left, and nothing is.
  if (!disk && qosClassOf(pod) !== 'BestEffort') return undefined
  if (!disk && (pod.spec?.tolerations ?? []).some(each => tolerates(each, MEMORY_TAINT)))
    return undefined
  const names = [...(memory ? ['MemoryPressure'] : []), ...(disk ? ['DiskPressure'] : [])]
  return { reason: 'Evicted', message: `The node had condition: [${names.join(' ')}]. ` }
}
