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

export const nfsVolumeSource = shape('io.k8s.api.core.v1.NFSVolumeSource', 'core.NFSVolumeSource', {
  server: string(1).required().doc('core.NFSVolumeSource.server'),
  path: string(2).required().doc('core.NFSVolumeSource.path'),
  readOnly: boolean(3).doc('core.NFSVolumeSource.readOnly'),
})
export type NFSVolumeSource = ValueOfShape<typeof nfsVolumeSource>

export const iscsiVolumeSource = shape(
  'io.k8s.api.core.v1.ISCSIVolumeSource',
  'core.ISCSIVolumeSource',
  {
    targetPortal: string(1).required().doc('core.ISCSIVolumeSource.targetPortal'),
    iqn: string(2).required().doc('core.ISCSIVolumeSource.iqn'),
    lun: int32(3).required().doc('core.ISCSIVolumeSource.lun'),
    iscsiInterface: string(4).default('default').doc('core.ISCSIVolumeSource.iscsiInterface'),
    fsType: string(5).doc('core.ISCSIVolumeSource.fsType'),
    readOnly: boolean(6).doc('core.ISCSIVolumeSource.readOnly'),
    portals: list(7, string()).atomic().doc('core.ISCSIVolumeSource.portals'),
    chapAuthDiscovery: boolean(8).doc('core.ISCSIVolumeSource.chapAuthDiscovery'),
    chapAuthSession: boolean(11).doc('core.ISCSIVolumeSource.chapAuthSession'),
    secretRef: struct(10, localObjectReference)
      .optional()
      .atomic()
      .doc('core.ISCSIVolumeSource.secretRef'),
    initiatorName: string(12).optional().doc('core.ISCSIVolumeSource.initiatorName'),
  },
)
export type ISCSIVolumeSource = ValueOfShape<typeof iscsiVolumeSource>

export const fcVolumeSource = shape('io.k8s.api.core.v1.FCVolumeSource', 'core.FCVolumeSource', {
  targetWWNs: list(1, string()).atomic().doc('core.FCVolumeSource.targetWWNs'),
  lun: int32(2).optional().doc('core.FCVolumeSource.lun'),
  fsType: string(3).doc('core.FCVolumeSource.fsType'),
  readOnly: boolean(4).doc('core.FCVolumeSource.readOnly'),
  wwids: list(5, string()).atomic().doc('core.FCVolumeSource.wwids'),
})
export type FCVolumeSource = ValueOfShape<typeof fcVolumeSource>

export const glusterfsVolumeSource = shape(
  'io.k8s.api.core.v1.GlusterfsVolumeSource',
  'core.GlusterfsVolumeSource',
  {
    endpoints: string(1).required().doc('core.GlusterfsVolumeSource.endpoints'),
    path: string(2).required().doc('core.GlusterfsVolumeSource.path'),
    readOnly: boolean(3).doc('core.GlusterfsVolumeSource.readOnly'),
  },
)
export type GlusterfsVolumeSource = ValueOfShape<typeof glusterfsVolumeSource>

export const rbdVolumeSource = shape('io.k8s.api.core.v1.RBDVolumeSource', 'core.RBDVolumeSource', {
  monitors: list(1, string()).required().atomic().doc('core.RBDVolumeSource.monitors'),
  image: string(2).required().doc('core.RBDVolumeSource.image'),
  fsType: string(3).doc('core.RBDVolumeSource.fsType'),
  pool: string(4).default('rbd').doc('core.RBDVolumeSource.pool'),
  user: string(5).default('admin').doc('core.RBDVolumeSource.user'),
  keyring: string(6).default('/etc/ceph/keyring').doc('core.RBDVolumeSource.keyring'),
  secretRef: struct(7, localObjectReference)
    .optional()
    .atomic()
    .doc('core.RBDVolumeSource.secretRef'),
  readOnly: boolean(8).doc('core.RBDVolumeSource.readOnly'),
})
export type RBDVolumeSource = ValueOfShape<typeof rbdVolumeSource>

export const cephFSVolumeSource = shape(
  'io.k8s.api.core.v1.CephFSVolumeSource',
  'core.CephFSVolumeSource',
  {
    monitors: list(1, string()).required().atomic().doc('core.CephFSVolumeSource.monitors'),
    path: string(2).doc('core.CephFSVolumeSource.path'),
    user: string(3).doc('core.CephFSVolumeSource.user'),
    secretFile: string(4).doc('core.CephFSVolumeSource.secretFile'),
    secretRef: struct(5, localObjectReference)
      .optional()
      .atomic()
      .doc('core.CephFSVolumeSource.secretRef'),
    readOnly: boolean(6).doc('core.CephFSVolumeSource.readOnly'),
  },
)
export type CephFSVolumeSource = ValueOfShape<typeof cephFSVolumeSource>

export const cinderVolumeSource = shape(
  'io.k8s.api.core.v1.CinderVolumeSource',
  'core.CinderVolumeSource',
  {
    volumeID: string(1).required().doc('core.CinderVolumeSource.volumeID'),
    fsType: string(2).doc('core.CinderVolumeSource.fsType'),
    readOnly: boolean(3).doc('core.CinderVolumeSource.readOnly'),
    secretRef: struct(4, localObjectReference)
      .optional()
      .atomic()
      .doc('core.CinderVolumeSource.secretRef'),
  },
)
export type CinderVolumeSource = ValueOfShape<typeof cinderVolumeSource>

