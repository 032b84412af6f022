/** The taints that tell of a node's state, and how lists of taints are changed. */
import type { Node, Taint } from '#api/core/v1/node.ts'
import { conditionOf } from '../runner/pods.ts'

export const NOT_READY = 'node.kubernetes.io/not-ready'
export const UNREACHABLE = 'node.kubernetes.io/unreachable'
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

/** Which NoSchedule taint a condition brings, by its status. */
const CONDITION_TAINTS: readonly {
  readonly type: string
  readonly status: string
  readonly key: string
}[] = [
  { type: 'Ready', status: 'False', key: NOT_READY },
  { type: 'Ready', status: 'Unknown', key: UNREACHABLE },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
]
const OWN_KEYS = new Set([...CONDITION_TAINTS.map(({ key }) => key), UNSCHEDULABLE])

export type Readiness = 'True' | 'False' | 'Unknown'

export function readinessOf(node: Node): Readiness {
  const status = conditionOf(node.status.conditions, 'Ready')?.status
  return status === 'True' || status === 'False' ? status : 'Unknown'
}

/** The taints that a node should have: others' stay, the lifecycle's own follow its conditions. */
export function wantedTaints(
  node: Node,
  options: { evict: boolean; now: string; conditions?: Node['status']['conditions'] },
): Taint[] {
  const known = node.spec.taints ?? []
  const conditions = options.conditions ?? node.status.conditions
  const own: Taint[] = []
  const add = (key: string, effect: Taint['effect']) => {
    const before = known.find(taint => taint.key === key && taint.effect === effect)
    own.push(before ?? { key, effect, timeAdded: options.now })
  }
  for (const { type, status, key } of CONDITION_TAINTS)
    if (conditionOf(conditions, type)?.status === status) add(key, 'NoSchedule')
  if (node.spec.unschedulable) add(UNSCHEDULABLE, 'NoSchedule')
  const ready = conditionOf(conditions, 'Ready')?.status
  if (ready !== 'True') {
    const key = ready === 'False' ? NOT_READY : UNREACHABLE
    const has = known.some(taint => taint.key === key && taint.effect === 'NoExecute')
    if (options.evict || has) add(key, 'NoExecute')
  }
  const others = known.filter(
    ({ key, effect }) =>
      !(OWN_KEYS.has(key) && effect === 'NoSchedule') &&
      !((key === NOT_READY || key === UNREACHABLE) && effect === 'NoExecute'),
  )
  return [...others, ...own]
}

export function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  const texts = (taints: readonly Taint[]) =>
    taints.map(({ key, value = '', effect }) => `${key}=${value}:${effect}`).sort()
  return texts(a).join() === texts(b).join()
}
