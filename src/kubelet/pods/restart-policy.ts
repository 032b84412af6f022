/** Whether a container that ended starts again. Pure. */
import type { AnyContainer, Pod } from '../pod-types.ts'

type Rule = NonNullable<NonNullable<AnyContainer['restartPolicyRules']>[number]>

/** A container's own restart policy goes before the pod's. */
export function restartPolicyOf(pod: Pod, container: AnyContainer): string {
  return container.restartPolicy || pod.spec?.restartPolicy || 'Always'
}

/** The first rule that speaks of this exit code decides, and where none does the policy. */
export function restartsAfter(pod: Pod, container: AnyContainer, exitCode: number): boolean {
  // Every rule that there is here wants the container back.
  if ((container.restartPolicyRules ?? []).some(rule => speaksOf(rule, exitCode))) return true
  const policy = restartPolicyOf(pod, container)
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

function speaksOf({ exitCodes }: Rule, exitCode: number): boolean {
  const isAmong = (exitCodes?.values ?? []).includes(exitCode)
  return exitCodes !== undefined && (exitCodes.operator === 'NotIn' ? !isAmong : isAmong)
}
