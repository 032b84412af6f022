import { wrong } from '../../core/v1/validation.ts'
import { duplicate, type FieldError, invalid, required } from '../../machinery/field-error.ts'
import {
  isDns1035Label,
  isDns1123Subdomain,
  isQualifiedName,
  patternMessage,
} from '../../machinery/names.ts'
import type {
  ServerStorageVersion,
  StorageVersionCondition,
  StorageVersionStatus,
} from './storage-version.ts'

const EMPTY = 'must be non-empty'
const NOT_AN_API_VERSION = `an apiVersion is ${patternMessage(
  "a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  '[a-z]([-a-z0-9]*[a-z0-9])?',
  'my-name',
  'abc-123',
)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')`

export function validateStorageVersionStatus(status: StorageVersionStatus): readonly FieldError[] {
  const { storageVersions = [], conditions = [] } = status
  const seen = new Set<string>()
  const errors = storageVersions.flatMap((server, index) => {
    const path = `status.storageVersions[${index}]`
    const { apiServerID } = server
    const again = seen.has(apiServerID) ? [duplicate(`${path}.apiServerID`, apiServerID)] : []
    seen.add(apiServerID)
    return [...again, ...validateServer(path, server)]
  })
  return [...errors, ...validateCommonVersion(status), ...validateConditions(conditions)]
}

function validateServer(path: string, server: ServerStorageVersion): readonly FieldError[] {
  const { apiServerID, encodingVersion, servedVersions = [], decodableVersions } = server
  const errors = [
    ...wrong(`${path}.apiServerID`, apiServerID, isDns1123Subdomain(apiServerID)),
    ...validateVersion(`${path}.encodingVersion`, encodingVersion),
  ]
  for (const [index, version] of decodableVersions.entries())
    errors.push(...validateVersion(`${path}.decodableVersions[${index}]`, version))
  if (!decodableVersions.includes(encodingVersion))
    errors.push(
      invalid(
        `${path}.decodableVersions`,
        decodableVersions,
        `decodableVersions must include encodingVersion ${encodingVersion}`,
      ),
    )
  for (const [index, version] of servedVersions.entries()) {
    const at = `${path}.servedVersions[${index}]`
    errors.push(...validateVersion(at, version))
    if (!decodableVersions.includes(version))
      errors.push(
        invalid(
          at,
          version,
          `individual served version : ${version} must be included in decodableVersions : [${decodableVersions.join(' ')}]`,
        ),
      )
  }
  return errors
}

function validateVersion(field: string, version: string): readonly FieldError[] {
  const problems = wrongApiVersion(version)
  return problems.length > 0 ? [invalid(field, version, problems.join(','))] : []
}

function wrongApiVersion(text: string): string[] {
  const parts = text.split('/')
  if (parts.length > 2) return [NOT_AN_API_VERSION]
  const version = parts.at(-1) ?? ''
  const problems: string[] = []
  if (parts.length === 2) {
    const [group = ''] = parts
    const wrongGroup = group === '' ? [EMPTY] : isDns1123Subdomain(group)
    problems.push(...wrongGroup.map(why => `group part: ${why}`))
  }
  const wrongVersion = version === '' ? [EMPTY] : isDns1035Label(version)
  return [...problems, ...wrongVersion.map(why => `version part: ${why}`)]
}

function validateCommonVersion(status: StorageVersionStatus): readonly FieldError[] {
  const { storageVersions = [], commonEncodingVersion: said } = status
  const versions = new Set(storageVersions.map(({ encodingVersion }) => encodingVersion))
  const [common] = versions.size === 1 ? versions : []
  if (common === said) return []
  const because = (why: string) => [invalid('status.commonEncodingVersion', said, why)]
  if (common === undefined)
    return because(
      'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet',
    )
  if (said === undefined) return because(`the common encoding version is ${common}`)
  return because(`the actual common encoding version is ${common}`)
}

/** Upstream counts conditions at the status itself. */
function validateConditions(conditions: readonly StorageVersionCondition[]): readonly FieldError[] {
  const places = new Map<string, number>()
  return conditions.flatMap(({ type, status, reason, message }, index) => {
    const path = `status[${index}]`
    const before = places.get(type)
    places.set(type, index)
    const errors: FieldError[] = []
    if (before !== undefined)
      errors.push(
        invalid(
          `${path}.type`,
          type,
          `the type of the condition is not unique, it also appears in conditions[${before}]`,
        ),
      )
    errors.push(
      ...wrong(`${path}.type`, type, isQualifiedName(type)),
      ...wrong(`${path}.status`, status, isQualifiedName(status)),
    )
    if (!reason) errors.push(required(`${path}.reason`))
    if (!message) errors.push(required(`${path}.message`))
    return errors
  })
}
