/**
 * The CSI volumes that this node has or wants: who uses each, and whether it is staged. Written down by what lies on disk, so that
 * a kubelet that starts anew takes over what the one before it left.
 */
import type { Files } from '../../host-access.ts'
import { devicePaths, type MountPaths, mountPaths } from './csi-mount.ts'
import { readVolumeData } from './volume-data.ts'
import {
  devicesDirectory,
  isDriverDirectory,
  pluginDirectory,
  podDevicesDirectory,
  podVolumesDirectory,
  uniqueNameOf,
  VOLUME_DATA,
} from './volume-paths.ts'

export interface NodeVolume {
  readonly uniqueName: string
  readonly driver: string
  readonly handle: string
  readonly specName: string
  readonly isBlock: boolean
  /** The control plane attaches it, and must not take it away while it is here. */
  isAttachable: boolean
  /** By UID, the pods that have it or wait for it. */
  readonly users: Set<string>
  /** Where it was staged, or may have been. */
  staged: Pick<MountPaths, 'staging' | 'stagingData'> | undefined
  /** This kubelet has seen the driver stage it. */
  isStagedForSure: boolean
  /** Nothing of it is left here; who comes later makes it anew. */
  isGone: boolean
}

/** What one pod has of one volume. */
export interface PodVolume {
  readonly uid: string
  readonly specName: string
  readonly driver: string
  readonly handle: string
  readonly isBlock: boolean
  /** It lives and dies with its pod. */
  readonly isInline: boolean
  readonly paths: MountPaths
}

const volumeFrom = (
  found: Pick<PodVolume, 'driver' | 'handle' | 'specName' | 'isBlock' | 'isInline'>,
): NodeVolume => ({
  ...{ driver: found.driver, handle: found.handle, specName: found.specName },
  uniqueName: uniqueNameOf(found.driver, found.handle),
  isBlock: found.isBlock,
  // Nobody knows yet: to take away what is in use would lose data, to keep what is not costs a moment.
  isAttachable: !found.isInline,
  users: new Set(),
  staged: undefined,
  isStagedForSure: false,
  isGone: false,
})

/** Everything that the disk tells, by unique name. */
export async function volumesOnDisk(files: Files, root: string): Promise<Map<string, NodeVolume>> {
  const volumes = new Map<string, NodeVolume>()
  const at = (found: Parameters<typeof volumeFrom>[0]): NodeVolume => {
    const fresh = volumeFrom(found)
    const volume = volumes.get(fresh.uniqueName) ?? fresh
    volumes.set(fresh.uniqueName, volume)
    return volume
  }
  const drivers = (await files.names(pluginDirectory(root))).filter(isDriverDirectory)
  for (const driver of drivers)
    for (const name of await files.names(`${pluginDirectory(root)}/${driver}`)) {
      const stagingData = `${pluginDirectory(root)}/${driver}/${name}/${VOLUME_DATA}`
      const data = await readVolumeData(files, stagingData)
      if (!data) continue
      const { driverName, volumeHandle: handle } = data
      const volume = at({
        driver: driverName,
        handle,
        specName: '',
        isBlock: false,
        isInline: false,
      })
      volume.staged = { stagingData, staging: stagingData.replace(VOLUME_DATA, 'globalmount') }
    }
  const devices = devicesDirectory(root)
  for (const specName of await files.names(devices)) {
    const paths = devicePaths(root, { specName, uid: '' })
    const data = await readVolumeData(files, paths.stagingData)
    if (!data) continue
    const { driverName: driver, volumeHandle: handle } = data
    const volume = at({ driver, handle, specName, isBlock: true, isInline: false })
    volume.staged = { staging: paths.staging, stagingData: paths.stagingData }
  }
  for (const uid of await files.names(`${root}/pods`))
    for (const found of await volumesOfPod(files, root, uid)) at(found).users.add(uid)
  return volumes
}

/** What the disk tells of one pod. Directories that nothing tells about are left out. */
export async function volumesOfPod(
  files: Files,
  root: string,
  uid: string,
): Promise<readonly PodVolume[]> {
  const found: PodVolume[] = []
  const directory = podVolumesDirectory(root, uid)
  for (const specName of await files.names(directory)) {
    const data = await readVolumeData(files, `${directory}/${specName}/${VOLUME_DATA}`)
    if (!data) continue
    const { driverName: driver, volumeHandle: handle } = data
    const paths = mountPaths(root, { driver, handle, specName, uid })
    const isInline = data.volumeLifecycleMode === 'Ephemeral'
    found.push({ uid, specName, driver, handle, isBlock: false, isInline, paths })
  }
  for (const specName of await files.names(podDevicesDirectory(root, uid))) {
    const paths = devicePaths(root, { specName, uid })
    const data = await readVolumeData(files, paths.targetData)
    if (!data) continue
    const { driverName: driver, volumeHandle: handle } = data
    found.push({ uid, specName, driver, handle, isBlock: true, isInline: false, paths })
  }
  return found
}
