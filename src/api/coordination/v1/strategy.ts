import { wrong } from '../../core/v1/validation.ts'
import { type FieldError, notSupported } from '../../machinery/field-error.ts'
import { isQualifiedName } from '../../machinery/names.ts'

/** The one way of choosing a leader that the cluster itself understands. */
export const OLDEST_EMULATION_VERSION = 'OldestEmulationVersion'

/** Strategies of others carry the domain of who understands them. Upstream names the field twice. */
export function validateStrategy(strategy: string): readonly FieldError[] {
  const field = 'spec.strategy.strategy'
  if (strategy.includes('/')) return wrong(field, strategy, isQualifiedName(strategy))
  if (strategy === OLDEST_EMULATION_VERSION) return []
  return [notSupported(field, strategy, [OLDEST_EMULATION_VERSION])]
}
