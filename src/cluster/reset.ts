/**
 * Takes away everything that a Proa made on this machine, and nothing else. Repeating it is harmless; what can't be removed is told,
 * and the rest goes on.
 */
import { readlinkSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { ValuesOf } from '#cli'
import { signalProcess } from '#host/background-process.ts'
import { systemClock } from '#host/clock.ts'
import { claimDirectory, type DirectoryClaim } from '#host/data-directory.ts'
import { unlinkDirectory } from '#host/directory-link.ts'
import { removeUnfinished, systemFiles } from '#host/files.ts'
import { systemLog } from '#host/log.ts'
import { machineCgroups } from '#host/machine/cgroups.ts'
import { unmountUnder } from '#host/mount-table.ts'
import { removeEmptyDirectory } from '#host/remove.ts'
import {
  containerTools,
  DEFAULT_CONTAINER_LOGS_DIRECTORY,
  DEFAULT_POD_LOGS_DIRECTORY,
  removePodCgroups,
} from '#kubelet'
import {
  removeForwarding,
  removeHostLink,
  removeNetworkPolicyRules,
  removePodNetwork,
  removePodRoutes,
} from '#network'
import { removeProxyRules } from '#proxy'
import { dataDirectoryOf } from './data-directory.ts'
import { USUAL_KUBELET_DIRECTORY } from './drivers-directory.ts'
import { notedLayout, removeKubeletRoot } from './kubelet-root.ts'
import { type Layout, layoutOf, ROLE_KUBECONFIGS } from './layout.ts'
import { podNetworkOf } from './machine.ts'

export async function reset(values: ValuesOf<'reset'>): Promise<void> {
  const directory = dataDirectoryOf(values.dataDirectory)
  const log = systemLog('warn')
  await resetMachine(notedLayout(layoutOf(directory)), log, systemClock)
  process.stdout.write(`everything that Proa made for ${directory} is removed\n`)
}

/** Throws a UserError while a Proa runs in the data directory, or where something of ours could not be removed. */
export async function resetMachine(layout: Layout, log: Log, clock: Clock): Promise<void> {
  const claims: DirectoryClaim[] = []
  for (const part of [layout.state, layout.kubelet])
    if (systemFiles.exists(part))
      try {
        claims.push(claimDirectory(part, layout.directory))
      } catch (error) {
        for (const claim of claims) claim.release()
        throw error
      }
  const failures: string[] = []
  const step = async (work: () => unknown) => {
    try {
      await work()
    } catch (error) {
      log.warn('a part could not be removed', { error: messageOf(error) })
      failures.push(messageOf(error))
    }
  }
  try {
    // Elsewhere no Proa changes anything but its directory.
    if (process.platform === 'linux') await resetSystem(layout, { log, clock, step })
    await step(() => removeData(layout))
  } finally {
    for (const claim of claims) claim.release()
  }
  await step(() => removeDirectory(layout))
  if (failures.length > 0)
    throw new UserError(`not everything could be removed: ${failures.join('; ')}`)
}

interface ResetTools {
  readonly log: Log
  readonly clock: Clock
  /** Runs a part, and tells where it failed. */
  step(work: () => unknown): Promise<void>
}

/** Containers, control groups, rules, links and logs. */
async function resetSystem(layout: Layout, { log, clock, step }: ResetTools): Promise<void> {
  const uids = new Set(systemFiles.list(join(layout.kubelet, 'pods')))
  const { removePods, resetContainerd, systemSocketPath } = await containerTools()
  await step(async () => {
    if (!systemFiles.exists(systemSocketPath)) return
    const ours = ({ uid }: { uid: string }) => uids.has(uid)
    await removePods({ socketPath: systemSocketPath, clock, log, ours })
  })
  await step(() => resetContainerd({ dataDirectory: layout.directory, clock, log }))
  await step(() =>
    removePodCgroups(`/${layout.instance}`, machineCgroups, {
      kill: id => signalProcess(id, 'SIGKILL'),
      pause: ms => sleep(clock, ms),
    }),
  )
  await step(() => removeProxyRules(layout.instance))
  await step(() => removeNetworkPolicyRules(layout.instance))
  await step(() => removePodRoutes(layout))
  await step(() => removeHostLink(layout.instance))
  await step(() => removeForwarding({ name: layout.instance }))
  for (const directory of [layout.cniConfiguration, SYSTEM_CNI_CONFIGURATION])
    await step(() => removePodNetwork(podNetworkOf({ layout }, directory)))
  await step(() => removePodLogs(uids))
  await step(() => unlinkDirectory(USUAL_KUBELET_DIRECTORY, layout.kubelet))
}

const SYSTEM_CNI_CONFIGURATION = '/etc/cni/net.d'

/** Pods' log directories end with the pod's uid, which no other kubelet has. */
function removePodLogs(uids: ReadonlySet<string>): void {
  for (const name of systemFiles.list(DEFAULT_POD_LOGS_DIRECTORY))
    if (uids.has(name.slice(name.lastIndexOf('_') + 1)))
      systemFiles.remove(join(DEFAULT_POD_LOGS_DIRECTORY, name))
  for (const name of systemFiles.list(DEFAULT_CONTAINER_LOGS_DIRECTORY)) {
    const link = join(DEFAULT_CONTAINER_LOGS_DIRECTORY, name)
    const [directory = ''] = relative(DEFAULT_POD_LOGS_DIRECTORY, targetOf(link)).split('/')
    if (uids.has(directory.slice(directory.lastIndexOf('_') + 1))) systemFiles.remove(link)
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return '' // No link, so none of ours.
  }
}

/** Never follows a volume out of the directory: whatever is mounted goes first. */
async function removeData({ directory, ...layout }: Layout): Promise<void> {
  await unmountUnder(directory)
  await unmountUnder(layout.kubelet)
  removeUnfinished(directory)
  removeKubeletRoot({ directory, ...layout })
  for (const path of [
    layoutOf(directory).kubelet,
    layout.localPath,
    layout.containerd,
    join(directory, 'cni'),
    layout.pki,
    ...systemFiles
      .list(directory)
      .filter(name => name.startsWith(`${basename(layout.pki)}.new`))
      .map(name => join(directory, name)),
    layout.adminKubeconfig,
    ...ROLE_KUBECONFIGS.map(role => join(directory, `${role}.conf`)),
    ...['cluster.json', 'bootstrap-kubelet.conf'].map(name => join(directory, name)),
  ])
    systemFiles.remove(path)
}

/** The store goes last, behind its lock; then the directory, where nothing is in it that somebody else put there. */
function removeDirectory({ directory, state }: Layout): void {
  systemFiles.remove(state)
  const others = systemFiles.list(directory)
  if (others.length > 0)
    throw new UserError(`${directory} is kept, since it holds what is not Proa's: ${others[0]}`)
  removeEmptyDirectory(directory)
}
