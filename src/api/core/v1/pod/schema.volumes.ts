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
  'A file or directory of the node itself.',
  {
    path: string(1).required().doc('Where it lies on the node; links are followed.'),
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
      .doc('What must be there, or is made; empty checks nothing.'),
  },
)
export type HostPathVolumeSource = ValueOfShape<typeof hostPathVolumeSource>

export const emptyDirVolumeSource = shape(
  'io.k8s.api.core.v1.EmptyDirVolumeSource',
  'A directory that begins empty and lives as long as the pod.',
  {
    medium: string(1).doc("Memory keeps it in RAM; the node's disk if empty."),
    sizeLimit: quantity(2).optional().doc('More than this evicts the pod.'),
  },
)
export type EmptyDirVolumeSource = ValueOfShape<typeof emptyDirVolumeSource>

export const persistentVolumeClaimVolumeSource = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource',
  "The volume behind a claim in the pod's namespace.",
  {
    claimName: string(1).required().doc('Name of the claim.'),
    readOnly: boolean(2).doc('When true, the volume can only be read.'),
  },
)
export type PersistentVolumeClaimVolumeSource = ValueOfShape<
  typeof persistentVolumeClaimVolumeSource
>

export const csiVolumeSource = shape(
  'io.k8s.api.core.v1.CSIVolumeSource',
  'A volume that a CSI driver makes for this pod alone.',
  {
    driver: string(1).required().doc('Name of the driver.'),
    readOnly: boolean(2).optional().doc('When true, the volume can only be read.'),
    fsType: string(3)
      .optional()
      .doc("File system of the volume, such as ext4; the driver's usual one if empty."),
    volumeAttributes: map(4, string()).doc('What the driver is told besides.'),
    nodePublishSecretRef: struct(5, localObjectReference)
      .optional()
      .doc('Secret that the driver gets when it mounts the volume.'),
  },
)
export type CSIVolumeSource = ValueOfShape<typeof csiVolumeSource>

export const ephemeralVolumeSource = shape(
  'io.k8s.api.core.v1.EphemeralVolumeSource',
  'A volume that is claimed for this pod and goes with it.',
  {
    volumeClaimTemplate: struct(1, persistentVolumeClaimTemplate)
      .optional()
      .doc('The claim, made as <pod>-<volume>.'),
  },
)
export type EphemeralVolumeSource = ValueOfShape<typeof ephemeralVolumeSource>

export const imageVolumeSource = shape(
  'io.k8s.api.core.v1.ImageVolumeSource',
  'The content of an image or artifact as a read-only directory.',
  {
    reference: string(1).doc('Name of the image or artifact.'),
    pullPolicy: string(2)
      .enum('Always', 'Never', 'IfNotPresent')
      .doc('When it is pulled: Always, IfNotPresent or Never.'),
  },
)
export type ImageVolumeSource = ValueOfShape<typeof imageVolumeSource>

