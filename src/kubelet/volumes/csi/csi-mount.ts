/** One volume of one pod that a CSI driver serves: what is to be mounted, and where. Pure. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, uidOf, type Volume } from '../../pod-types.ts'
import { accessMode, nodeCapability, type VolumeCapability } from './messages.ts'
import {
  devicesDirectory,
  inlineHandleOf,
  podDevicesDirectory,
  podVolumesDirectory,
  stagingDirectory,
  uniqueNameOf,
  VOLUME_DATA,
} from './volume-paths.ts'

export interface SecretReference {
  readonly namespace: string
  readonly name: string
}

/** Behind a claim. */
export interface Claimed {
  readonly volume: PersistentVolume
  readonly claim: PersistentVolumeClaim
}

export interface CsiMount {
  readonly pod: Pod
  /** As the pod calls it. */
  readonly volumeName: string
  /** The PersistentVolume's name; the pod's own word for a volume that stands in the pod. */
  readonly specName: string
  readonly uniqueName: string
  readonly driver: string
  readonly handle: string
  readonly claimed: Claimed | undefined
  readonly isBlock: boolean
  readonly readOnly: boolean
  readonly fsType: string
  readonly mountFlags: readonly string[]
  readonly accessModes: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
  readonly stageSecret: SecretReference | undefined
  readonly publishSecret: SecretReference | undefined
  readonly expandSecret: SecretReference | undefined
  readonly paths: MountPaths
}

export interface MountPaths {
  /** Node-wide. */
  readonly staging: string
  /** What tells a later kubelet of the staging. */
  readonly stagingData: string
  /** The pod's own: a directory, or a file that is a device. */
  readonly target: string
  /** What tells a later kubelet of the target. */
  readonly targetData: string
  /** What a pod with a device has in its own directory: a link to the target. */
  readonly deviceLink: string | undefined
}

/** Of a volume that stands in the pod, which must have `csi`. */
export function inlineMount(pod: Pod, volume: Volume, root: string): CsiMount {
  const source = volume.csi
  if (!source) throw new Error(`volume "${volume.name}" is not one of a CSI driver`)
  const { driver } = source
  const handle = inlineHandleOf(uidOf(pod), volume.name)
  const secret = source.nodePublishSecretRef?.name
  return {
    ...{ pod, volumeName: volume.name, specName: volume.name, driver, handle },
    uniqueName: uniqueNameOf(driver, handle),
    claimed: undefined,
    isBlock: false,
    readOnly: source.readOnly ?? false,
    fsType: source.fsType ?? '',
    mountFlags: [],
    accessModes: ['ReadWriteOnce'],
    attributes: source.volumeAttributes ?? {},
    stageSecret: undefined,
    publishSecret: secret ? { namespace: pod.metadata.namespace ?? '', name: secret } : undefined,
    expandSecret: undefined,
    paths: mountPaths(root, { driver, handle, specName: volume.name, uid: uidOf(pod) }),
  }
}

/** Of a volume behind a claim, which must have `csi`. */
export function claimedMount(pod: Pod, volume: Volume, claimed: Claimed, root: string): CsiMount {
  const { metadata, spec } = claimed.volume
  const source = spec.csi
  if (!source) throw new Error(`volume "${metadata.name}" is not one of a CSI driver`)
  const { driver, volumeHandle: handle } = source
  const specName = metadata.name ?? ''
  const isBlock = spec.volumeMode === 'Block'
  const place = { driver, handle, specName, uid: uidOf(pod) }
  return {
    ...{ pod, volumeName: volume.name, specName, driver, handle, claimed, isBlock },
    uniqueName: uniqueNameOf(driver, handle),
    readOnly: (volume.persistentVolumeClaim?.readOnly ?? false) || (source.readOnly ?? false),
    fsType: source.fsType ?? '',
    mountFlags: spec.mountOptions ?? [],
    accessModes: spec.accessModes ?? [],
    attributes: source.volumeAttributes ?? {},
    stageSecret: secretOf(source.nodeStageSecretRef),
    publishSecret: secretOf(source.nodePublishSecretRef),
    expandSecret: secretOf(source.nodeExpandSecretRef),
    paths: isBlock ? devicePaths(root, place) : mountPaths(root, place),
  }
}

function secretOf(
  reference: { readonly name?: string; readonly namespace?: string } | undefined,
): SecretReference | undefined {
  const { name, namespace } = reference ?? {}
  return name && namespace ? { name, namespace } : undefined
}

export interface Place {
  readonly driver: string
  readonly handle: string
  readonly specName: string
  readonly uid: string
}

export function mountPaths(root: string, { driver, handle, specName, uid }: Place): MountPaths {
  const staging = stagingDirectory(root, driver, handle)
  const own = `${podVolumesDirectory(root, uid)}/${specName}`
  return {
    staging: `${staging}/globalmount`,
    stagingData: `${staging}/${VOLUME_DATA}`,
    target: `${own}/mount`,
    targetData: `${own}/${VOLUME_DATA}`,
    deviceLink: undefined,
  }
}

export function devicePaths(
  root: string,
  { specName, uid }: Pick<Place, 'specName' | 'uid'>,
): MountPaths {
  const devices = devicesDirectory(root)
  const data = `${devices}/${specName}/data/${VOLUME_DATA}`
  return {
    staging: `${devices}/staging/${specName}`,
    stagingData: data,
    target: `${devices}/publish/${specName}/${uid}`,
    targetData: data,
    deviceLink: `${podDevicesDirectory(root, uid)}/${specName}`,
  }
}

/** What the driver is told of how the volume is used. `group` is handed over to drivers that give the files to it themselves. */
export function capabilityOf(
  { isBlock, fsType, mountFlags, accessModes }: CsiMount,
  capabilities: ReadonlySet<number>,
  group?: number,
): VolumeCapability {
  const knowsSinglePods = capabilities.has(nodeCapability.singleNodeMultiWriter)
  const mode = csiAccessMode(accessModes[0] ?? 'ReadWriteOnce', knowsSinglePods)
  if (isBlock) return { block: {}, accessMode: { mode } }
  const takesGroup = group !== undefined && capabilities.has(nodeCapability.volumeMountGroup)
  return {
    mount: { fsType, mountFlags, ...(takesGroup ? { volumeMountGroup: String(group) } : {}) },
    accessMode: { mode },
  }
}

function csiAccessMode(mode: string, knowsSinglePods: boolean): number {
  if (mode === 'ReadOnlyMany') return accessMode.multiNodeReaderOnly
  if (mode === 'ReadWriteMany') return accessMode.multiNodeMultiWriter
  if (!knowsSinglePods) return accessMode.singleNodeWriter
  return mode === 'ReadWriteOncePod'
    ? accessMode.singleNodeSingleWriter
    : accessMode.singleNodeMultiWriter
}
