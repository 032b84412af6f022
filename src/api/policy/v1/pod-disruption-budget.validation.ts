import { validateCountOrPercent } from '../../apps/v1/validation.ts'
import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { notNegative } from '../../core/v1/validation.ts'
import { type FieldError, invalid, notSupported } from '../../machinery/field-error.ts'
import { goShown } from '../../machinery/go-shown.ts'
import type { ObjectShape } from '../../machinery/schema.ts'
import type { PodDisruptionBudget } from './pod-disruption-budget.ts'

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget']

export function validateBudget(
  { spec }: PodDisruptionBudget,
  specShape: ObjectShape,
): readonly FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec
  const errors: FieldError[] = []
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    errors.push(
      invalid(
        'spec',
        goShown(specShape, spec),
        'minAvailable and maxUnavailable cannot be both set',
      ),
    )
  errors.push(
    ...validateShare('spec.minAvailable', minAvailable),
    ...validateShare('spec.maxUnavailable', maxUnavailable),
    ...validateLabelSelector('spec.selector', selector),
  )
  if (policy !== undefined && !EVICTION_POLICIES.includes(policy))
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, EVICTION_POLICIES))
  return errors
}

export function validateBudgetStatus({ status }: PodDisruptionBudget): readonly FieldError[] {
  return [
    ...validateConditions('status.conditions', status.conditions),
    ...notNegative('status.disruptionsAllowed', status.disruptionsAllowed),
    ...notNegative('status.currentHealthy', status.currentHealthy),
    ...notNegative('status.desiredHealthy', status.desiredHealthy),
    ...notNegative('status.expectedPods', status.expectedPods),
  ]
}

/** A number of pods, or a percentage of them up to the whole. */
function validateShare(field: string, share: number | string | undefined): readonly FieldError[] {
  if (share === undefined) return []
  const wrong = validateCountOrPercent(field, share)
  const isTooMuch = typeof share === 'string' && Number.parseInt(share, 10) > 100
  return wrong.length === 0 && isTooMuch
    ? [invalid(field, share, 'must not be greater than 100%')]
    : wrong
}
