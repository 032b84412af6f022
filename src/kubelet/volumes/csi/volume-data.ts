/** `vol_data.json`: what a kubelet notes beside a volume before a driver is asked for it, so that the next one can undo it. */
import type { Files } from '../../host-access.ts'
import type { CsiMount } from './csi-mount.ts'

/** Upstream's names. */
export interface VolumeData {
  readonly driverName: string
  readonly volumeHandle: string
  readonly specVolID?: string
  readonly nodeName?: string
  readonly attachmentID?: string
  readonly volumeLifecycleMode?: 'Persistent' | 'Ephemeral'
}

const MODE = 0o640
const LIMIT_BYTES = 64 * 1024

export const stagingData = ({ driver, handle }: CsiMount): VolumeData => ({
  driverName: driver,
  volumeHandle: handle,
})

export function targetData(mount: CsiMount, nodeName: string, attachment: string): VolumeData {
  return {
    attachmentID: attachment,
    driverName: mount.driver,
    nodeName,
    specVolID: mount.specName,
    volumeHandle: mount.handle,
    volumeLifecycleMode: mount.claimed ? 'Persistent' : 'Ephemeral',
  }
}

export async function writeVolumeData(files: Files, path: string, data: VolumeData): Promise<void> {
  await files.makeDirectory(path.slice(0, path.lastIndexOf('/')), 0o750)
  await files.write(path, new TextEncoder().encode(`${JSON.stringify(data)}\n`), { mode: MODE })
}

/** Undefined where there is none, or it does not say which volume of which driver it is about. */
export async function readVolumeData(files: Files, path: string): Promise<VolumeData | undefined> {
  const bytes = await files.read(path, LIMIT_BYTES)
  if (!bytes) return undefined
  try {
    const data = JSON.parse(new TextDecoder().decode(bytes)) as Partial<VolumeData> | null
    const isWhole = typeof data?.driverName === 'string' && typeof data.volumeHandle === 'string'
    return isWhole ? (data as VolumeData) : undefined
  } catch {
    return undefined
  }
}
