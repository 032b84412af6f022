import { boolean, int32, shape, string, type ValueOfShape } from '../../../machinery/schema.ts'

export const gcePersistentDiskVolumeSource = shape(
  'io.k8s.api.core.v1.GCEPersistentDiskVolumeSource',
  'core.GCEPersistentDiskVolumeSource',
  {
    pdName: string(1).required().doc('core.GCEPersistentDiskVolumeSource.pdName'),
    fsType: string(2).doc('core.GCEPersistentDiskVolumeSource.fsType'),
    partition: int32(3).doc('core.GCEPersistentDiskVolumeSource.partition'),
    readOnly: boolean(4).doc('core.GCEPersistentDiskVolumeSource.readOnly'),
  },
)
export type GCEPersistentDiskVolumeSource = ValueOfShape<typeof gcePersistentDiskVolumeSource>

export const awsElasticBlockStoreVolumeSource = shape(
  'io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource',
  'core.AWSElasticBlockStoreVolumeSource',
  {
    volumeID: string(1).required().doc('core.AWSElasticBlockStoreVolumeSource.volumeID'),
    fsType: string(2).doc('core.AWSElasticBlockStoreVolumeSource.fsType'),
    partition: int32(3).doc('core.AWSElasticBlockStoreVolumeSource.partition'),
    readOnly: boolean(4).doc('core.AWSElasticBlockStoreVolumeSource.readOnly'),
  },
)
export type AWSElasticBlockStoreVolumeSource = ValueOfShape<typeof awsElasticBlockStoreVolumeSource>

export const azureFileVolumeSource = shape(
  'io.k8s.api.core.v1.AzureFileVolumeSource',
  'core.AzureFileVolumeSource',
  {
    secretName: string(1).required().doc('core.AzureFileVolumeSource.secretName'),
    shareName: string(2).required().doc('core.AzureFileVolumeSource.shareName'),
    readOnly: boolean(3).doc('core.AzureFileVolumeSource.readOnly'),
  },
)
export type AzureFileVolumeSource = ValueOfShape<typeof azureFileVolumeSource>

export const azureDiskVolumeSource = shape(
  'io.k8s.api.core.v1.AzureDiskVolumeSource',
  'core.AzureDiskVolumeSource',
  {
    diskName: string(1).required().doc('core.AzureDiskVolumeSource.diskName'),
    diskURI: string(2).required().doc('core.AzureDiskVolumeSource.diskURI'),
    cachingMode: string(3)
      .enum('None', 'ReadOnly', 'ReadWrite')
      .optional()
      .default('ReadWrite')
      .doc('core.AzureDiskVolumeSource.cachingMode'),
    fsType: string(4).optional().default('ext4').doc('core.AzureDiskVolumeSource.fsType'),
    readOnly: boolean(5).optional().default(false).doc('core.AzureDiskVolumeSource.readOnly'),
    kind: string(6)
      .enum('Shared', 'Dedicated', 'Managed')
      .optional()
      .default('Shared')
      .doc('core.AzureDiskVolumeSource.kind'),
  },
)
export type AzureDiskVolumeSource = ValueOfShape<typeof azureDiskVolumeSource>

export const vsphereVirtualDiskVolumeSource = shape(
  'io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource',
  'core.VsphereVirtualDiskVolumeSource',
  {
    volumePath: string(1).required().doc('core.VsphereVirtualDiskVolumeSource.volumePath'),
    fsType: string(2).doc('core.VsphereVirtualDiskVolumeSource.fsType'),
    storagePolicyName: string(3).doc('core.VsphereVirtualDiskVolumeSource.storagePolicyName'),
    storagePolicyID: string(4).doc('core.VsphereVirtualDiskVolumeSource.storagePolicyID'),
  },
)
export type VsphereVirtualDiskVolumeSource = ValueOfShape<typeof vsphereVirtualDiskVolumeSource>

export const photonPersistentDiskVolumeSource = shape(
  'io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource',
  'core.PhotonPersistentDiskVolumeSource',
  {
    pdID: string(1).required().doc('core.PhotonPersistentDiskVolumeSource.pdID'),
    fsType: string(2).doc('core.PhotonPersistentDiskVolumeSource.fsType'),
  },
)
export type PhotonPersistentDiskVolumeSource = ValueOfShape<typeof photonPersistentDiskVolumeSource>
