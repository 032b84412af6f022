/** The server itself notes when the phase of a volume last changed, unless who changed it says so. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { nowOf, type Write } from './write.ts'

export function stampPhase(
  write: Write,
  draft: KubernetesObject,
  previous?: KubernetesObject,
): void {
  if (!previous) return
  const after = (draft as PersistentVolume).status
  const before = (previous as PersistentVolume).status
  const said = after.lastPhaseTransitionTime
  const isSaid = said !== undefined && said !== before.lastPhaseTransitionTime
  if (after.phase !== before.phase && !isSaid) after.lastPhaseTransitionTime = nowOf(write)
  else if (said === undefined && before.lastPhaseTransitionTime)
    after.lastPhaseTransitionTime = before.lastPhaseTransitionTime
}
