import {
  boolean,
  int32,
  list,
  map,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'
import { localObjectReference } from '../references.ts'

export const nfsVolumeSource = shape(
  'io.k8s.api.core.v1.NFSVolumeSource',
  'A directory of an NFS server.',
  {
    server: string(1).required().doc('Host name or address of the server.'),
    path: string(2).required().doc('The exported directory.'),
    readOnly: boolean(3).doc('When true, the volume can only be read.'),
  },
)
export type NFSVolumeSource = ValueOfShape<typeof nfsVolumeSource>

export const iscsiVolumeSource = shape(
  'io.k8s.api.core.v1.ISCSIVolumeSource',
  'A disk of an iSCSI target.',
  {
    targetPortal: string(1).required().doc("Address of the target, with port if it isn't 3260."),
    iqn: string(2).required().doc("The target's qualified name."),
    lun: int32(3).required().doc('Number of the unit on the target.'),
    iscsiInterface: string(4).default('default').doc('The initiator interface; default is TCP.'),
    fsType: string(5).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    readOnly: boolean(6).doc('When true, the volume can only be read.'),
    portals: list(7, string()).atomic().doc('More addresses of the same target.'),
    chapAuthDiscovery: boolean(8).doc('Whether discovery authenticates with CHAP.'),
    chapAuthSession: boolean(11).doc('Whether sessions authenticate with CHAP.'),
    secretRef: struct(10, localObjectReference)
      .optional()
      .doc("Secret with the credentials, in the pod's namespace."),
    initiatorName: string(12)
      .optional()
      .doc("The initiator's qualified name, if it differs from the node's."),
  },
)
export type ISCSIVolumeSource = ValueOfShape<typeof iscsiVolumeSource>

export const fcVolumeSource = shape(
  'io.k8s.api.core.v1.FCVolumeSource',
  'A disk on Fibre Channel.',
  {
    targetWWNs: list(1, string()).atomic().doc('World wide names of the targets.'),
    lun: int32(2).optional().doc('Number of the unit on the targets.'),
    fsType: string(3).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    readOnly: boolean(4).doc('When true, the volume can only be read.'),
    wwids: list(5, string())
      .atomic()
      .doc('World wide ids of the disk, instead of targets and unit.'),
  },
)
export type FCVolumeSource = ValueOfShape<typeof fcVolumeSource>

export const glusterfsVolumeSource = shape(
  'io.k8s.api.core.v1.GlusterfsVolumeSource',
  'A volume of Gluster. No longer supported.',
  {
    endpoints: string(1).required().doc('The Endpoints object that lists the servers.'),
    path: string(2).required().doc('Name of the volume.'),
    readOnly: boolean(3).doc('When true, the volume can only be read.'),
  },
)
export type GlusterfsVolumeSource = ValueOfShape<typeof glusterfsVolumeSource>

export const rbdVolumeSource = shape(
  'io.k8s.api.core.v1.RBDVolumeSource',
  'A block device of Ceph. No longer supported.',
  {
    monitors: list(1, string()).required().atomic().doc('Addresses of the monitors.'),
    image: string(2).required().doc('Name of the image.'),
    fsType: string(3).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    pool: string(4).default('rbd').doc('Pool that holds the image.'),
    user: string(5).default('admin').doc('User at Ceph.'),
    keyring: string(6).default('/etc/ceph/keyring').doc("File with the user's key on the node."),
    secretRef: struct(7, localObjectReference)
      .optional()
      .doc("Secret with the credentials, in the pod's namespace."),
    readOnly: boolean(8).doc('When true, the volume can only be read.'),
  },
)
export type RBDVolumeSource = ValueOfShape<typeof rbdVolumeSource>

export const cephFSVolumeSource = shape(
  'io.k8s.api.core.v1.CephFSVolumeSource',
  'A file system of Ceph. No longer supported.',
  {
    monitors: list(1, string()).required().atomic().doc('Addresses of the monitors.'),
    path: string(2).doc('The directory to mount; / if empty.'),
    user: string(3).doc('User at Ceph; admin if empty.'),
    secretFile: string(4).doc("File with the user's key on the node."),
    secretRef: struct(5, localObjectReference)
      .optional()
      .doc("Secret with the credentials, in the pod's namespace."),
    readOnly: boolean(6).doc('When true, the volume can only be read.'),
  },
)
export type CephFSVolumeSource = ValueOfShape<typeof cephFSVolumeSource>

export const cinderVolumeSource = shape(
  'io.k8s.api.core.v1.CinderVolumeSource',
  'A volume of OpenStack.',
  {
    volumeID: string(1).required().doc("The volume's id at Cinder."),
    fsType: string(2).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    readOnly: boolean(3).doc('When true, the volume can only be read.'),
    secretRef: struct(4, localObjectReference)
      .optional()
      .doc("Secret with the credentials, in the pod's namespace."),
  },
)
export type CinderVolumeSource = ValueOfShape<typeof cinderVolumeSource>

export const flockerVolumeSource = shape(
  'io.k8s.api.core.v1.FlockerVolumeSource',
  'A volume of Flocker. No longer supported.',
  {
    datasetName: string(1).doc('Name of the data set. Deprecated.'),
    datasetUUID: string(2).doc('UUID of the data set.'),
  },
)
export type FlockerVolumeSource = ValueOfShape<typeof flockerVolumeSource>

export const quobyteVolumeSource = shape(
  'io.k8s.api.core.v1.QuobyteVolumeSource',
  'A volume of Quobyte. No longer supported.',
  {
    registry: string(1).required().doc('Addresses of the registries, separated by commas.'),
    volume: string(2).required().doc('Name of the volume.'),
    readOnly: boolean(3).doc('When true, the volume can only be read.'),
    user: string(4).doc('User to mount as.'),
    group: string(5).doc('Group to mount as.'),
    tenant: string(6).doc('Tenant that owns the volume.'),
  },
)
export type QuobyteVolumeSource = ValueOfShape<typeof quobyteVolumeSource>

export const portworxVolumeSource = shape(
  'io.k8s.api.core.v1.PortworxVolumeSource',
  'A volume of Portworx.',
  {
    volumeID: string(1).required().doc("The volume's id at Portworx."),
    fsType: string(2).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    readOnly: boolean(3).doc('When true, the volume can only be read.'),
  },
)
export type PortworxVolumeSource = ValueOfShape<typeof portworxVolumeSource>

export const scaleIOVolumeSource = shape(
  'io.k8s.api.core.v1.ScaleIOVolumeSource',
  'A volume of ScaleIO. No longer supported.',
  {
    gateway: string(1).required().doc('Address of the gateway.'),
    system: string(2).required().doc('Name of the storage system.'),
    secretRef: struct(3, localObjectReference)
      .required()
      .mayBeAbsent()
      .doc("Secret with the credentials, in the pod's namespace."),
    sslEnabled: boolean(4).doc('Whether the gateway is reached over TLS.'),
    protectionDomain: string(5).doc('Name of the protection domain.'),
    storagePool: string(6).doc('Name of the storage pool.'),
    storageMode: string(7).default('ThinProvisioned').doc('ThickProvisioned or ThinProvisioned.'),
    volumeName: string(8).doc('Name of a volume that exists.'),
    fsType: string(9)
      .default('xfs')
      .doc("File system of the volume, such as ext4; the driver's usual one if empty."),
    readOnly: boolean(10).doc('When true, the volume can only be read.'),
  },
)
export type ScaleIOVolumeSource = ValueOfShape<typeof scaleIOVolumeSource>

export const storageOSVolumeSource = shape(
  'io.k8s.api.core.v1.StorageOSVolumeSource',
  'A volume of StorageOS. No longer supported.',
  {
    volumeName: string(1).doc('Name of the volume.'),
    volumeNamespace: string(2).doc("Namespace of the volume at StorageOS; the pod's if empty."),
    fsType: string(3).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    readOnly: boolean(4).doc('When true, the volume can only be read.'),
    secretRef: struct(5, localObjectReference)
      .optional()
      .doc("Secret with the credentials, in the pod's namespace."),
  },
)
export type StorageOSVolumeSource = ValueOfShape<typeof storageOSVolumeSource>

export const flexVolumeSource = shape(
  'io.k8s.api.core.v1.FlexVolumeSource',
  'A volume of an exec-based driver. Deprecated in favour of CSI.',
  {
    driver: string(1).required().doc('Name of the driver.'),
    fsType: string(2).doc(
      "File system of the volume, such as ext4; the driver's usual one if empty.",
    ),
    secretRef: struct(3, localObjectReference)
      .optional()
      .doc("Secret with the credentials, in the pod's namespace."),
    readOnly: boolean(4).doc('When true, the volume can only be read.'),
    options: map(5, string()).doc('What the driver is told besides.'),
  },
)
export type FlexVolumeSource = ValueOfShape<typeof flexVolumeSource>

export const gitRepoVolumeSource = shape(
  'io.k8s.api.core.v1.GitRepoVolumeSource',
  'A clone of a git repository. No longer supported.',
  {
    repository: string(1).required().doc('URL of the repository.'),
    revision: string(2).doc('The commit to check out.'),
    directory: string(3).doc('Where to clone to, inside the volume.'),
  },
)
export type GitRepoVolumeSource = ValueOfShape<typeof gitRepoVolumeSource>
