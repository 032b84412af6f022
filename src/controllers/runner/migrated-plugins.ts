/** Plugins that Kubernetes once had within, and the CSI drivers that do their work now. */
import type {
  PersistentVolume,
  PersistentVolumeSourceName,
} from '#api/core/v1/persistent-volume.ts'

const DRIVERS: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/azure-file': 'file.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/portworx-volume': 'pxd.portworx.com',
  'kubernetes.io/vsphere-volume': 'csi.vsphere.vmware.com',
}

/** The driver of a plugin that has moved out; undefined for any other provisioner. */
export function driverOf(provisioner: string): string | undefined {
  return Object.hasOwn(DRIVERS, provisioner) ? DRIVERS[provisioner] : undefined
}

/** Nobody outside makes or deletes volumes under such a name. */
export const isInTree = (provisioner: string): boolean => provisioner.startsWith('kubernetes.io/')

const SOURCES: Partial<Record<PersistentVolumeSourceName, string>> = {
  awsElasticBlockStore: 'kubernetes.io/aws-ebs',
  azureDisk: 'kubernetes.io/azure-disk',
  azureFile: 'kubernetes.io/azure-file',
  cinder: 'kubernetes.io/cinder',
  gcePersistentDisk: 'kubernetes.io/gce-pd',
  portworxVolume: 'kubernetes.io/portworx-volume',
  vsphereVolume: 'kubernetes.io/vsphere-volume',
}

/** The plugin whose volume it is, where that has moved out. */
export function migratedPluginOf({ spec }: PersistentVolume): string | undefined {
  const source = Object.keys(spec).find(key => Object.hasOwn(SOURCES, key))
  return SOURCES[source as PersistentVolumeSourceName]
}
