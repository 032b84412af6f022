import { labelSelector } from '../../../machinery/metadata.ts'
import {
  boolean,
  int32,
  int64,
  list,
  map,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { localObjectReference } from '../references.ts'
import { objectFieldSelector, resourceFieldSelector } from './schema.environment.ts'

export const keyToPath = shape('io.k8s.api.core.v1.KeyToPath', 'core.KeyToPath', {
  key: string(1).required().doc('core.KeyToPath.key'),
  path: string(2).required().doc('core.KeyToPath.path'),
  mode: int32(3).optional().doc('core.KeyToPath.mode'),
})
export type KeyToPath = ValueOfShape<typeof keyToPath>

export const secretVolumeSource = shape(
  'io.k8s.api.core.v1.SecretVolumeSource',
  'core.SecretVolumeSource',
  {
    secretName: string(1).doc('core.SecretVolumeSource.secretName'),
    items: list(2, keyToPath).atomic().doc('core.SecretVolumeSource.items'),
    defaultMode: int32(3).optional().doc('core.SecretVolumeSource.defaultMode'),
    optional: boolean(4).optional().doc('core.SecretVolumeSource.optional'),
  },
)
export type SecretVolumeSource = ValueOfShape<typeof secretVolumeSource>

export const configMapVolumeSource = shape(
  'io.k8s.api.core.v1.ConfigMapVolumeSource',
  'core.ConfigMapVolumeSource',
  {
    ...localObjectReference.fields,
    items: list(2, keyToPath).atomic().doc('core.ConfigMapVolumeSource.items'),
    defaultMode: int32(3).optional().doc('core.ConfigMapVolumeSource.defaultMode'),
    optional: boolean(4).optional().doc('core.ConfigMapVolumeSource.optional'),
  },
  [
    {
      number: 1,
      shapeName: 'LocalObjectReference',
      fields: Object.keys(localObjectReference.fields),
    },
  ],
)
export type ConfigMapVolumeSource = ValueOfShape<typeof configMapVolumeSource>

export const downwardAPIVolumeFile = shape(
  'io.k8s.api.core.v1.DownwardAPIVolumeFile',
  'core.DownwardAPIVolumeFile',
  {
    path: string(1).required().doc('core.DownwardAPIVolumeFile.path'),
    fieldRef: struct(2, objectFieldSelector)
      .optional()
      .atomic()
      .doc('core.DownwardAPIVolumeFile.fieldRef'),
    resourceFieldRef: struct(3, resourceFieldSelector)
      .optional()
      .atomic()
      .doc('core.DownwardAPIVolumeFile.resourceFieldRef'),
    mode: int32(4).optional().doc('core.DownwardAPIVolumeFile.mode'),
  },
)
export type DownwardAPIVolumeFile = ValueOfShape<typeof downwardAPIVolumeFile>

export const downwardAPIVolumeSource = shape(
  'io.k8s.api.core.v1.DownwardAPIVolumeSource',
  'core.DownwardAPIVolumeSource',
  {
    items: list(1, downwardAPIVolumeFile).atomic().doc('core.DownwardAPIVolumeSource.items'),
    defaultMode: int32(2).optional().doc('core.DownwardAPIVolumeSource.defaultMode'),
  },
)
export type DownwardAPIVolumeSource = ValueOfShape<typeof downwardAPIVolumeSource>

export const secretProjection = shape(
  'io.k8s.api.core.v1.SecretProjection',
  'core.SecretProjection',
  {
    ...localObjectReference.fields,
    items: list(2, keyToPath).atomic().doc('core.SecretProjection.items'),
    optional: boolean(4).optional().doc('core.SecretProjection.optional'),
  },
  [
    {
      number: 1,
      shapeName: 'LocalObjectReference',
      fields: Object.keys(localObjectReference.fields),
    },
  ],
)
export type SecretProjection = ValueOfShape<typeof secretProjection>

export const downwardAPIProjection = shape(
  'io.k8s.api.core.v1.DownwardAPIProjection',
  'core.DownwardAPIProjection',
  {
    items: list(1, downwardAPIVolumeFile).atomic().doc('core.DownwardAPIProjection.items'),
  },
)
export type DownwardAPIProjection = ValueOfShape<typeof downwardAPIProjection>

export const configMapProjection = shape(
  'io.k8s.api.core.v1.ConfigMapProjection',
  'core.ConfigMapProjection',
  {
    ...localObjectReference.fields,
    items: list(2, keyToPath).atomic().doc('core.ConfigMapProjection.items'),
    optional: boolean(4).optional().doc('core.ConfigMapProjection.optional'),
  },
  [
    {
      number: 1,
      shapeName: 'LocalObjectReference',
      fields: Object.keys(localObjectReference.fields),
    },
  ],
)
export type ConfigMapProjection = ValueOfShape<typeof configMapProjection>

export const serviceAccountTokenProjection = shape(
  'io.k8s.api.core.v1.ServiceAccountTokenProjection',
  'core.ServiceAccountTokenProjection',
  {
    audience: string(1).doc('core.ServiceAccountTokenProjection.audience'),
    expirationSeconds: int64(2)
      .optional()
      .doc('core.ServiceAccountTokenProjection.expirationSeconds'),
    path: string(3).required().doc('core.ServiceAccountTokenProjection.path'),
  },
)
export type ServiceAccountTokenProjection = ValueOfShape<typeof serviceAccountTokenProjection>

export const clusterTrustBundleProjection = shape(
  'io.k8s.api.core.v1.ClusterTrustBundleProjection',
  'core.ClusterTrustBundleProjection',
  {
    name: string(1).optional().doc('core.ClusterTrustBundleProjection.name'),
    signerName: string(2).optional().doc('core.ClusterTrustBundleProjection.signerName'),
    labelSelector: struct(3, labelSelector)
      .optional()
      .atomic()
      .doc('core.ClusterTrustBundleProjection.labelSelector'),
    optional: boolean(5).optional().doc('core.ClusterTrustBundleProjection.optional'),
    path: string(4).required().doc('core.ClusterTrustBundleProjection.path'),
  },
)
export type ClusterTrustBundleProjection = ValueOfShape<typeof clusterTrustBundleProjection>

export const podCertificateProjection = shape(
  'io.k8s.api.core.v1.PodCertificateProjection',
  'core.PodCertificateProjection',
  {
    signerName: string(1).doc('core.PodCertificateProjection.signerName'),
    keyType: string(2).doc('core.PodCertificateProjection.keyType'),
    maxExpirationSeconds: int32(3)
      .optional()
      .doc('core.PodCertificateProjection.maxExpirationSeconds'),
    credentialBundlePath: string(4).doc('core.PodCertificateProjection.credentialBundlePath'),
    keyPath: string(5).doc('core.PodCertificateProjection.keyPath'),
    certificateChainPath: string(6).doc('core.PodCertificateProjection.certificateChainPath'),
    userAnnotations: map(7, string()).doc('core.PodCertificateProjection.userAnnotations'),
  },
)
export type PodCertificateProjection = ValueOfShape<typeof podCertificateProjection>

export const volumeProjection = shape(
  'io.k8s.api.core.v1.VolumeProjection',
  'core.VolumeProjection',
  {
    secret: struct(1, secretProjection).optional().doc('core.VolumeProjection.secret'),
    downwardAPI: struct(2, downwardAPIProjection)
      .optional()
      .doc('core.VolumeProjection.downwardAPI'),
    configMap: struct(3, configMapProjection).optional().doc('core.VolumeProjection.configMap'),
    serviceAccountToken: struct(4, serviceAccountTokenProjection)
      .optional()
      .doc('core.VolumeProjection.serviceAccountToken'),
    clusterTrustBundle: struct(5, clusterTrustBundleProjection)
      .optional()
      .doc('core.VolumeProjection.clusterTrustBundle'),
    podCertificate: struct(6, podCertificateProjection)
      .optional()
      .doc('core.VolumeProjection.podCertificate'),
  },
)
export type VolumeProjection = ValueOfShape<typeof volumeProjection>

export const projectedVolumeSource = shape(
  'io.k8s.api.core.v1.ProjectedVolumeSource',
  'core.ProjectedVolumeSource',
  {
    sources: list(1, volumeProjection).always().atomic().doc('core.ProjectedVolumeSource.sources'),
    defaultMode: int32(2).optional().doc('core.ProjectedVolumeSource.defaultMode'),
  },
)
export type ProjectedVolumeSource = ValueOfShape<typeof projectedVolumeSource>
