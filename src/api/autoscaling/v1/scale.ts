import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import {
  defineKind,
  type ObjectOfShape,
  objectShape,
  type ScaleMapping,
} from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { int32, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const scaleSpec = shape('io.k8s.api.autoscaling.v1.ScaleSpec', 'How many are wanted.', {
  replicas: int32(1).default(0).doc('How many replicas are wanted.'),
})
export type ScaleSpec = ValueOfShape<typeof scaleSpec>

export const scaleStatus = shape('io.k8s.api.autoscaling.v1.ScaleStatus', 'How many there are.', {
  replicas: int32(1).required().doc('How many replicas there are.'),
  selector: string(2).doc('Their labels, as the text of a query.'),
})
export type ScaleStatus = ValueOfShape<typeof scaleStatus>

export const scaleShape = objectShape(
  'io.k8s.api.autoscaling.v1.Scale',
  'The size of a workload, whatever its kind.',
  {
    spec: struct(2, scaleSpec).always().doc('How many are wanted.'),
    status: struct(3, scaleStatus).always().doc('How many there are.'),
  },
)
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
  columns: [
    // Without a format, unlike in all other tables.
    { ...nameColumn, format: '' },
    column('Desired', 'How many replicas are wanted.', ({ spec }) => spec.replicas ?? 0, {
      type: 'integer',
    }),
    column('Available', 'How many replicas there are.', ({ status }) => status.replicas, {
      type: 'integer',
    }),
    ageColumn,
  ],
})

/** The size of a workload, as its kind says how to read it. */
export function scaleOf(mapping: ScaleMapping<KubernetesObject>, object: KubernetesObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = mapping.selector(object)
  const replicas = mapping.specReplicas(object)
  return JSON.parse(
    JSON.stringify({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
      spec: replicas === 0 ? {} : { replicas },
      status: { replicas: mapping.statusReplicas(object), ...(selector ? { selector } : {}) },
    }),
  )
}
