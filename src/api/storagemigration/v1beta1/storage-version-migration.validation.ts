import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { notNegative } from '../../core/v1/validation.ts'
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import type { StorageVersionMigration } from './storage-version-migration.ts'

const CONDITIONS = 'status.conditions'
const REVISION = 'status.resourceVersion'
const INT64 = /^[-+]?[0-9]+$/

export function validateMigrationStatus(
  next: StorageVersionMigration,
  previous: StorageVersionMigration,
): readonly FieldError[] {
  const { conditions, resourceVersion = '' } = next.status
  const errors = [
    ...validateRevision(resourceVersion),
    ...validateConditions(CONDITIONS, conditions),
  ]
  const { resourceVersion: before } = previous.status
  if (before && before !== resourceVersion)
    errors.push(invalid(REVISION, resourceVersion, 'field is immutable'))
  const complain = (why: string) => errors.push(invalid(CONDITIONS, conditions ?? [], why))
  const [succeeded, failed] = [isTrue(next, 'Succeeded'), isTrue(next, 'Failed')]
  const running = isTrue(next, 'Running')
  if (succeeded && failed)
    complain('Both success and failed conditions cannot be true at the same time')
  if (succeeded && running)
    complain('Running condition cannot be true when success condition is true')
  if (failed && running) complain('Running condition cannot be true when failed condition is true')
  if (isTrue(previous, 'Succeeded') && !succeeded)
    complain('Success condition cannot be set to false once it is true')
  if (isTrue(previous, 'Failed') && !failed)
    complain('Failed condition cannot be set to false once it is true')
  return errors
}

function isTrue({ status }: StorageVersionMigration, type: string): boolean {
  return status.conditions?.find(condition => condition.type === type)?.status === 'True'
}

function validateRevision(text: string): readonly FieldError[] {
  if (text === '') return []
  const quoted = JSON.stringify(text)
  const because = (why: string) => [
    invalid(
      REVISION,
      text,
      `failed to parse resource version ${quoted}: strconv.ParseInt: parsing ${quoted}: ${why}`,
    ),
  ]
  if (!INT64.test(text)) return because('invalid syntax')
  const value = BigInt(text.replace('+', ''))
  if (BigInt.asIntN(64, value) !== value) return because('value out of range')
  return notNegative(REVISION, Number(value))
}
