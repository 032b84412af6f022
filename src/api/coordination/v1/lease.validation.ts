import { notNegative } from '../../core/v1/validation.ts'
import { type FieldError, forbidden, invalid, notSupported } from '../../machinery/field-error.ts'
import type { Lease } from './lease.ts'

const STRATEGIES = ['OldestEmulationVersion']

export function validateLease({ spec }: Lease): readonly FieldError[] {
  const { leaseDurationSeconds: duration, strategy, preferredHolder } = spec
  const errors = [...notNegative('spec.leaseTransitions', spec.leaseTransitions)]
  if (duration !== undefined && duration <= 0)
    errors.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  // Strategies of others carry the domain of who understands them.
  if (strategy !== undefined && !strategy.includes('/') && !STRATEGIES.includes(strategy))
    errors.push(notSupported('spec.strategy', strategy, STRATEGIES))
  if (preferredHolder && !strategy)
    errors.push(
      forbidden('spec.preferredHolder', 'may only be specified when `strategy` is defined'),
    )
  return errors
}
