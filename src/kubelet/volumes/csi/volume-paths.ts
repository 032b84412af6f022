/** Where CSI volumes are on a node: upstream's paths below the kubelet's directory, by which drivers and a later kubelet find them. */
import { createHash } from 'node:crypto'
import { podDirectory } from '../../containers/hosts-mount.ts'

export const CSI_DIRECTORY = 'kubernetes.io~csi'
export const VOLUME_DATA = 'vol_data.json'
/** Among the directories of drivers: what belongs to volumes that are devices. */
const DEVICES = 'volumeDevices'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** As nodes name it in their status, and what one volume is known by here. */
export const uniqueNameOf = (driver: string, handle: string): string =>
  `kubernetes.io/csi/${driver}^${handle}`

export const attachmentNameOf = (driver: string, handle: string, nodeName: string): string =>
  `csi-${sha256(`${handle}${driver}${nodeName}`)}`

/** What a volume is called that lives and dies with its pod. */
export const inlineHandleOf = (podUid: string, volumeName: string): string =>
  `csi-${sha256(`${podUid}${volumeName}`)}`

/** Of what all pods of a node have in common: `plugins/kubernetes.io/csi`. */
export const pluginDirectory = (root: string): string => `${root}/plugins/kubernetes.io/csi`

/** Of one volume's node-wide mount; the directory holds `globalmount` and the volume's data. */
export const stagingDirectory = (root: string, driver: string, handle: string): string =>
  `${pluginDirectory(root)}/${driver}/${sha256(handle)}`

export const devicesDirectory = (root: string): string => `${pluginDirectory(root)}/${DEVICES}`

/** Neither is the directory of a driver. */
export const isDriverDirectory = (name: string): boolean => name !== DEVICES && name !== 'pv'

export const podVolumesDirectory = (root: string, uid: string): string =>
  `${podDirectory(root, uid)}/volumes/${CSI_DIRECTORY}`

export const podDevicesDirectory = (root: string, uid: string): string =>
  `${podDirectory(root, uid)}/volumeDevices/${CSI_DIRECTORY}`
