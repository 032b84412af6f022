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
  'core.ObjectFieldSelector',
  {
    apiVersion: string(1).doc('core.ObjectFieldSelector.apiVersion'),
    fieldPath: string(2).required().doc('core.ObjectFieldSelector.fieldPath'),
  },
)
export type ObjectFieldSelector = ValueOfShape<typeof objectFieldSelector>

export const resourceFieldSelector = shape(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  'core.ResourceFieldSelector',
  {
    containerName: string(1).doc('core.ResourceFieldSelector.containerName'),
    resource: string(2).required().doc('core.ResourceFieldSelector.resource'),
    divisor: quantity(3).always().doc('core.ResourceFieldSelector.divisor'),
  },
)
export type ResourceFieldSelector = ValueOfShape<typeof resourceFieldSelector>

export const configMapKeySelector = shape(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  'core.ConfigMapKeySelector',
  {
    ...localObjectReference.fields,
    key: string(2).required().doc('core.ConfigMapKeySelector.key'),
    optional: boolean(3).optional().doc('core.ConfigMapKeySelector.optional'),
  },
  [
    {
      number: 1,
      shapeName: 'LocalObjectReference',
      fields: Object.keys(localObjectReference.fields),
    },
  ],
)
export type ConfigMapKeySelector = ValueOfShape<typeof configMapKeySelector>

export const secretKeySelector = shape(
  'io.k8s.api.core.v1.SecretKeySelector',
  'core.SecretKeySelector',
  {
    ...localObjectReference.fields,
    key: string(2).required().doc('core.SecretKeySelector.key'),
    optional: boolean(3).optional().doc('core.SecretKeySelector.optional'),
  },
  [
    {
      number: 1,
      shapeName: 'LocalObjectReference',
      fields: Object.keys(localObjectReference.fields),
    },
  ],
)
export type SecretKeySelector = ValueOfShape<typeof secretKeySelector>

export const fileKeySelector = shape('io.k8s.api.core.v1.FileKeySelector', 'core.FileKeySelector', {
  volumeName: string(1).required().doc('core.FileKeySelector.volumeName'),
  path: string(2).required().doc('core.FileKeySelector.path'),
  key: string(3).required().doc('core.FileKeySelector.key'),
  optional: boolean(4).optional().default(false).doc('core.FileKeySelector.optional'),
})
export type FileKeySelector = ValueOfShape<typeof fileKeySelector>

export const envVarSource = shape('io.k8s.api.core.v1.EnvVarSource', 'core.EnvVarSource', {
  fieldRef: struct(1, objectFieldSelector).optional().atomic().doc('core.EnvVarSource.fieldRef'),
  resourceFieldRef: struct(2, resourceFieldSelector)
    .optional()
    .atomic()
    .doc('core.EnvVarSource.resourceFieldRef'),
  configMapKeyRef: struct(3, configMapKeySelector)
    .optional()
    .atomic()
    .doc('core.EnvVarSource.configMapKeyRef'),
  secretKeyRef: struct(4, secretKeySelector)
    .optional()
    .atomic()
    .doc('core.EnvVarSource.secretKeyRef'),
  fileKeyRef: struct(5, fileKeySelector).optional().atomic().doc('core.EnvVarSource.fileKeyRef'),
})
export type EnvVarSource = ValueOfShape<typeof envVarSource>

export const envVar = shape('io.k8s.api.core.v1.EnvVar', 'core.EnvVar', {
  name: string(1).required().doc('core.EnvVar.name'),
  value: string(2).doc('core.EnvVar.value'),
  valueFrom: struct(3, envVarSource).optional().doc('core.EnvVar.valueFrom'),
})
export type EnvVar = ValueOfShape<typeof envVar>

export const configMapEnvSource = shape(
  'io.k8s.api.core.v1.ConfigMapEnvSource',
  'core.ConfigMapEnvSource',
  {
    ...localObjectReference.fields,
    optional: boolean(2).optional().doc('core.ConfigMapEnvSource.optional'),
  },
  [
    {
      number: 1,
      shapeName: 'LocalObjectReference',
      fields: Object.keys(localObjectReference.fields),
    },
  ],
)
export type ConfigMapEnvSource = ValueOfShape<typeof configMapEnvSource>

export const secretEnvSource = shape(
  'io.k8s.api.core.v1.SecretEnvSource',
  'core.SecretEnvSource',
  {
    ...localObjectReference.fields,
    optional: boolean(2).optional().doc('core.SecretEnvSource.optional'),
  },
  [
    {
      number: 1,
      shapeName: 'LocalObjectReference',
      fields: Object.keys(localObjectReference.fields),
    },
  ],
)
export type SecretEnvSource = ValueOfShape<typeof secretEnvSource>

export const envFromSource = shape('io.k8s.api.core.v1.EnvFromSource', 'core.EnvFromSource', {
  prefix: string(1).doc('core.EnvFromSource.prefix'),
  configMapRef: struct(2, configMapEnvSource).optional().doc('core.EnvFromSource.configMapRef'),
  secretRef: struct(3, secretEnvSource).optional().doc('core.EnvFromSource.secretRef'),
})
export type EnvFromSource = ValueOfShape<typeof envFromSource>
