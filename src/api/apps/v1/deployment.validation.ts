import { immutable, notNegative } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import type { Deployment, DeploymentStrategy } from './deployment.schema.ts'
import {
  availableAreReady,
  countsNotNegative,
  notMoreThanAll,
  numberIn,
  validateCollisions,
  validateCountOrPercent,
  validateCounts,
  validateReplicated,
} from './validation.ts'

export function validateDeployment({ spec }: Deployment): readonly FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  const errors = [
    ...notNegative('spec.replicas', spec.replicas),
    ...validateReplicated(spec),
    ...validateStrategy('spec.strategy', spec.strategy),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...notNegative('spec.progressDeadlineSeconds', deadline),
  ]
  if (deadline !== undefined && deadline <= minReadySeconds)
    errors.push(
      invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'),
    )
  return errors
}

export function validateDeploymentUpdate(
  next: Deployment,
  previous: Deployment,
): readonly FieldError[] {
  return immutable('spec.selector', next.spec.selector, previous.spec.selector)
}

export function validateDeploymentStatus(
  { status }: Deployment,
  previous: Deployment,
): readonly FieldError[] {
  return [
    ...validateCounts(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas']),
    ...countsNotNegative(status, ['unavailableReplicas']),
    ...availableAreReady(status),
    ...validateCollisions(status, previous.status),
  ]
}

function validateStrategy(path: string, strategy: DeploymentStrategy): FieldError[] {
  const { type, rollingUpdate } = strategy
  const at = `${path}.rollingUpdate`
  if (type === 'Recreate')
    return rollingUpdate
      ? [forbidden(at, "may not be specified when strategy `type` is 'Recreate'")]
      : []
  if (type !== 'RollingUpdate') return [notSupported(path, strategy, ['Recreate', 'RollingUpdate'])]
  if (!rollingUpdate) return [required(at, 'this should be defaulted and never be nil')]
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate
  const field = `${at}.maxUnavailable`
  const isStuck = numberIn(maxUnavailable) === 0 && numberIn(maxSurge) === 0
  return [
    ...validateCountOrPercent(field, maxUnavailable),
    ...validateCountOrPercent(`${at}.maxSurge`, maxSurge),
    ...(isStuck ? [invalid(field, maxUnavailable, 'may not be 0 when `maxSurge` is 0')] : []),
    ...notMoreThanAll(field, maxUnavailable),
  ]
}
