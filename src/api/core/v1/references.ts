import { shape, string, type ValueOfShape } from '../../machinery/schema.ts'

export const objectReference = shape('io.k8s.api.core.v1.ObjectReference', 'core.ObjectReference', {
  kind: string(1).doc('core.ObjectReference.kind'),
  namespace: string(2).doc('core.ObjectReference.namespace'),
  name: string(3).doc('core.ObjectReference.name'),
  uid: string(4).doc('core.ObjectReference.uid'),
  apiVersion: string(5).doc('core.ObjectReference.apiVersion'),
  resourceVersion: string(6).doc('core.ObjectReference.resourceVersion'),
  fieldPath: string(7).doc('core.ObjectReference.fieldPath'),
})
export type ObjectReference = ValueOfShape<typeof objectReference>

export const localObjectReference = shape(
  'io.k8s.api.core.v1.LocalObjectReference',
  'core.LocalObjectReference',
  {
    name: string(1).doc('core.LocalObjectReference.name'),
  },
)
export type LocalObjectReference = ValueOfShape<typeof localObjectReference>

export const typedLocalObjectReference = shape(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  'core.TypedLocalObjectReference',
  {
    apiGroup: string(1).optional().doc('core.TypedLocalObjectReference.apiGroup'),
    kind: string(2).required().doc('core.TypedLocalObjectReference.kind'),
    name: string(3).required().doc('core.TypedLocalObjectReference.name'),
  },
)
export type TypedLocalObjectReference = ValueOfShape<typeof typedLocalObjectReference>

export const typedObjectReference = shape(
  'io.k8s.api.core.v1.TypedObjectReference',
  'core.TypedObjectReference',
  {
    apiGroup: string(1).optional().doc('core.TypedObjectReference.apiGroup'),
    kind: string(2).required().doc('core.TypedObjectReference.kind'),
    name: string(3).required().doc('core.TypedObjectReference.name'),
    namespace: string(4).optional().doc('core.TypedObjectReference.namespace'),
  },
)
export type TypedObjectReference = ValueOfShape<typeof typedObjectReference>
