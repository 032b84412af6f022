import { oneOf } from '../../core/v1/validation.ts'
import { type FieldError, forbidden, invalid, required } from '../../machinery/field-error.ts'
import { goShown, isSameStruct } from '../../machinery/go-shown.ts'
import { CATCH_ALL, EXEMPT, MANDATORY_PRIORITY_LEVELS } from './mandatory.ts'
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from './priority-level-configuration.schema.ts'
import { priorityLevelConfigurationSpec } from './priority-level-configuration.schema.ts'

const MAXIMUM_QUEUES = 10_000_000
/** Choosing queues for a flow uses up bits of the hash of the flow, of which there are so many. */
const HASH_BITS = 60

export function validatePriorityLevel(object: PriorityLevelConfiguration): readonly FieldError[] {
  const { metadata, spec } = object
  const { name = '' } = metadata
  const errors: FieldError[] = []
  if ((name === EXEMPT) !== (spec.type === 'Exempt'))
    errors.push(
      invalid('spec.type', spec.type, "must be 'Exempt' if and only if `name` is 'exempt'"),
    )
  return [...errors, ...validateParts(spec), ...validateMandatory(name, spec)]
}

function validateParts(spec: PriorityLevelConfiguration['spec']): readonly FieldError[] {
  const { type, limited, exempt } = spec
  if (type === 'Exempt') {
    const errors = limited
      ? [forbidden('spec.limited', 'must be nil if the type is not Limited')]
      : []
    return exempt ? [...errors, ...validateExempt('spec.exempt', exempt)] : errors
  }
  if (type !== 'Limited') return oneOf('spec.type', type, ['Exempt', 'Limited'])
  const errors = exempt ? [forbidden('spec.exempt', 'must be nil if the type is Limited')] : []
  if (!limited)
    return [...errors, required('spec.limited', 'must not be empty when type is Limited')]
  return [...errors, ...validateLimited('spec.limited', limited)]
}

/** Of the level for what is exempt, how much is kept for it may be chosen. */
function validateMandatory(name: string, spec: PriorityLevelConfiguration['spec']): FieldError[] {
  const fixed = MANDATORY_PRIORITY_LEVELS.get(name)
  if (!fixed) return []
  const shape = priorityLevelConfigurationSpec
  if (name === CATCH_ALL)
    return isSameStruct(shape, spec, fixed)
      ? []
      : [invalid('spec', goShown(shape, spec), `spec of '${name}' must equal the fixed value`)]
  const { exempt: _, ...rest } = spec
  const { exempt: __, ...fixedRest } = fixed
  if (isSameStruct(shape, rest, fixedRest)) return []
  const why = `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`
  return [invalid('spec', goShown(shape, spec), why)]
}

function validateLimited(path: string, limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const { limitResponse, borrowingLimitPercent: borrowed } = limited
  const errors = [
    ...validateShares(path, limited.nominalConcurrencyShares),
    ...validateResponse(`${path}.limitResponse`, limitResponse),
    ...validatePercent(path, limited.lendablePercent),
  ]
  if (borrowed !== undefined && borrowed < 0)
    errors.push(
      invalid(
        `${path}.borrowingLimitPercent`,
        borrowed,
        'if specified, must be a non-negative integer',
      ),
    )
  return errors
}

function validateExempt(path: string, exempt: ExemptPriorityLevelConfiguration): FieldError[] {
  return [
    ...validateShares(path, exempt.nominalConcurrencyShares),
    ...validatePercent(path, exempt.lendablePercent),
  ]
}

function validateShares(path: string, shares = 0): FieldError[] {
  if (shares >= 0) return []
  return [invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer')]
}

function validatePercent(path: string, percent = 0): FieldError[] {
  if (percent >= 0 && percent <= 100) return []
  return [invalid(`${path}.lendablePercent`, percent, 'must be between 0 and 100, inclusive')]
}

/** The texts say Limited where Queue is meant, as upstream's do. */
function validateResponse(path: string, { type, queuing }: LimitResponse): readonly FieldError[] {
  const at = `${path}.queuing`
  if (type === 'Reject')
    return queuing
      ? [forbidden(at, 'must be nil if limited.limitResponse.type is not Limited')]
      : []
  if (type !== 'Queue') return oneOf(`${path}.type`, type, ['Queue', 'Reject'])
  if (!queuing) return [required(at, 'must not be empty if limited.limitResponse.type is Limited')]
  return validateQueuing(at, queuing)
}

function validateQueuing(path: string, queuing: QueuingConfiguration): FieldError[] {
  const { queues, handSize, queueLengthLimit } = queuing
  const errors: FieldError[] = []
  const complain = (field: string, value: number, why: string) =>
    errors.push(invalid(`${path}.${field}`, value, why))
  if (queueLengthLimit <= 0) complain('queueLengthLimit', queueLengthLimit, 'must be positive')
  if (queues <= 0) complain('queues', queues, 'must be positive')
  else if (queues > MAXIMUM_QUEUES)
    complain('queues', queues, `must not be greater than ${MAXIMUM_QUEUES}`)
  const bits = Math.ceil(Math.log2(queues) * handSize)
  if (handSize <= 0) complain('handSize', handSize, 'must be positive')
  else if (handSize > queues)
    complain('handSize', handSize, `should not be greater than queues (${queues})`)
  else if (bits > HASH_BITS)
    complain(
      'handSize',
      handSize,
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS}`,
    )
  return errors
}
