/** The names under which nodes, attachers and this controller know a volume. */
import { createHash } from 'node:crypto'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'

/** As nodes say it in `status.volumesAttached`; undefined for volumes that are never attached. */
export function uniqueNameOf({ spec: { csi, iscsi, fc } }: PersistentVolume): string | undefined {
  if (csi) return `kubernetes.io/csi/${csi.driver}^${csi.volumeHandle}`
  if (iscsi) return `kubernetes.io/iscsi/${iscsi.targetPortal}:${iscsi.iqn}:${iscsi.lun}`
  if (!fc) return undefined
  const { targetWWNs = [], lun, wwids = [] } = fc
  const disk = lun === undefined ? `[${wwids.join(' ')}]` : `[${targetWWNs.join(' ')}]:${lun}`
  return `kubernetes.io/fc/${disk}`
}

/** One name for a volume on a node, so that it is never attached twice. */
export function attachmentNameOf(uniqueName: string, node: string): string {
  const [driver = '', ...handle] = uniqueName.replace(/^kubernetes\.io\/csi\//, '').split('^')
  const hash = createHash('sha256')
    .update(`${handle.join('^')}${driver}${node}`)
    .digest('hex')
  return `csi-${hash}`
}
