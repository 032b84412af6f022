import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import type { StorageVersionMigration } from './storage-version-migration.ts'

const CONDITIONS = 'status.conditions'
const REVISION = 'status.resourceVersion'
const WELL_FORMED = /^[1-9][0-9]*$/

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
  if (succeeded && failed)
    complain('Both success and failed conditions cannot be true at the same time')
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
  if (text === '' || WELL_FORMED.test(text)) return []
  return [invalid(REVISION, text, `resource version is not well formed: ${text}`)]
}
