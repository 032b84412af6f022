import { immutable, notNegative } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import type { Deployment, DeploymentStrategy } from './deployment.schema.ts'
import { validateCountOrPercent, validateCounts, validateWorkload } from './validation.ts'

export function validateDeployment({ spec }: Deployment): readonly FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  const errors = [
    ...validateWorkload(spec),
    ...validateStrategy('spec.strategy', spec.strategy),
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
  next: Deployment,
  previous: Deployment,
): readonly FieldError[] {
  const errors = validateCounts(next.status, [
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
  ])
  const [after = 0, before = 0] = [next.status.collisionCount, previous.status.collisionCount]
  if (after < before) errors.push(invalid('status.collisionCount', after, 'cannot be decremented'))
  return errors
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
  const errors = [
    ...validateCountOrPercent(`${at}.maxUnavailable`, maxUnavailable),
    ...validateCountOrPercent(`${at}.maxSurge`, maxSurge),
  ]
  const isNone = (value: number | string) => value === 0 || Number.parseInt(`${value}`, 10) === 0
  if (isNone(maxUnavailable) && isNone(maxSurge))
    errors.push(
      invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
    )
  if (typeof maxUnavailable === 'string' && Number.parseInt(maxUnavailable, 10) > 100)
    errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%'))
  return errors
}
