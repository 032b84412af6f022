/** Since when a new pod waits for its scheduling gates, which the kind has no clock to say. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { nowOf, type Write } from './write.ts'

export function stampGates(write: Write, draft: KubernetesObject, previous?: KubernetesObject) {
  if (previous) return
  for (const condition of (draft as Pod).status.conditions ?? []) {
    // As it is shown where nobody has set it.
    Object.assign(condition, { lastProbeTime: condition.lastProbeTime ?? null })
    condition.lastTransitionTime ??= nowOf(write)
  }
}
