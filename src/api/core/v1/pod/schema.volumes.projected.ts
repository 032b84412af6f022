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

export const keyToPath = shape(
  'io.k8s.api.core.v1.KeyToPath',
  'Puts the value of one key into one file.',
  {
    key: string(1).required().doc('The key whose value is meant.'),
    path: string(2).required().doc("The file's path inside the volume; relative and without '..'."),
    mode: int32(3)
      .optional()
      .doc("Permission bits of this file; the volume's defaultMode if absent."),
  },
)
export type KeyToPath = ValueOfShape<typeof keyToPath>

export const secretVolumeSource = shape(
  'io.k8s.api.core.v1.SecretVolumeSource',
  'The values of a secret as files.',
  {
    secretName: string(1).doc('Name of the secret.'),
    items: list(2, keyToPath)
      .atomic()
      .doc('Which keys become files, and where; all keys under their own names if empty.'),
    defaultMode: int32(3)
      .optional()
      .doc('Permission bits of files that set none themselves; 0644 unless said otherwise.'),
    optional: boolean(4)
      .optional()
      .doc('When true, it may be missing; otherwise the pod waits for it.'),
  },
)
export type SecretVolumeSource = ValueOfShape<typeof secretVolumeSource>

export const configMapVolumeSource = shape(
  'io.k8s.api.core.v1.ConfigMapVolumeSource',
  'The values of a config map as files.',
  {
    ...localObjectReference.fields,
    items: list(2, keyToPath)
      .atomic()
      .doc('Which keys become files, and where; all keys under their own names if empty.'),
    defaultMode: int32(3)
      .optional()
      .doc('Permission bits of files that set none themselves; 0644 unless said otherwise.'),
    optional: boolean(4)
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
export type ConfigMapVolumeSource = ValueOfShape<typeof configMapVolumeSource>

export const downwardAPIVolumeFile = shape(
  'io.k8s.api.core.v1.DownwardAPIVolumeFile',
  'A file with something about the pod itself.',
  {
    path: string(1).required().doc("The file's path inside the volume; relative and without '..'."),
    fieldRef: struct(2, objectFieldSelector).optional().doc('A field of the pod.'),
    resourceFieldRef: struct(3, resourceFieldSelector)
      .optional()
      .doc('A request or limit of a container.'),
    mode: int32(4)
      .optional()
      .doc("Permission bits of this file; the volume's defaultMode if absent."),
  },
)
export type DownwardAPIVolumeFile = ValueOfShape<typeof downwardAPIVolumeFile>

export const downwardAPIVolumeSource = shape(
  'io.k8s.api.core.v1.DownwardAPIVolumeSource',
  'Facts about the pod itself as files.',
  {
    items: list(1, downwardAPIVolumeFile).atomic().doc('The files.'),
    defaultMode: int32(2)
      .optional()
      .doc('Permission bits of files that set none themselves; 0644 unless said otherwise.'),
  },
)
export type DownwardAPIVolumeSource = ValueOfShape<typeof downwardAPIVolumeSource>

export const secretProjection = shape(
  'io.k8s.api.core.v1.SecretProjection',
  'Values of a secret as part of a projected volume.',
  {
    ...localObjectReference.fields,
    items: list(2, keyToPath)
      .atomic()
      .doc('Which keys become files, and where; all keys under their own names if empty.'),
    optional: boolean(4)
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
export type SecretProjection = ValueOfShape<typeof secretProjection>

export const downwardAPIProjection = shape(
  'io.k8s.api.core.v1.DownwardAPIProjection',
  'Facts about the pod itself as part of a projected volume.',
  {
    items: list(1, downwardAPIVolumeFile).atomic().doc('The files.'),
  },
)
export type DownwardAPIProjection = ValueOfShape<typeof downwardAPIProjection>

export const configMapProjection = shape(
  'io.k8s.api.core.v1.ConfigMapProjection',
  'Values of a config map as part of a projected volume.',
  {
    ...localObjectReference.fields,
    items: list(2, keyToPath)
      .atomic()
      .doc('Which keys become files, and where; all keys under their own names if empty.'),
    optional: boolean(4)
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
export type ConfigMapProjection = ValueOfShape<typeof configMapProjection>

export const serviceAccountTokenProjection = shape(
  'io.k8s.api.core.v1.ServiceAccountTokenProjection',
  "A token of the pod's service account as a file, renewed before it expires.",
  {
    audience: string(1).doc('Whom the token is for; the API server if empty.'),
    expirationSeconds: int64(2)
      .optional()
      .doc('How long a token is valid; at least 600, an hour if absent.'),
    path: string(3).required().doc("The file's path inside the volume."),
  },
)
export type ServiceAccountTokenProjection = ValueOfShape<typeof serviceAccountTokenProjection>

export const clusterTrustBundleProjection = shape(
  'io.k8s.api.core.v1.ClusterTrustBundleProjection',
  'Trusted certificates of the cluster as a file.',
  {
    name: string(1).optional().doc('Name of one bundle; instead of signerName.'),
    signerName: string(2).optional().doc('Takes all bundles of this signer.'),
    labelSelector: struct(3, labelSelector)
      .optional()
      .doc("Which of the signer's bundles; none if absent."),
    optional: boolean(5)
      .optional()
      .doc('When true, it may be missing; otherwise the pod waits for it.'),
    path: string(4).required().doc("The file's path inside the volume."),
  },
)
export type ClusterTrustBundleProjection = ValueOfShape<typeof clusterTrustBundleProjection>

export const podCertificateProjection = shape(
  'io.k8s.api.core.v1.PodCertificateProjection',
  'A private key and a certificate for it, renewed before it expires.',
  {
    signerName: string(1)
      .required()
      .mayBeAbsent()
      .doc('The signer that is asked for the certificate.'),
    keyType: string(2)
      .required()
      .mayBeAbsent()
      .doc("The key's algorithm, such as ED25519 or ECDSAP256."),
    maxExpirationSeconds: int32(3)
      .optional()
      .doc('The longest life that the certificate may have.'),
    credentialBundlePath: string(4).doc('A file for key and certificates together.'),
    keyPath: string(5).doc('A file for the key alone.'),
    certificateChainPath: string(6).doc('A file for the certificates alone.'),
    userAnnotations: map(7, string()).doc('What the signer is told besides.'),
  },
)
export type PodCertificateProjection = ValueOfShape<typeof podCertificateProjection>

export const volumeProjection = shape(
  'io.k8s.api.core.v1.VolumeProjection',
  'One part of a projected volume; exactly one field is set.',
  {
    secret: struct(1, secretProjection).optional().doc('Values of a secret.'),
    downwardAPI: struct(2, downwardAPIProjection).optional().doc('Facts about the pod itself.'),
    configMap: struct(3, configMapProjection).optional().doc('Values of a config map.'),
    serviceAccountToken: struct(4, serviceAccountTokenProjection)
      .optional()
      .doc("A token of the pod's service account."),
    clusterTrustBundle: struct(5, clusterTrustBundleProjection)
      .optional()
      .doc('Trusted certificates of the cluster.'),
    podCertificate: struct(6, podCertificateProjection)
      .optional()
      .doc('A key and a certificate made for the pod.'),
  },
)
export type VolumeProjection = ValueOfShape<typeof volumeProjection>

export const projectedVolumeSource = shape(
  'io.k8s.api.core.v1.ProjectedVolumeSource',
  'Several sources in one directory.',
  {
    sources: list(1, volumeProjection)
      .always()
      .atomic()
      .doc('The parts; later ones win where paths collide.'),
    defaultMode: int32(2)
      .optional()
      .doc('Permission bits of files that set none themselves; 0644 unless said otherwise.'),
  },
)
export type ProjectedVolumeSource = ValueOfShape<typeof projectedVolumeSource>
