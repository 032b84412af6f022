/** What the failure of a pod means by the job's podFailurePolicy. */
import type {
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'

export interface PolicyMatch {
  readonly action: PodFailurePolicyRule['action']
  /** What the job is failed for. */
  readonly message: string
}

/** The first rule that fits; undefined where none does, and the failure counts. */
export function matchFailurePolicy(
  policy: PodFailurePolicy | undefined,
  pod: Pod,
): PolicyMatch | undefined {
  for (const [index, { action, onExitCodes, onPodConditions = [] }] of (
    policy?.rules ?? []
  ).entries()) {
    const { namespace, name } = pod.metadata
    const rule = `matching ${action} rule at index ${index}`
    const container = onExitCodes && containerWithCode(pod, onExitCodes)
    if (container)
      return {
        action,
        message: `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${container.exitCode} ${rule}`,
      }
    const condition = (pod.status.conditions ?? []).find(({ type, status }) =>
      onPodConditions.some(pattern => pattern.type === type && pattern.status === status),
    )
    if (!onExitCodes && condition)
      return { action, message: `Pod ${namespace}/${name} has condition ${condition.type} ${rule}` }
  }
  return undefined
}

/** False where the policy says that the failure is to be ignored. */
export function isCounted(policy: PodFailurePolicy | undefined, pod: Pod): boolean {
  return matchFailurePolicy(policy, pod)?.action !== 'Ignore'
}

/** Containers come before init containers. One that still runs has no code, and 0 is no failure. */
function containerWithCode(
  { status }: Pod,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): { name: string; exitCode: number } | undefined {
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  for (const { name = '', state } of statuses) {
    const exitCode = state?.terminated?.exitCode ?? 0
    if (exitCode === 0 || (containerName !== undefined && containerName !== name)) continue
    if (values.includes(exitCode) === (operator === 'In')) return { name, exitCode }
  }
  return undefined
}
