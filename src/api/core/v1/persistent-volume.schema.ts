import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  list,
  resourceList,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import {
  azureFilePersistentVolumeSource,
  cephFSPersistentVolumeSource,
  cinderPersistentVolumeSource,
  csiPersistentVolumeSource,
  flexPersistentVolumeSource,
  glusterfsPersistentVolumeSource,
  iscsiPersistentVolumeSource,
  localVolumeSource,
  rbdPersistentVolumeSource,
  scaleIOPersistentVolumeSource,
  storageOSPersistentVolumeSource,
} from './persistent-volume.schema.sources.ts'
import { accessMode } from './persistent-volume-claim.schema.ts'
import { nodeSelector } from './pod/schema.affinity.ts'
import {
  awsElasticBlockStoreVolumeSource,
  azureDiskVolumeSource,
  gcePersistentDiskVolumeSource,
  photonPersistentDiskVolumeSource,
  vsphereVirtualDiskVolumeSource,
} from './pod/schema.volumes.cloud.ts'
import {
  fcVolumeSource,
  flockerVolumeSource,
  nfsVolumeSource,
  portworxVolumeSource,
  quobyteVolumeSource,
} from './pod/schema.volumes.network.ts'
import { hostPathVolumeSource } from './pod/schema.volumes.ts'
import { objectReference } from './references.ts'

export const volumeNodeAffinity = shape(
  'io.k8s.api.core.v1.VolumeNodeAffinity',
  'From which nodes a volume can be reached.',
  {
    required: struct(1, nodeSelector).optional().doc('Only these nodes can use the volume.'),
  },
)
export type VolumeNodeAffinity = ValueOfShape<typeof volumeNodeAffinity>

/** Where the data is; a volume has exactly one of these. */
const sources = {
  gcePersistentDisk: struct(1, gcePersistentDiskVolumeSource)
    .optional()
    .deprecated()
    .doc('A disk of Google Compute Engine; served by its CSI driver.'),
  awsElasticBlockStore: struct(2, awsElasticBlockStoreVolumeSource)
    .optional()
    .deprecated()
    .doc('A block store volume of AWS; served by its CSI driver.'),
  hostPath: struct(3, hostPathVolumeSource)
    .optional()
    .doc('A directory of the node itself; for trials on a single node.'),
  glusterfs: struct(4, glusterfsPersistentVolumeSource)
    .optional()
    .deprecated()
    .doc('A volume of Gluster. No longer supported.'),
  nfs: struct(5, nfsVolumeSource).optional().doc('A directory of an NFS server.'),
  rbd: struct(6, rbdPersistentVolumeSource)
    .optional()
    .deprecated()
    .doc('A block device of Ceph. No longer supported.'),
  iscsi: struct(7, iscsiPersistentVolumeSource).optional().doc('A disk of an iSCSI target.'),
  cinder: struct(8, cinderPersistentVolumeSource)
    .optional()
    .deprecated()
    .doc('A volume of OpenStack; served by its CSI driver.'),
  cephfs: struct(9, cephFSPersistentVolumeSource)
    .optional()
    .deprecated()
    .doc('A file system of Ceph. No longer supported.'),
  fc: struct(10, fcVolumeSource).optional().doc('A disk on Fibre Channel.'),
  flocker: struct(11, flockerVolumeSource)
    .optional()
    .deprecated()
    .doc('A volume of Flocker. No longer supported.'),
  flexVolume: struct(12, flexPersistentVolumeSource)
    .optional()
    .deprecated()
    .doc('A volume of an exec-based driver; use CSI.'),
  azureFile: struct(13, azureFilePersistentVolumeSource)
    .optional()
    .deprecated()
    .doc('A file share of Azure; served by its CSI driver.'),
  vsphereVolume: struct(14, vsphereVirtualDiskVolumeSource)
    .optional()
    .deprecated()
    .doc('A disk of vSphere; served by its CSI driver.'),
  quobyte: struct(15, quobyteVolumeSource)
    .optional()
    .deprecated()
    .doc('A volume of Quobyte. No longer supported.'),
  azureDisk: struct(16, azureDiskVolumeSource)
    .optional()
    .deprecated()
    .doc('A disk of Azure; served by its CSI driver.'),
  photonPersistentDisk: struct(17, photonPersistentDiskVolumeSource)
    .optional()
    .deprecated()
    .doc('A disk of the Photon controller. No longer supported.'),
  portworxVolume: struct(18, portworxVolumeSource)
    .optional()
    .deprecated()
    .doc('A volume of Portworx; served by its CSI driver.'),
  scaleIO: struct(19, scaleIOPersistentVolumeSource)
    .optional()
    .deprecated()
    .doc('A volume of ScaleIO. No longer supported.'),
  local: struct(20, localVolumeSource).optional().doc('A disk or directory of one known node.'),
  storageos: struct(21, storageOSPersistentVolumeSource)
    .optional()
    .deprecated()
    .doc('A volume of StorageOS. No longer supported.'),
  csi: struct(22, csiPersistentVolumeSource).optional().doc('A volume that a CSI driver serves.'),
}
export type PersistentVolumeSourceName = keyof typeof sources
/** In upstream's order of validation, which decides which of two sources is one too many. */
export const PERSISTENT_VOLUME_SOURCES: readonly PersistentVolumeSourceName[] = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
]

