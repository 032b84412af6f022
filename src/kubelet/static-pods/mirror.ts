import type { Pod } from '../pod-types.ts'

export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'

/** The static pod that a pod of the API stands for; undefined of all others. */
export const mirroredUid = ({ metadata }: Pod): string | undefined =>
  metadata.annotations?.[MIRROR_ANNOTATION]
