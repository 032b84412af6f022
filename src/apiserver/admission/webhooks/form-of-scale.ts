/** A scale as those see it who may change it: as it was sent, with who owns the size. */
import { type Scale, scaleOf } from '#api/autoscaling/v1/scale.ts'
import type { ScaleMapping } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { sentOf } from '../../resources/sent.ts'

export type Mapping = ScaleMapping<KubernetesObject>

export function draftScale(mapping: Mapping, object: KubernetesObject): Scale {
  const whole = scaleOf(mapping, object)
  const sent = sentOf(object) as Scale | undefined
  // Others may have changed the size meanwhile.
  return { ...whole, ...sent, spec: whole.spec }
}
