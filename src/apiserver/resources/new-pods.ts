/** What a new pod gets beyond what its kind can give it: a clock, and a way to tell its creator. */
import { adoptAppArmor } from '#api/core/v1/pod/app-armor.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { nowOf, type Write } from './write.ts'

export function prepareNewPod(write: Write, draft: KubernetesObject, previous?: KubernetesObject) {
  if (previous) return
  write.exchange.warnings.push(...adoptAppArmor(draft as Pod))
  // Since when it waits for its scheduling gates.
  for (const condition of (draft as Pod).status.conditions ?? []) {
    // As it is shown where nobody has set it.
    Object.assign(condition, { lastProbeTime: condition.lastProbeTime ?? null })
    condition.lastTransitionTime ??= nowOf(write)
  }
}
