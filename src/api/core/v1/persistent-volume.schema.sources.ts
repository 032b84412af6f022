/** Sources that differ between a volume of its own and one in a pod: their secrets may be in any namespace. */
import {
  boolean,
  int32,
  list,
  map,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { objectReference, secretReference } from './references.ts'

const READ_ONLY = 'When true, the volume can only be read.'
const FILE_SYSTEM = "File system of the volume, such as ext4; the driver's usual one if empty."
const CREDENTIALS = 'Secret with the credentials.'

export const glusterfsPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.GlusterfsPersistentVolumeSource',
  'A volume of Gluster. No longer supported.',
  {
    endpoints: string(1).required().doc('The Endpoints object that lists the servers.'),
    path: string(2).required().doc('Name of the volume.'),
    readOnly: boolean(3).doc(READ_ONLY),
    endpointsNamespace: string(4)
      .optional()
      .doc("Namespace of the Endpoints object; that of the volume's claim if absent."),
  },
)
export type GlusterfsPersistentVolumeSource = ValueOfShape<typeof glusterfsPersistentVolumeSource>

export const rbdPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.RBDPersistentVolumeSource',
  'A block device of Ceph. No longer supported.',
  {
    monitors: list(1, string()).required().atomic().doc('Addresses of the monitors.'),
    image: string(2).required().doc('Name of the image.'),
    fsType: string(3).doc(FILE_SYSTEM),
    pool: string(4).default('rbd').doc('Pool that holds the image.'),
    user: string(5).default('admin').doc('User at Ceph.'),
    keyring: string(6).default('/etc/ceph/keyring').doc("File with the user's key on the node."),
    secretRef: struct(7, secretReference).optional().doc(CREDENTIALS),
    readOnly: boolean(8).doc(READ_ONLY),
  },
)
export type RBDPersistentVolumeSource = ValueOfShape<typeof rbdPersistentVolumeSource>

export const iscsiPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.ISCSIPersistentVolumeSource',
  'A disk of an iSCSI target.',
  {
    targetPortal: string(1).required().doc("Address of the target, with port if it isn't 3260."),
    iqn: string(2).required().doc("The target's qualified name."),
    lun: int32(3).required().doc('Number of the unit on the target.'),
    iscsiInterface: string(4).default('default').doc('The initiator interface; default is TCP.'),
    fsType: string(5).doc(FILE_SYSTEM),
    readOnly: boolean(6).doc(READ_ONLY),
    portals: list(7, string()).atomic().doc('More addresses of the same target.'),
    chapAuthDiscovery: boolean(8).doc('Whether discovery authenticates with CHAP.'),
    chapAuthSession: boolean(11).doc('Whether sessions authenticate with CHAP.'),
    secretRef: struct(10, secretReference).optional().doc(CREDENTIALS),
    initiatorName: string(12)
      .optional()
      .doc("The initiator's qualified name, if it differs from the node's."),
  },
)
export type ISCSIPersistentVolumeSource = ValueOfShape<typeof iscsiPersistentVolumeSource>

export const cinderPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.CinderPersistentVolumeSource',
  'A volume of OpenStack.',
  {
    volumeID: string(1).required().doc("The volume's id at Cinder."),
    fsType: string(2).doc(FILE_SYSTEM),
    readOnly: boolean(3).doc(READ_ONLY),
    secretRef: struct(4, secretReference).optional().doc(CREDENTIALS),
  },
)
export type CinderPersistentVolumeSource = ValueOfShape<typeof cinderPersistentVolumeSource>

export const cephFSPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.CephFSPersistentVolumeSource',
  'A file system of Ceph. No longer supported.',
  {
    monitors: list(1, string()).required().atomic().doc('Addresses of the monitors.'),
    path: string(2).doc('The directory to mount; / if empty.'),
    user: string(3).doc('User at Ceph; admin if empty.'),
    secretFile: string(4).doc("File with the user's key on the node."),
    secretRef: struct(5, secretReference).optional().doc(CREDENTIALS),
    readOnly: boolean(6).doc(READ_ONLY),
  },
)
export type CephFSPersistentVolumeSource = ValueOfShape<typeof cephFSPersistentVolumeSource>