export const volumeSource = shape(
  'io.k8s.api.core.v1.VolumeSource',
  'Where a volume comes from; exactly one field is set.',
  {
    hostPath: struct(1, hostPathVolumeSource)
      .optional()
      .doc('A file or directory of the node itself.'),
    emptyDir: struct(2, emptyDirVolumeSource)
      .optional()
      .doc('A directory that begins empty and lives as long as the pod.'),
    gcePersistentDisk: struct(3, gcePersistentDiskVolumeSource)
      .optional()
      .deprecated()
      .doc('A disk of Google Compute Engine; served by its CSI driver.'),
    awsElasticBlockStore: struct(4, awsElasticBlockStoreVolumeSource)
      .optional()
      .deprecated()
      .doc('A block store volume of AWS; served by its CSI driver.'),
    gitRepo: struct(5, gitRepoVolumeSource)
      .optional()
      .deprecated()
      .doc('A clone of a git repository. No longer supported; use an init container.'),
    secret: struct(6, secretVolumeSource).optional().doc('The values of a secret as files.'),
    nfs: struct(7, nfsVolumeSource).optional().doc('A directory of an NFS server.'),
    iscsi: struct(8, iscsiVolumeSource).optional().doc('A disk of an iSCSI target.'),
    glusterfs: struct(9, glusterfsVolumeSource)
      .optional()
      .deprecated()
      .doc('A volume of Gluster. No longer supported.'),
    persistentVolumeClaim: struct(10, persistentVolumeClaimVolumeSource)
      .optional()
      .doc('The volume behind a claim.'),
    rbd: struct(11, rbdVolumeSource)
      .optional()
      .deprecated()
      .doc('A block device of Ceph. No longer supported.'),
    flexVolume: struct(12, flexVolumeSource)
      .optional()
      .deprecated()
      .doc('A volume of an exec-based driver; use CSI.'),
    cinder: struct(13, cinderVolumeSource)
      .optional()
      .deprecated()
      .doc('A volume of OpenStack; served by its CSI driver.'),
    cephfs: struct(14, cephFSVolumeSource)
      .optional()
      .deprecated()
      .doc('A file system of Ceph. No longer supported.'),
    flocker: struct(15, flockerVolumeSource)
      .optional()
      .deprecated()
      .doc('A volume of Flocker. No longer supported.'),
    downwardAPI: struct(16, downwardAPIVolumeSource)
      .optional()
      .doc('Facts about the pod itself as files.'),
    fc: struct(17, fcVolumeSource).optional().doc('A disk on Fibre Channel.'),
    azureFile: struct(18, azureFileVolumeSource)
      .optional()
      .deprecated()
      .doc('A file share of Azure; served by its CSI driver.'),
    configMap: struct(19, configMapVolumeSource)
      .optional()
      .doc('The values of a config map as files.'),
    vsphereVolume: struct(20, vsphereVirtualDiskVolumeSource)
      .optional()
      .deprecated()
      .doc('A disk of vSphere; served by its CSI driver.'),
    quobyte: struct(21, quobyteVolumeSource)
      .optional()
      .deprecated()
      .doc('A volume of Quobyte. No longer supported.'),
    azureDisk: struct(22, azureDiskVolumeSource)
      .optional()
      .deprecated()
      .doc('A disk of Azure; served by its CSI driver.'),
    photonPersistentDisk: struct(23, photonPersistentDiskVolumeSource)
      .optional()
      .deprecated()
      .doc('A disk of the Photon controller. No longer supported.'),
    projected: struct(26, projectedVolumeSource)
      .optional()
      .doc('Several sources in one directory.'),
    portworxVolume: struct(24, portworxVolumeSource)
      .optional()
      .deprecated()
      .doc('A volume of Portworx; served by its CSI driver.'),
    scaleIO: struct(25, scaleIOVolumeSource)
      .optional()
      .deprecated()
      .doc('A volume of ScaleIO. No longer supported.'),
    storageos: struct(27, storageOSVolumeSource)
      .optional()
      .deprecated()
      .doc('A volume of StorageOS. No longer supported.'),
    csi: struct(28, csiVolumeSource)
      .optional()
      .doc('A volume that a CSI driver makes for this pod alone.'),
    ephemeral: struct(29, ephemeralVolumeSource)
      .optional()
      .doc('A volume that is claimed for this pod and goes with it.'),
    image: struct(30, imageVolumeSource)
      .optional()
      .doc('The content of an image as a read-only directory.'),
  },
)
export type VolumeSource = ValueOfShape<typeof volumeSource>

export const volume = shape(
  'io.k8s.api.core.v1.Volume',
  'A volume of a pod, which its containers can mount.',
  {
    name: string(1)
      .required()
      .doc('Name by which containers mount it; a DNS label, unique in the pod.'),
    ...volumeSource.fields,
  },
  { inlined: [{ number: 2, shapeName: 'VolumeSource', fields: Object.keys(volumeSource.fields) }] },
)
export type Volume = ValueOfShape<typeof volume>
