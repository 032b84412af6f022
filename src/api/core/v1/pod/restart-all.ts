/** Pods in which the end of one container may have all others start anew. */
import type { PodSpec } from './schema.ts'

/** Whether any rule of a container says `RestartAllContainers`. */
export const couldRestartAll = ({
  containers,
  initContainers = [],
}: Pick<PodSpec, 'containers' | 'initContainers'>): boolean =>
  [...containers, ...initContainers].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === RESTART_ALL),
  )

export const RESTART_ALL = 'RestartAllContainers'
