import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { int32, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const scaleSpec = shape('io.k8s.api.autoscaling.v1.ScaleSpec', 'autoscaling.ScaleSpec', {
  replicas: int32(1).default(0).doc('autoscaling.ScaleSpec.replicas'),
})
export type ScaleSpec = ValueOfShape<typeof scaleSpec>

export const scaleStatus = shape(
  'io.k8s.api.autoscaling.v1.ScaleStatus',
  'autoscaling.ScaleStatus',
  {
    replicas: int32(1).required().doc('autoscaling.ScaleStatus.replicas'),
    selector: string(2).doc('autoscaling.ScaleStatus.selector'),
  },
)
export type ScaleStatus = ValueOfShape<typeof scaleStatus>

export const scaleShape = objectShape('io.k8s.api.autoscaling.v1.Scale', 'autoscaling.Scale', {
  spec: struct(2, scaleSpec).always().doc('autoscaling.Scale.spec'),
  status: struct(3, scaleStatus).always().doc('autoscaling.Scale.status'),
})
export type Scale = ObjectOfShape<typeof scaleShape>

export const scale = defineKind<Scale>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  scope: 'Namespaced',
  shape: scaleShape,
  ephemeral: true,
  verbs: [],
})
