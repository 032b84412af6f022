/**
 * `/var/log/containers/<pod>_<namespace>_<container>-<id>.log`, a link to each container's log: where log collectors look, which read
 * from the name whose log it is.
 */
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'

/** Longest name that file systems take, without the ending. */
const MAXIMUM_NAME_LENGTH = 255 - '.log'.length

export interface LoggedRun {
  readonly id: string
  readonly name: string
  readonly logPath: string
}

export function logLinkOf(directory: string, pod: Pod, { name, id }: LoggedRun): string {
  const { name: podName, namespace } = pod.metadata
  const whole = `${podName}_${namespace}_${name}-${id}`
  return `${directory}/${whole.slice(0, MAXIMUM_NAME_LENGTH)}.log`
}

/** Links the log of a run that was just started; where no links are wanted, nothing. */
export async function linkLog(
  { options }: KubeletContext,
  pod: Pod,
  run: LoggedRun,
): Promise<void> {
  const { containerLogsDirectory, hostAccess } = options
  if (containerLogsDirectory === '' || run.logPath === '') return
  const link = logLinkOf(containerLogsDirectory, pod, run)
  await hostAccess.files.makeDirectory(containerLogsDirectory)
  await hostAccess.files.removeTree(link)
  await hostAccess.files.symlink(run.logPath, link)
}

/** Harmless where there is none. */
export async function unlinkLog(
  { options }: KubeletContext,
  pod: Pod,
  run: LoggedRun,
): Promise<void> {
  const { containerLogsDirectory, hostAccess } = options
  if (containerLogsDirectory === '') return
  await hostAccess.files.removeTree(logLinkOf(containerLogsDirectory, pod, run))
}
