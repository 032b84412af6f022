/** What the server itself writes into pods on create and update, and how long a deleted pod may take. */
import { DEFAULT_TERMINATION_GRACE_PERIOD_SECONDS } from './defaults.ts'
import { mergeLabelKeys } from './label-keys.ts'
import { qualityOfServiceOf } from './qos.ts'
import type { Pod } from './schema.ts'

export function preparePodForCreate(draft: Pod): void {
  // A negative period is a mistake of old clients that meant "as soon as possible".
  if ((draft.spec.terminationGracePeriodSeconds ?? 0) < 0)
    draft.spec.terminationGracePeriodSeconds = 1
  mergeLabelKeys(draft)
  draft.status = { phase: 'Pending', qosClass: qualityOfServiceOf(draft.spec) }
  if (draft.spec.schedulingGates?.length)
    draft.status.conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ]
}

export function preparePodForUpdate(draft: Pod, previous: Pod): void {
  draft.status = previous.status
}

/** What its writer need not know of: how the pod is treated, and of which generation it was said before. */
export function preparePodForStatusUpdate({ status }: Pod, { status: before }: Pod): void {
  if (!status.qosClass && before.qosClass) status.qosClass = before.qosClass
  keepGeneration(status, before)
  // Upstream lets a type stand there more than once.
  const left = [...(before.conditions ?? [])]
  for (const condition of status.conditions ?? []) {
    const at = left.findIndex(({ type }) => type === condition.type)
    const [old] = at < 0 ? [] : left.splice(at, 1)
    keepGeneration(condition, old ?? {})
  }
}

interface Observed {
  observedGeneration?: number
}

function keepGeneration(next: Observed, before: Observed): void {
  if (!next.observedGeneration && before.observedGeneration)
    next.observedGeneration = before.observedGeneration
}

/** Longer ones end beyond what a time can say. */
const LONGEST_GRACE_SECONDS = 2 ** 31 - 1

/** Seconds that a deleted pod has for an orderly end; 0 where nothing of it can be running. */
export function podGracePeriodSeconds(pod: Pod, asked: number | undefined): number {
  const isOver = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
  if (!pod.spec.nodeName || isOver) return 0
  const seconds =
    asked ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_TERMINATION_GRACE_PERIOD_SECONDS
  // Of pods from before it was mended on creation.
  return seconds < 0 ? 1 : Math.min(Number(seconds), LONGEST_GRACE_SECONDS)
}

export const podFieldSelectors = {
  'spec.nodeName': (pod: Pod) => pod.spec.nodeName ?? '',
  // Its name of before 1.0.
  'spec.host': (pod: Pod) => pod.spec.nodeName ?? '',
  'spec.restartPolicy': (pod: Pod) => pod.spec.restartPolicy ?? '',
  'spec.schedulerName': (pod: Pod) => pod.spec.schedulerName ?? '',
  'spec.serviceAccountName': (pod: Pod) => pod.spec.serviceAccountName ?? '',
  'spec.hostNetwork': (pod: Pod) => String(pod.spec.hostNetwork ?? false),
  'status.phase': (pod: Pod) => pod.status.phase ?? '',
  'status.podIP': (pod: Pod) => pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? '',
  // Taken, but nothing is ever filed under it.
  'status.podIPs': () => '',
  'status.nominatedNodeName': (pod: Pod) => pod.status.nominatedNodeName ?? '',
}
