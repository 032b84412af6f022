/** What a container says at its end: a file that it may write, or the tail of its log. */

import type { HostAccess } from '../host-access.ts'
import { TERMINATION_MESSAGE_PATH, TERMINATION_MESSAGE_POLICY } from '../labels.ts'
import { tailOfLog } from '../logs/tail.ts'
import type { KubeletContext } from '../options.ts'
import type { AnyContainer, Pod } from '../pod-types.ts'
import type { ContainerStatus, Mount } from '../runtime.ts'
import { podDirectory } from './hosts-mount.ts'

/** Upstream's limits for one message, from the file and from the log. */
const MESSAGE_LIMIT_BYTES = 4096
const LOG_LIMIT_BYTES = 2048
const LOG_LIMIT_LINES = 80

export async function terminationMount(
  pod: Pod,
  container: AnyContainer,
  attempt: number,
  { options }: KubeletContext,
): Promise<readonly Mount[]> {
  const containerPath = container.terminationMessagePath
  if (!containerPath) return []
  const directory = `${podDirectory(options.rootDirectory, pod.metadata.uid ?? '')}/containers/${container.name}`
  const { files } = options.hostAccess
  await files.makeDirectory(directory, 0o750)
  const hostPath = `${directory}/termination-${attempt}`
  // Any user in the container may write it.
  await files.write(hostPath, new Uint8Array(), { mode: 0o666 })
  await files.chmod(hostPath, 0o666)
  return [{ hostPath, containerPath, readOnly: false, propagation: 'private' }]
}

/** The message of a container that has ended: what the runtime says, and what it said itself. */
export async function terminationMessage(run: ContainerStatus, host: HostAccess): Promise<string> {
  const own = await ownMessage(run, host)
  return [run.message, own].filter(Boolean).join(': ')
}

async function ownMessage(run: ContainerStatus, host: HostAccess): Promise<string> {
  const path = run.annotations[TERMINATION_MESSAGE_PATH]
  const mount = path ? run.mounts.find(({ containerPath }) => containerPath === path) : undefined
  const bytes = mount ? await host.files.read(mount.hostPath, MESSAGE_LIMIT_BYTES) : undefined
  const text = new TextDecoder().decode(bytes ?? new Uint8Array())
  if (text) return text
  const failed = run.exitCode !== 0
  if (run.annotations[TERMINATION_MESSAGE_POLICY] === 'FallbackToLogsOnError' && failed)
    return tailOfLog(host.files, run.logPath, LOG_LIMIT_LINES, LOG_LIMIT_BYTES)
  return ''
}
