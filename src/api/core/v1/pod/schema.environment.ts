import {
  boolean,
  quantity,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { localObjectReference } from '../references.ts'

export const objectFieldSelector = shape(
  'io.k8s.api.core.v1.ObjectFieldSelector',
  'Picks a field of the pod itself.',
  {
    apiVersion: string(1).doc('The version in which the path is written; v1 if empty.'),
    fieldPath: string(2).required().doc('The field, such as metadata.name or status.podIP.'),
  },
  { atomic: true },
)
export type ObjectFieldSelector = ValueOfShape<typeof objectFieldSelector>

export const resourceFieldSelector = shape(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  'Picks a request or limit of a container.',
  {
    containerName: string(1).doc('The container; in volumes it must be said.'),
    resource: string(2).required().doc('Which one, such as limits.cpu or requests.memory.'),
    divisor: quantity(3).always().doc('The unit in which the value is given; 1 if zero.'),
  },
  { atomic: true },
)
export type ResourceFieldSelector = ValueOfShape<typeof resourceFieldSelector>

export const configMapKeySelector = shape(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  'One key of a config map.',
  {
    ...localObjectReference.fields,
    key: string(2).required().doc('The key whose value is meant.'),
    optional: boolean(3)
      .optional()
      .doc('When true, it may be missing; otherwise the pod waits for it.'),
  },
  {
    inlined: [
      {
        number: 1,
        shapeName: 'LocalObjectReference',
        fields: Object.keys(localObjectReference.fields),
      },
    ],
    atomic: true,
  },
)
export type ConfigMapKeySelector = ValueOfShape<typeof configMapKeySelector>

export const secretKeySelector = shape(
  'io.k8s.api.core.v1.SecretKeySelector',
  'One key of a secret.',
  {
    ...localObjectReference.fields,
    key: string(2).required().doc('The key whose value is meant.'),
    optional: boolean(3)
      .optional()
      .doc('When true, it may be missing; otherwise the pod waits for it.'),
  },
  {
    inlined: [
      {
        number: 1,
        shapeName: 'LocalObjectReference',
        fields: Object.keys(localObjectReference.fields),
      },
    ],
    atomic: true,
  },
)
export type SecretKeySelector = ValueOfShape<typeof secretKeySelector>

export const fileKeySelector = shape(
  'io.k8s.api.core.v1.FileKeySelector',
  'One key of an env file in a volume.',
  {
    volumeName: string(1).required().doc('The volume that holds the file.'),
    path: string(2).required().doc("The file's path inside the volume."),
    key: string(3).required().doc('The key whose value is meant.'),
    optional: boolean(4)
      .optional()
      .default(false)
      .doc('When true, it may be missing; otherwise the pod waits for it.'),
  },
  { atomic: true },
)
export type FileKeySelector = ValueOfShape<typeof fileKeySelector>

export const envVarSource = shape(
  'io.k8s.api.core.v1.EnvVarSource',
  'Where the value of a variable comes from; exactly one field is set.',
  {
    fieldRef: struct(1, objectFieldSelector).optional().doc('A field of the pod.'),
    resourceFieldRef: struct(2, resourceFieldSelector)
      .optional()
      .doc('A request or limit of a container.'),
    configMapKeyRef: struct(3, configMapKeySelector).optional().doc('One key of a config map.'),
    secretKeyRef: struct(4, secretKeySelector).optional().doc('One key of a secret.'),
    fileKeyRef: struct(5, fileKeySelector).optional().doc('One key of an env file in a volume.'),
  },
)
export type EnvVarSource = ValueOfShape<typeof envVarSource>

export const envVar = shape('io.k8s.api.core.v1.EnvVar', 'An environment variable.', {
  name: string(1).required().doc('Name of the variable.'),
  value: string(2).doc(
    'Its value; $(NAME) stands for a variable set before, $$ for a dollar sign.',
  ),
  valueFrom: struct(3, envVarSource)
    .optional()
    .doc('Where the value comes from, if value is empty.'),
})
export type EnvVar = ValueOfShape<typeof envVar>

export const configMapEnvSource = shape(
  'io.k8s.api.core.v1.ConfigMapEnvSource',
  'All keys of a config map.',
  {
    ...localObjectReference.fields,
    optional: boolean(2)
      .optional()
      .doc('When true, it may be missing; otherwise the pod waits for it.'),
  },
  {
    inlined: [
      {
        number: 1,
        shapeName: 'LocalObjectReference',
        fields: Object.keys(localObjectReference.fields),
      },
    ],
  },
)
export type ConfigMapEnvSource = ValueOfShape<typeof configMapEnvSource>

export const secretEnvSource = shape(
  'io.k8s.api.core.v1.SecretEnvSource',
  'All keys of a secret.',
  {
    ...localObjectReference.fields,
    optional: boolean(2)
      .optional()
      .doc('When true, it may be missing; otherwise the pod waits for it.'),
  },
  {
    inlined: [
      {
        number: 1,
        shapeName: 'LocalObjectReference',
        fields: Object.keys(localObjectReference.fields),
      },
    ],
  },
)
export type SecretEnvSource = ValueOfShape<typeof secretEnvSource>

export const envFromSource = shape(
  'io.k8s.api.core.v1.EnvFromSource',
  'A source whose keys all become environment variables.',
  {
    prefix: string(1).doc('Put before each name.'),
    configMapRef: struct(2, configMapEnvSource).optional().doc('The config map.'),
    secretRef: struct(3, secretEnvSource).optional().doc('The secret.'),
  },
)
export type EnvFromSource = ValueOfShape<typeof envFromSource>
