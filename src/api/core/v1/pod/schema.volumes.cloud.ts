import { boolean, int32, shape, string, type ValueOfShape } from '../../../machinery/schema.ts'

export const gcePersistentDiskVolumeSource = shape(
  'io.k8s.api.core.v1.GCEPersistentDiskVolumeSource',
  'A disk of Google Compute Engine.',
  {
    pdName: string(1).required().doc('Name of the disk.'),
    fsType: string(2).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    partition: int32(3).doc('Number of the partition; 0 is the whole disk.'),
    readOnly: boolean(4).doc('When true, the volume can only be read.'),
  },
)
export type GCEPersistentDiskVolumeSource = ValueOfShape<typeof gcePersistentDiskVolumeSource>

export const awsElasticBlockStoreVolumeSource = shape(
  'io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource',
  'A block store volume of AWS.',
  {
    volumeID: string(1).required().doc("The volume's id at AWS."),
    fsType: string(2).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    partition: int32(3).doc('Number of the partition; 0 is the whole volume.'),
    readOnly: boolean(4).doc('When true, the volume can only be read.'),
  },
)
export type AWSElasticBlockStoreVolumeSource = ValueOfShape<typeof awsElasticBlockStoreVolumeSource>

export const azureFileVolumeSource = shape(
  'io.k8s.api.core.v1.AzureFileVolumeSource',
  'A file share of Azure.',
  {
    secretName: string(1).required().doc("Secret with the storage account's name and key."),
    shareName: string(2).required().doc('Name of the share.'),
    readOnly: boolean(3).doc('When true, the volume can only be read.'),
  },
)
export type AzureFileVolumeSource = ValueOfShape<typeof azureFileVolumeSource>

export const azureDiskVolumeSource = shape(
  'io.k8s.api.core.v1.AzureDiskVolumeSource',
  'A disk of Azure.',
  {
    diskName: string(1).required().doc('Name of the disk.'),
    diskURI: string(2).required().doc('Where the disk is stored.'),
    cachingMode: string(3)
      .enum('None', 'ReadOnly', 'ReadWrite')
      .optional()
      .default('ReadWrite')
      .doc('How the host caches: None, ReadOnly or ReadWrite.'),
    fsType: string(4)
      .optional()
      .default('ext4')
      .doc("File system of the volume, such as ext4; the driver's usual one if empty."),
    readOnly: boolean(5).optional().default(false).doc('When true, the volume can only be read.'),
    kind: string(6)
      .enum('Shared', 'Dedicated', 'Managed')
      .optional()
      .default('Shared')
      .doc('Shared, Dedicated or Managed: how the disk is kept at Azure.'),
  },
)
export type AzureDiskVolumeSource = ValueOfShape<typeof azureDiskVolumeSource>

export const vsphereVirtualDiskVolumeSource = shape(
  'io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource',
  'A disk of vSphere.',
  {
    volumePath: string(1).required().doc('Path of the disk file.'),
    fsType: string(2).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    storagePolicyName: string(3).doc('Name of the storage policy.'),
    storagePolicyID: string(4).doc('Id of the storage policy.'),
  },
)
export type VsphereVirtualDiskVolumeSource = ValueOfShape<typeof vsphereVirtualDiskVolumeSource>

export const photonPersistentDiskVolumeSource = shape(
  'io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource',
  'A disk of the Photon controller. No longer supported.',
  {
    pdID: string(1).required().doc('Id of the disk.'),
    fsType: string(2).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
  },
)
export type PhotonPersistentDiskVolumeSource = ValueOfShape<typeof photonPersistentDiskVolumeSource>
