/** Whether a container that ended starts again. Pure. */
import { couldRestartAll, RESTART_ALL } from '#api/core/v1/pod/restart-all.ts'
import type { AnyContainer, Pod } from '../pod-types.ts'

type Rule = NonNullable<NonNullable<AnyContainer['restartPolicyRules']>[number]>

/** A container's own restart policy goes before the pod's. */
export function restartPolicyOf(pod: Pod, container: AnyContainer): string {
  return container.restartPolicy || pod.spec?.restartPolicy || 'Always'
}

/** The first rule that speaks of this exit code decides, and where none does the policy. */
export function restartsAfter(pod: Pod, container: AnyContainer, exitCode: number): boolean {
  // Every rule that there is wants the container back, alone or with all others.
  if (ruleFor(container, exitCode)) return true
  const policy = restartPolicyOf(pod, container)
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

/** Whether this end has all containers of the pod start anew. */
export const restartsAllAfter = (container: AnyContainer, exitCode: number): boolean =>
  ruleFor(container, exitCode)?.action === RESTART_ALL

/** Whether any end of a container could have that. */
export const mayRestartAll = ({ spec }: Pod): boolean => couldRestartAll(spec ?? NO_CONTAINERS)
const NO_CONTAINERS = { containers: [] }

const ruleFor = ({ restartPolicyRules = [] }: AnyContainer, exitCode: number): Rule | undefined =>
  restartPolicyRules.find(rule => speaksOf(rule, exitCode))

function speaksOf({ exitCodes }: Rule, exitCode: number): boolean {
  const isAmong = (exitCodes?.values ?? []).includes(exitCode)
  return exitCodes !== undefined && (exitCodes.operator === 'NotIn' ? !isAmong : isAmong)
}
