import { notNegative } from '../../core/v1/validation.ts'
import { type FieldError, forbidden, invalid } from '../../machinery/field-error.ts'
import type { Lease } from './lease.ts'
import { validateStrategy } from './strategy.ts'

export function validateLease({ spec }: Lease): readonly FieldError[] {
  const { leaseDurationSeconds: duration, strategy, preferredHolder } = spec
  const errors: FieldError[] = []
  if (duration !== undefined && duration <= 0)
    errors.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  errors.push(...notNegative('spec.leaseTransitions', spec.leaseTransitions))
  if (strategy !== undefined) errors.push(...validateStrategy(strategy))
  if (preferredHolder && !strategy)
    errors.push(forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'))
  return errors
}