export const flockerVolumeSource = shape(
  'io.k8s.api.core.v1.FlockerVolumeSource',
  'core.FlockerVolumeSource',
  {
    datasetName: string(1).doc('core.FlockerVolumeSource.datasetName'),
    datasetUUID: string(2).doc('core.FlockerVolumeSource.datasetUUID'),
  },
)
export type FlockerVolumeSource = ValueOfShape<typeof flockerVolumeSource>

export const quobyteVolumeSource = shape(
  'io.k8s.api.core.v1.QuobyteVolumeSource',
  'core.QuobyteVolumeSource',
  {
    registry: string(1).required().doc('core.QuobyteVolumeSource.registry'),
    volume: string(2).required().doc('core.QuobyteVolumeSource.volume'),
    readOnly: boolean(3).doc('core.QuobyteVolumeSource.readOnly'),
    user: string(4).doc('core.QuobyteVolumeSource.user'),
    group: string(5).doc('core.QuobyteVolumeSource.group'),
    tenant: string(6).doc('core.QuobyteVolumeSource.tenant'),
  },
)
export type QuobyteVolumeSource = ValueOfShape<typeof quobyteVolumeSource>

export const portworxVolumeSource = shape(
  'io.k8s.api.core.v1.PortworxVolumeSource',
  'core.PortworxVolumeSource',
  {
    volumeID: string(1).required().doc('core.PortworxVolumeSource.volumeID'),
    fsType: string(2).doc('core.PortworxVolumeSource.fsType'),
    readOnly: boolean(3).doc('core.PortworxVolumeSource.readOnly'),
  },
)
export type PortworxVolumeSource = ValueOfShape<typeof portworxVolumeSource>

export const scaleIOVolumeSource = shape(
  'io.k8s.api.core.v1.ScaleIOVolumeSource',
  'core.ScaleIOVolumeSource',
  {
    gateway: string(1).required().doc('core.ScaleIOVolumeSource.gateway'),
    system: string(2).required().doc('core.ScaleIOVolumeSource.system'),
    secretRef: struct(3, localObjectReference)
      .optional()
      .atomic()
      .doc('core.ScaleIOVolumeSource.secretRef'),
    sslEnabled: boolean(4).doc('core.ScaleIOVolumeSource.sslEnabled'),
    protectionDomain: string(5).doc('core.ScaleIOVolumeSource.protectionDomain'),
    storagePool: string(6).doc('core.ScaleIOVolumeSource.storagePool'),
    storageMode: string(7).default('ThinProvisioned').doc('core.ScaleIOVolumeSource.storageMode'),
    volumeName: string(8).doc('core.ScaleIOVolumeSource.volumeName'),
    fsType: string(9).default('xfs').doc('core.ScaleIOVolumeSource.fsType'),
    readOnly: boolean(10).doc('core.ScaleIOVolumeSource.readOnly'),
  },
)
export type ScaleIOVolumeSource = ValueOfShape<typeof scaleIOVolumeSource>

export const storageOSVolumeSource = shape(
  'io.k8s.api.core.v1.StorageOSVolumeSource',
  'core.StorageOSVolumeSource',
  {
    volumeName: string(1).doc('core.StorageOSVolumeSource.volumeName'),
    volumeNamespace: string(2).doc('core.StorageOSVolumeSource.volumeNamespace'),
    fsType: string(3).doc('core.StorageOSVolumeSource.fsType'),
    readOnly: boolean(4).doc('core.StorageOSVolumeSource.readOnly'),
    secretRef: struct(5, localObjectReference)
      .optional()
      .atomic()
      .doc('core.StorageOSVolumeSource.secretRef'),
  },
)
export type StorageOSVolumeSource = ValueOfShape<typeof storageOSVolumeSource>

export const flexVolumeSource = shape(
  'io.k8s.api.core.v1.FlexVolumeSource',
  'core.FlexVolumeSource',
  {
    driver: string(1).required().doc('core.FlexVolumeSource.driver'),
    fsType: string(2).doc('core.FlexVolumeSource.fsType'),
    secretRef: struct(3, localObjectReference)
      .optional()
      .atomic()
      .doc('core.FlexVolumeSource.secretRef'),
    readOnly: boolean(4).doc('core.FlexVolumeSource.readOnly'),
    options: map(5, string()).doc('core.FlexVolumeSource.options'),
  },
)
export type FlexVolumeSource = ValueOfShape<typeof flexVolumeSource>

export const gitRepoVolumeSource = shape(
  'io.k8s.api.core.v1.GitRepoVolumeSource',
  'core.GitRepoVolumeSource',
  {
    repository: string(1).required().doc('core.GitRepoVolumeSource.repository'),
    revision: string(2).doc('core.GitRepoVolumeSource.revision'),
    directory: string(3).doc('core.GitRepoVolumeSource.directory'),
  },
)
export type GitRepoVolumeSource = ValueOfShape<typeof gitRepoVolumeSource>
