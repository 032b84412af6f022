import {
  boolean,
  map,
  quantity,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { persistentVolumeClaimTemplate } from '../persistent-volume-claim.schema.ts'
import { localObjectReference } from '../references.ts'
import {
  awsElasticBlockStoreVolumeSource,
  azureDiskVolumeSource,
  azureFileVolumeSource,
  gcePersistentDiskVolumeSource,
  photonPersistentDiskVolumeSource,
  vsphereVirtualDiskVolumeSource,
} from './schema.volumes.cloud.ts'
import {
  cephFSVolumeSource,
  cinderVolumeSource,
  fcVolumeSource,
  flexVolumeSource,
  flockerVolumeSource,
  gitRepoVolumeSource,
  glusterfsVolumeSource,
  iscsiVolumeSource,
  nfsVolumeSource,
  portworxVolumeSource,
  quobyteVolumeSource,
  rbdVolumeSource,
  scaleIOVolumeSource,
  storageOSVolumeSource,
} from './schema.volumes.network.ts'
import {
  configMapVolumeSource,
  downwardAPIVolumeSource,
  projectedVolumeSource,
  secretVolumeSource,
} from './schema.volumes.projected.ts'

export const hostPathVolumeSource = shape(
  'io.k8s.api.core.v1.HostPathVolumeSource',
  'core.HostPathVolumeSource',
  {
    path: string(1).required().doc('core.HostPathVolumeSource.path'),
    type: string(2)
      .enum(
        '',
        'DirectoryOrCreate',
        'Directory',
        'FileOrCreate',
        'File',
        'Socket',
        'CharDevice',
        'BlockDevice',
      )
      .optional()
      .doc('core.HostPathVolumeSource.type'),
  },
)
export type HostPathVolumeSource = ValueOfShape<typeof hostPathVolumeSource>

export const emptyDirVolumeSource = shape(
  'io.k8s.api.core.v1.EmptyDirVolumeSource',
  'core.EmptyDirVolumeSource',
  {
    medium: string(1).doc('core.EmptyDirVolumeSource.medium'),
    sizeLimit: quantity(2).optional().doc('core.EmptyDirVolumeSource.sizeLimit'),
  },
)
export type EmptyDirVolumeSource = ValueOfShape<typeof emptyDirVolumeSource>

export const persistentVolumeClaimVolumeSource = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource',
  'core.PersistentVolumeClaimVolumeSource',
  {
    claimName: string(1).required().doc('core.PersistentVolumeClaimVolumeSource.claimName'),
    readOnly: boolean(2).doc('core.PersistentVolumeClaimVolumeSource.readOnly'),
  },
)
export type PersistentVolumeClaimVolumeSource = ValueOfShape<
  typeof persistentVolumeClaimVolumeSource
>

export const csiVolumeSource = shape('io.k8s.api.core.v1.CSIVolumeSource', 'core.CSIVolumeSource', {
  driver: string(1).required().doc('core.CSIVolumeSource.driver'),
  readOnly: boolean(2).optional().doc('core.CSIVolumeSource.readOnly'),
  fsType: string(3).optional().doc('core.CSIVolumeSource.fsType'),
  volumeAttributes: map(4, string()).doc('core.CSIVolumeSource.volumeAttributes'),
  nodePublishSecretRef: struct(5, localObjectReference)
    .optional()
    .atomic()
    .doc('core.CSIVolumeSource.nodePublishSecretRef'),
})
export type CSIVolumeSource = ValueOfShape<typeof csiVolumeSource>

export const ephemeralVolumeSource = shape(
  'io.k8s.api.core.v1.EphemeralVolumeSource',
  'core.EphemeralVolumeSource',
  {
    volumeClaimTemplate: struct(1, persistentVolumeClaimTemplate)
      .optional()
      .doc('core.EphemeralVolumeSource.volumeClaimTemplate'),
  },
)
export type EphemeralVolumeSource = ValueOfShape<typeof ephemeralVolumeSource>

