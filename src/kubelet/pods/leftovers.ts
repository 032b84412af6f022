/** Directories of pods that went while no kubelet ran, and of which the runtime knows nothing either. */
import { messageOf } from '#base/errors.ts'
import { podDirectory } from '../containers/hosts-mount.ts'
import type { PodParts } from './pod-parts.ts'

/** The driver of a volume may not run yet, or not any more. */
const RETRY_MS = 1_000
const RETRY_LIMIT_MS = 60_000

export interface Leftovers {
  readonly parts: Pick<PodParts, 'context' | 'volumes' | 'cgroups' | 'userNamespaces'>
  /** Pods that somebody looks after, by UID. */
  readonly known: () => ReadonlySet<string>
  readonly isHalted: () => boolean
  /** How many went, and how many are still there after the last try. */
  readonly counts: { removed: number; failed: number }
}

/** Removes them, and goes on in the background with what can't be removed yet. */
export async function removeLeftovers(work: Leftovers, retryMs = RETRY_MS): Promise<void> {
  const { parts, known, isHalted, counts } = work
  const { clock, log, options } = parts.context
  await parts.cgroups.removeOthers(known())
  counts.failed = 0
  for (const uid of await options.hostAccess.files.names(`${options.rootDirectory}/pods`)) {
    if (isHalted()) return
    if (known().has(uid)) continue
    try {
      await removeLeftover(parts, uid)
      counts.removed++
    } catch (error) {
      counts.failed++
      log.warn('the directory of a former pod could not be removed yet', {
        ...{ uid, error: messageOf(error) },
      })
    }
  }
  // Now it is known who uses what.
  parts.volumes.csi?.volumes.settle()
  if (counts.failed === 0 || isHalted()) return
  clock.after(retryMs, () => {
    if (isHalted()) return
    removeLeftovers(work, Math.min(retryMs * 2, RETRY_LIMIT_MS)).catch(error =>
      log.warn('directories of former pods could not be removed', { error: messageOf(error) }),
    )
  })
}

async function removeLeftover(
  { context, volumes, userNamespaces }: Leftovers['parts'],
  uid: string,
) {
  const { rootDirectory, podLogsDirectory, hostAccess } = context.options
  const { files } = hostAccess
  await volumes.unmount(uid)
  await userNamespaces.release(uid)
  // Only these logs: other kubelets of this machine may keep theirs in the same directory.
  for (const name of await files.names(podLogsDirectory))
    if (name.endsWith(`_${uid}`)) await files.removeTree(`${podLogsDirectory}/${name}`)
  await files.removeTree(podDirectory(rootDirectory, uid))
}
