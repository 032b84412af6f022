import { shape, string, type ValueOfShape } from '../../machinery/schema.ts'

export const objectReference = shape(
  'io.k8s.api.core.v1.ObjectReference',
  'Names another object, or a part of it.',
  {
    kind: string(1).doc('Kind of the object.'),
    namespace: string(2).doc('Namespace of the object.'),
    name: string(3).doc('Name of the object.'),
    uid: string(4).doc('UID of the object, to tell it from others of the same name.'),
    apiVersion: string(5).doc('Group and version of the object.'),
    resourceVersion: string(6).doc('The revision that is meant.'),
    fieldPath: string(7).doc('The part that is meant, such as spec.containers{web}.'),
  },
  { atomic: true },
)
export type ObjectReference = ValueOfShape<typeof objectReference>

export const localObjectReference = shape(
  'io.k8s.api.core.v1.LocalObjectReference',
  'Names an object in the same namespace.',
  {
    name: string(1).default('').doc('Name of the object.'),
  },
  { atomic: true },
)
export type LocalObjectReference = ValueOfShape<typeof localObjectReference>

export const secretReference = shape(
  'io.k8s.api.core.v1.SecretReference',
  'Names a secret in any namespace.',
  {
    name: string(1).doc('Name of the secret.'),
    namespace: string(2).doc('Namespace of the secret.'),
  },
  { atomic: true },
)
export type SecretReference = ValueOfShape<typeof secretReference>

export const typedLocalObjectReference = shape(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  'Names an object of any kind in the same namespace.',
  {
    apiGroup: string(1).optional().doc('Group of the object; absent for the core group.'),
    kind: string(2).required().doc('Kind of the object.'),
    name: string(3).required().doc('Name of the object.'),
  },
  { atomic: true },
)
export type TypedLocalObjectReference = ValueOfShape<typeof typedLocalObjectReference>

export const typedObjectReference = shape(
  'io.k8s.api.core.v1.TypedObjectReference',
  'Names an object of any kind, perhaps in another namespace.',
  {
    apiGroup: string(1).optional().doc('Group of the object; absent for the core group.'),
    kind: string(2).required().doc('Kind of the object.'),
    name: string(3).required().doc('Name of the object.'),
    namespace: string(4)
      .optional()
      .doc('Namespace of the object, if it is another; needs permission there.'),
  },
)
export type TypedObjectReference = ValueOfShape<typeof typedObjectReference>