export const imageVolumeSource = shape(
  'io.k8s.api.core.v1.ImageVolumeSource',
  'core.ImageVolumeSource',
  {
    reference: string(1).doc('core.ImageVolumeSource.reference'),
    pullPolicy: string(2)
      .enum('Always', 'Never', 'IfNotPresent')
      .doc('core.ImageVolumeSource.pullPolicy'),
  },
)
export type ImageVolumeSource = ValueOfShape<typeof imageVolumeSource>

export const volumeSource = shape('io.k8s.api.core.v1.VolumeSource', 'core.VolumeSource', {
  hostPath: struct(1, hostPathVolumeSource).optional().doc('core.VolumeSource.hostPath'),
  emptyDir: struct(2, emptyDirVolumeSource).optional().doc('core.VolumeSource.emptyDir'),
  gcePersistentDisk: struct(3, gcePersistentDiskVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.gcePersistentDisk'),
  awsElasticBlockStore: struct(4, awsElasticBlockStoreVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.awsElasticBlockStore'),
  gitRepo: struct(5, gitRepoVolumeSource).optional().deprecated().doc('core.VolumeSource.gitRepo'),
  secret: struct(6, secretVolumeSource).optional().doc('core.VolumeSource.secret'),
  nfs: struct(7, nfsVolumeSource).optional().doc('core.VolumeSource.nfs'),
  iscsi: struct(8, iscsiVolumeSource).optional().doc('core.VolumeSource.iscsi'),
  glusterfs: struct(9, glusterfsVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.glusterfs'),
  persistentVolumeClaim: struct(10, persistentVolumeClaimVolumeSource)
    .optional()
    .doc('core.VolumeSource.persistentVolumeClaim'),
  rbd: struct(11, rbdVolumeSource).optional().deprecated().doc('core.VolumeSource.rbd'),
  flexVolume: struct(12, flexVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.flexVolume'),
  cinder: struct(13, cinderVolumeSource).optional().deprecated().doc('core.VolumeSource.cinder'),
  cephfs: struct(14, cephFSVolumeSource).optional().deprecated().doc('core.VolumeSource.cephfs'),
  flocker: struct(15, flockerVolumeSource).optional().deprecated().doc('core.VolumeSource.flocker'),
  downwardAPI: struct(16, downwardAPIVolumeSource).optional().doc('core.VolumeSource.downwardAPI'),
  fc: struct(17, fcVolumeSource).optional().doc('core.VolumeSource.fc'),
  azureFile: struct(18, azureFileVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.azureFile'),
  configMap: struct(19, configMapVolumeSource).optional().doc('core.VolumeSource.configMap'),
  vsphereVolume: struct(20, vsphereVirtualDiskVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.vsphereVolume'),
  quobyte: struct(21, quobyteVolumeSource).optional().deprecated().doc('core.VolumeSource.quobyte'),
  azureDisk: struct(22, azureDiskVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.azureDisk'),
  photonPersistentDisk: struct(23, photonPersistentDiskVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.photonPersistentDisk'),
  projected: struct(26, projectedVolumeSource).optional().doc('core.VolumeSource.projected'),
  portworxVolume: struct(24, portworxVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.portworxVolume'),
  scaleIO: struct(25, scaleIOVolumeSource).optional().deprecated().doc('core.VolumeSource.scaleIO'),
  storageos: struct(27, storageOSVolumeSource)
    .optional()
    .deprecated()
    .doc('core.VolumeSource.storageos'),
  csi: struct(28, csiVolumeSource).optional().doc('core.VolumeSource.csi'),
  ephemeral: struct(29, ephemeralVolumeSource).optional().doc('core.VolumeSource.ephemeral'),
  image: struct(30, imageVolumeSource).optional().doc('core.VolumeSource.image'),
})
export type VolumeSource = ValueOfShape<typeof volumeSource>

export const volume = shape(
  'io.k8s.api.core.v1.Volume',
  'core.Volume',
  {
    name: string(1).required().doc('core.Volume.name'),
    ...volumeSource.fields,
  },
  [{ number: 2, shapeName: 'VolumeSource', fields: Object.keys(volumeSource.fields) }],
)
export type Volume = ValueOfShape<typeof volume>
