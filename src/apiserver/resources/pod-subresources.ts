/** The rules of those subresources of pods that write a part of the pod. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { validatePodResize } from '#api/core/v1/pod/resize.ts'
import { validateEphemeralContainersUpdate } from '#api/core/v1/pod/validation.update.ts'
import type { FieldError } from '#api/machinery/field-error.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Write } from './write.ts'

export function validatePodPart(
  { subresource }: Write,
  draft: KubernetesObject,
  previous?: KubernetesObject,
): readonly FieldError[] {
  if (!previous) return []
  if (subresource === 'resize') return validatePodResize(draft as Pod, previous as Pod)
  if (subresource === 'ephemeralcontainers')
    return validateEphemeralContainersUpdate(draft as Pod, previous as Pod)
  return []
}
