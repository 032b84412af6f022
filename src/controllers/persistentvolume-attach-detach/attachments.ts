/** The names under which nodes, attachers and this controller know a volume of a driver. */
import { createHash } from 'node:crypto'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'

/** As nodes say it in `status.volumesAttached`; undefined for volumes that need no driver. */
export function uniqueNameOf({ spec }: PersistentVolume): string | undefined {
  return spec.csi ? `kubernetes.io/csi/${spec.csi.driver}^${spec.csi.volumeHandle}` : undefined
}

/** One name for a volume on a node, so that it is never attached twice. */
export function attachmentNameOf(uniqueName: string, node: string): string {
  const [driver = '', ...handle] = uniqueName.replace(/^kubernetes\.io\/csi\//, '').split('^')
  const hash = createHash('sha256')
    .update(`${handle.join('^')}${driver}${node}`)
    .digest('hex')
  return `csi-${hash}`
}
