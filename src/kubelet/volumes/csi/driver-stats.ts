/** How full a volume is, as its driver says it. */
import type { CsiMount } from './csi-mount.ts'
import type { CsiDrivers } from './drivers.ts'
import { nodeCapability } from './messages.ts'

/** What the numbers of the answer count. */
const BYTES = 1
const INODES = 2

export interface DriverStatsParts {
  readonly drivers: Pick<CsiDrivers, 'get'>
  readonly toDriver: (path: string) => string
}

/** Undefined where the driver does not say. */
export async function driverStats({ drivers, toDriver }: DriverStatsParts, mount: CsiMount) {
  const driver = drivers.get(mount.driver)
  if (!driver.capabilities.has(nodeCapability.getVolumeStats)) return undefined
  const isStaged = driver.capabilities.has(nodeCapability.stageUnstageVolume)
  const { usage, volumeCondition } = await driver.service.stats({
    volumeId: mount.handle,
    volumePath: toDriver(mount.paths.target),
    stagingTargetPath: isStaged && mount.claimed ? toDriver(mount.paths.staging) : '',
  })
  const bytes = usage.find(({ unit }) => unit === BYTES)
  const inodes = usage.find(({ unit }) => unit === INODES)
  return {
    ...(bytes && {
      ...{ capacityBytes: bytes.total ?? 0, availableBytes: bytes.available ?? 0 },
      usedBytes: bytes.used ?? 0,
    }),
    ...(inodes && {
      ...{ inodes: inodes.total ?? 0, inodesFree: inodes.available ?? 0 },
      inodesUsed: inodes.used ?? 0,
    }),
    ...(driver.capabilities.has(nodeCapability.volumeCondition)
      ? { isAbnormal: volumeCondition?.abnormal ?? false }
      : {}),
  }
}
