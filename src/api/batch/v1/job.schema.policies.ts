import { int32, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const podFailurePolicyOnExitCodesRequirement = shape(
  'io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement',
  'Exit codes of containers that failed.',
  {
    containerName: string(1).optional().doc('The container that is looked at; all, if absent.'),
    operator: string(2)
      .enum('In', 'NotIn')
      .required()
      .doc('Whether the exit code must be one of the values (In) or none of them (NotIn).'),
    values: list(3, int32())
      .required()
      .listSet()
      .doc('The exit codes, in rising order; 0 is no failure, so In may not have it.'),
  },
)
export type PodFailurePolicyOnExitCodesRequirement = ValueOfShape<
  typeof podFailurePolicyOnExitCodesRequirement
>

export const podFailurePolicyOnPodConditionsPattern = shape(
  'io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern',
  'A condition of a failed pod.',
  {
    type: string(1).required().doc('Type of the condition, such as DisruptionTarget.'),
    status: string(2)
      .always()
      .unpublishedDefault('True')
      .doc('The status that the condition must have.'),
  },
)
export type PodFailurePolicyOnPodConditionsPattern = ValueOfShape<
  typeof podFailurePolicyOnPodConditionsPattern
>

export const podFailurePolicyRule = shape(
  'io.k8s.api.batch.v1.PodFailurePolicyRule',
  'What a failed pod means for the job, by its exit codes or its conditions.',
  {
    action: string(1)
      .enum('Count', 'FailIndex', 'FailJob', 'Ignore')
      .required()
      .doc('FailJob ends the job, FailIndex its index, Ignore does not count it, Count does.'),
    onExitCodes: struct(2, podFailurePolicyOnExitCodesRequirement)
      .optional()
      .doc('Applies when a container ended with such an exit code.'),
    onPodConditions: list(3, podFailurePolicyOnPodConditionsPattern)
      .atomic()
      .doc('Applies when the pod has one of these conditions.'),
  },
)
export type PodFailurePolicyRule = ValueOfShape<typeof podFailurePolicyRule>

export const podFailurePolicy = shape(
  'io.k8s.api.batch.v1.PodFailurePolicy',
  'What failed pods mean for a job.',
  {
    rules: list(1, podFailurePolicyRule)
      .required()
      .atomic()
      .doc('Looked at in order; the first that applies decides, without any the failure counts.'),
  },
)
export type PodFailurePolicy = ValueOfShape<typeof podFailurePolicy>

export const successPolicyRule = shape(
  'io.k8s.api.batch.v1.SuccessPolicyRule',
  'Which indexes, or how many, are enough. All parts that are given must hold.',
  {
    succeededIndexes: string(1)
      .optional()
      .doc('The indexes that must have succeeded, such as 1,3-5.'),
    succeededCount: int32(2)
      .optional()
      .doc('How many indexes (of the given ones, if any are) must have succeeded.'),
  },
)
export type SuccessPolicyRule = ValueOfShape<typeof successPolicyRule>

export const successPolicy = shape(
  'io.k8s.api.batch.v1.SuccessPolicy',
  'When an indexed job has done enough, though not all of its indexes have succeeded.',
  {
    rules: list(1, successPolicyRule)
      .required()
      .atomic()
      .doc('The job has succeeded, and its other pods end, when one of these holds.'),
  },
)
export type SuccessPolicy = ValueOfShape<typeof successPolicy>
