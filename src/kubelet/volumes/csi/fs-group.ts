/** Whether the files of a volume are given to the group of its pod. */
import type { CsiMount } from './csi-mount.ts'
import type { DriverWishes } from './driver-wishes.ts'

/** The group that gets the files; undefined where nobody may change them. */
export function groupFor(mount: CsiMount, { fsGroupPolicy }: DriverWishes): number | undefined {
  const group = mount.pod.spec?.securityContext?.fsGroup
  if (group === undefined || mount.isBlock || mount.readOnly || fsGroupPolicy === 'None')
    return undefined
  const isWritableByOneNode = mount.accessModes.some(
    mode => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod',
  )
  if (fsGroupPolicy !== 'File' && (mount.fsType === '' || !isWritableByOneNode)) return undefined
  return Number(group)
}
