/** Whether a kubelet may start on this machine, whose memory may be on its disks. */
import { UserError } from '#base/errors.ts'
import { systemFiles } from '#host/files.ts'
import type { HostAccess, KubeletOptions } from '#kubelet'

export interface SwapWanted {
  /** A machine with swap will not do. */
  readonly failSwapOn?: boolean
  readonly options?: Pick<KubeletOptions, 'swapBehavior'>
}

/** Throws a UserError in upstream's words. */
export async function checkSwap(
  { failSwapOn = false, options = {} }: SwapWanted,
  { cgroups }: Pick<HostAccess, 'cgroups'>,
  swaps = systemFiles.read('/proc/swaps')?.toString(),
): Promise<void> {
  if (failSwapOn && isSwapOn(swaps))
    throw new UserError(
      'running with swap on is not supported, please disable swap or set --fail-swap-on flag to false',
    )
  if (options.swapBehavior === 'LimitedSwap' && (await cgroups?.version?.()) !== 2)
    throw new UserError(
      'swap feature is enabled and LimitedSwap but it is only supported with cgroupv2',
    )
}

/** The first line names the columns. Where there is no such file, there is no swap. */
const isSwapOn = (swaps = '') => swaps.trim().split('\n').length > 1