export const flexPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.FlexPersistentVolumeSource',
  'A volume of an exec-based driver. Deprecated in favour of CSI.',
  {
    driver: string(1).required().doc('Name of the driver.'),
    fsType: string(2).doc(FILE_SYSTEM),
    secretRef: struct(3, secretReference).optional().doc(CREDENTIALS),
    readOnly: boolean(4).doc(READ_ONLY),
    options: map(5, string()).doc('What the driver is told besides.'),
  },
)
export type FlexPersistentVolumeSource = ValueOfShape<typeof flexPersistentVolumeSource>

export const azureFilePersistentVolumeSource = shape(
  'io.k8s.api.core.v1.AzureFilePersistentVolumeSource',
  'A file share of Azure.',
  {
    secretName: string(1).required().doc("Secret with the storage account's name and key."),
    shareName: string(2).required().doc('Name of the share.'),
    readOnly: boolean(3).doc(READ_ONLY),
    secretNamespace: string(4).optional().doc("Namespace of the secret; the claim's if absent."),
  },
)
export type AzureFilePersistentVolumeSource = ValueOfShape<typeof azureFilePersistentVolumeSource>

export const scaleIOPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.ScaleIOPersistentVolumeSource',
  'A volume of ScaleIO. No longer supported.',
  {
    gateway: string(1).required().doc('Address of the gateway.'),
    system: string(2).required().doc('Name of the storage system.'),
    secretRef: struct(3, secretReference).required().mayBeAbsent().doc(CREDENTIALS),
    sslEnabled: boolean(4).doc('Whether the gateway is reached over TLS.'),
    protectionDomain: string(5).doc('Name of the protection domain.'),
    storagePool: string(6).doc('Name of the storage pool.'),
    storageMode: string(7).default('ThinProvisioned').doc('ThickProvisioned or ThinProvisioned.'),
    volumeName: string(8).doc('Name of a volume that exists.'),
    fsType: string(9).default('xfs').doc(FILE_SYSTEM),
    readOnly: boolean(10).doc(READ_ONLY),
  },
)
export type ScaleIOPersistentVolumeSource = ValueOfShape<typeof scaleIOPersistentVolumeSource>

export const localVolumeSource = shape(
  'io.k8s.api.core.v1.LocalVolumeSource',
  'A disk or directory of one node, which the volume must name in its node affinity.',
  {
    path: string(1).required().doc('Full path of the directory or block device on the node.'),
    fsType: string(2).optional().doc('File system to make on a block device; ext4 if absent.'),
  },
)
export type LocalVolumeSource = ValueOfShape<typeof localVolumeSource>

export const storageOSPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.StorageOSPersistentVolumeSource',
  'A volume of StorageOS. No longer supported.',
  {
    volumeName: string(1).doc('Name of the volume.'),
    volumeNamespace: string(2).doc("Namespace of the volume at StorageOS; the claim's if empty."),
    fsType: string(3).doc(FILE_SYSTEM),
    readOnly: boolean(4).doc(READ_ONLY),
    secretRef: struct(5, objectReference).optional().doc(CREDENTIALS),
  },
)
export type StorageOSPersistentVolumeSource = ValueOfShape<typeof storageOSPersistentVolumeSource>

export const csiPersistentVolumeSource = shape(
  'io.k8s.api.core.v1.CSIPersistentVolumeSource',
  'A volume that a CSI driver serves.',
  {
    driver: string(1).required().doc('Name of the driver.'),
    volumeHandle: string(2).required().doc('How the driver calls the volume; never changes.'),
    readOnly: boolean(3).doc(READ_ONLY),
    fsType: string(4).doc(FILE_SYSTEM),
    volumeAttributes: map(5, string()).doc('What the driver noted when it made the volume.'),
    controllerPublishSecretRef: struct(6, secretReference)
      .optional()
      .doc('Secret for attaching the volume to a node, and for detaching.'),
    nodeStageSecretRef: struct(7, secretReference)
      .optional()
      .doc('Secret for the first mount on a node.'),
    nodePublishSecretRef: struct(8, secretReference)
      .optional()
      .doc('Secret for the mount into a pod.'),
    controllerExpandSecretRef: struct(9, secretReference)
      .optional()
      .doc('Secret for growing the volume.'),
    nodeExpandSecretRef: struct(10, secretReference)
      .optional()
      .doc('Secret for growing the file system on a node.'),
  },
)
export type CSIPersistentVolumeSource = ValueOfShape<typeof csiPersistentVolumeSource>
