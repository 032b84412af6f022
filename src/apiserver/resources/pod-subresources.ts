/** The rules of those subresources of pods that write a part of the pod. */
import {
  ephemeralContainersRefusal,
  validateEphemeralContainersUpdate,
} from '#api/core/v1/pod/ephemeral-containers.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { resizeRefusal, validatePodResize } from '#api/core/v1/pod/resize.ts'
import type { FieldError } from '#api/machinery/field-error.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { invalid } from '#api/machinery/status.ts'
import type { Write } from './write.ts'

interface Rules {
  /** What alone is told of a pod of which the part cannot be written at all. */
  readonly refusal: (previous: Pod) => FieldError | undefined
  readonly validate: (next: Pod, previous: Pod) => readonly FieldError[]
}

const parts: Readonly<Record<string, Rules>> = {
  resize: { refusal: resizeRefusal, validate: validatePodResize },
  ephemeralcontainers: {
    refusal: ephemeralContainersRefusal,
    validate: validateEphemeralContainersUpdate,
  },
}

export function validatePodPart(
  { resource, name, subresource }: Write,
  draft: KubernetesObject,
  previous?: KubernetesObject,
): readonly FieldError[] {
  const part = parts[subresource]
  if (!previous || !part) return []
  const refusal = part.refusal(previous as Pod)
  if (refusal) throw invalid(resource.kind, name, [refusal])
  return part.validate(draft as Pod, previous as Pod)
}