export const persistentVolumeSpec = shape(
  'io.k8s.api.core.v1.PersistentVolumeSpec',
  'Where a volume is, how large, and who may use it how.',
  {
    capacity: resourceList(1).doc('How much it holds; storage is the only resource.'),
    ...sources,
    accessModes: list(3, accessMode).atomic().doc('All the ways in which it can be mounted.'),
    claimRef: struct(4, objectReference)
      .optional()
      .granular()
      .doc('The claim that has it, or for which it is kept.'),
    persistentVolumeReclaimPolicy: string(5)
      .enum('Delete', 'Recycle', 'Retain')
      .doc('What becomes of it when its claim goes: Retain, Delete, or Recycle (deprecated).'),
    storageClassName: string(6).doc('Its class of storage; no class if empty.'),
    mountOptions: list(7, string()).atomic().doc('Options of mount; not checked beforehand.'),
    volumeMode: string(8)
      .enum('Block', 'Filesystem')
      .optional()
      .doc('Whether pods see a file system or the raw device.'),
    nodeAffinity: struct(9, volumeNodeAffinity)
      .optional()
      .doc('The nodes from which it can be reached; all of them if absent.'),
    volumeAttributesClassName: string(10)
      .optional()
      .doc('The class whose attributes it has; set when claim and volume agree.'),
  },
  {
    inlined: [
      {
        number: 2,
        shapeName: 'io.k8s.api.core.v1.PersistentVolumeSource',
        fields: Object.keys(sources),
      },
    ],
  },
)
export type PersistentVolumeSpec = ValueOfShape<typeof persistentVolumeSpec>

export const persistentVolumeStatus = shape(
  'io.k8s.api.core.v1.PersistentVolumeStatus',
  'How a volume is doing.',
  {
    phase: string(1)
      .enum('Available', 'Bound', 'Failed', 'Pending', 'Released')
      .doc(
        'Pending, Available, Bound, then Released when its claim is gone; Failed if that broke.',
      ),
    message: string(2).doc('Why it is in this phase, as a sentence for people.'),
    reason: string(3).doc('Why it failed, as one CamelCase word for programs.'),
    lastPhaseTransitionTime: time(4).optional().doc('When the phase last changed.'),
  },
)
export type PersistentVolumeStatus = ValueOfShape<typeof persistentVolumeStatus>

export const persistentVolumeShape = objectShape(
  'io.k8s.api.core.v1.PersistentVolume',
  'A piece of storage that lives longer than any pod; claims ask for one.',
  {
    spec: struct(2, persistentVolumeSpec).always().doc('Where it is, how large, and for whom.'),
    status: struct(3, persistentVolumeStatus).always().doc('How it is doing.'),
  },
)
export type PersistentVolume = ObjectOfShape<typeof persistentVolumeShape>
