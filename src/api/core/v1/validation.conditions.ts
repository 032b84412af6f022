/** The rules for conditions of the common type, wherever a status has them. */
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../machinery/field-error.ts'
import type { Condition } from '../../machinery/metadata.ts'
import { isQualifiedName, patternMessage, utf8Length } from '../../machinery/names.ts'
import { wrong } from './validation.ts'

const MAXIMUM_REASON_BYTES = 1024
const MAXIMUM_MESSAGE_BYTES = 32 * 1024
const STATUSES = ['False', 'True', 'Unknown']
const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const reasonPattern = new RegExp(`^${REASON}$`)
const REASON_MESSAGE = patternMessage(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  REASON,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
)

export function validateConditions(
  field: string,
  conditions: readonly Condition[] = [],
): readonly FieldError[] {
  const seen = new Set<string>()
  return conditions.flatMap((condition, index) => {
    const path = `${field}[${index}]`
    const again = seen.has(condition.type) ? [duplicate(`${path}.type`, condition.type)] : []
    seen.add(condition.type)
    return [...again, ...validateCondition(path, condition)]
  })
}

function validateCondition(path: string, condition: Condition): readonly FieldError[] {
  const { type, status, observedGeneration = 0, lastTransitionTime, reason, message } = condition
  const errors = [...wrong(`${path}.type`, type, isQualifiedName(type))]
  if (!STATUSES.includes(status)) errors.push(notSupported(`${path}.status`, status, STATUSES))
  if (observedGeneration < 0)
    errors.push(
      invalid(
        `${path}.observedGeneration`,
        observedGeneration,
        'must be greater than or equal to zero',
      ),
    )
  if (!lastTransitionTime) errors.push(required(`${path}.lastTransitionTime`))
  if (reason === '') errors.push(required(`${path}.reason`))
  else if (!reasonPattern.test(reason))
    errors.push(invalid(`${path}.reason`, reason, REASON_MESSAGE))
  if (utf8Length(reason) > MAXIMUM_REASON_BYTES)
    errors.push(tooLong(`${path}.reason`, MAXIMUM_REASON_BYTES))
  if (utf8Length(message) > MAXIMUM_MESSAGE_BYTES)
    errors.push(tooLong(`${path}.message`, MAXIMUM_MESSAGE_BYTES))
  return errors
}
