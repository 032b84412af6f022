import { sameValue } from '../../core/v1/validation.ts'
import { ageColumn, nameColumn } from '../../machinery/columns.ts'
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { groupFields } from './pod-group.schema.ts'
import { validateWorkload } from './workload.validation.ts'

export const typedLocalObjectReference = shape(
  'io.k8s.api.scheduling.v1alpha2.TypedLocalObjectReference',
  'Names an object of any kind in the same namespace.',
  {
    apiGroup: string(1).doc('Group of the object; empty for the core group.'),
    kind: string(2).required().doc('Kind of the object.'),
    name: string(3).required().doc('Name of the object.'),
  },
)
export type TypedLocalObjectReference = ValueOfShape<typeof typedLocalObjectReference>

export const podGroupTemplate = shape(
  'io.k8s.api.scheduling.v1alpha2.PodGroupTemplate',
  'What groups of pods are made like.',
  {
    name: string(1).required().doc('Name of the template in the workload.'),
    ...groupFields,
  },
)
export type PodGroupTemplate = ValueOfShape<typeof podGroupTemplate>

export const workloadSpec = shape(
  'io.k8s.api.scheduling.v1alpha2.WorkloadSpec',
  'The groups of pods that a workload has.',
  {
    controllerRef: struct(1, typedLocalObjectReference)
      .optional()
      .doc('The object that the pods belong to, such as a Job; once set it never changes.'),
    podGroupTemplates: list(2, podGroupTemplate)
      .required()
      .listMap('name')
      .doc('What its groups are made like; one to eight, which never change.'),
  },
)
export type WorkloadSpec = ValueOfShape<typeof workloadSpec>

export const workloadShape = objectShape(
  'io.k8s.api.scheduling.v1alpha2.Workload',
  'How pods that work together are scheduled.',
  { spec: struct(2, workloadSpec).required().doc('Its groups of pods.') },
)
export type Workload = ObjectOfShape<typeof workloadShape>

export const workload = defineKind<Workload>({
  group: 'scheduling.k8s.io',
  version: 'v1alpha2',
  kind: 'Workload',
  plural: 'workloads',
  scope: 'Namespaced',
  shape: workloadShape,
  validate: validateWorkload,
  validateUpdate: ({ spec }, { spec: before }) => [
    ...(before.controllerRef
      ? unchanged('spec.controllerRef', spec.controllerRef, before.controllerRef)
      : []),
    ...unchanged('spec.podGroupTemplates', spec.podGroupTemplates, before.podGroupTemplates),
  ],
  columns: [nameColumn, ageColumn],
})

function unchanged(field: string, next: unknown, previous: unknown): FieldError[] {
  return sameValue(next, previous) ? [] : [invalid(field, undefined, 'field is immutable')]
}
