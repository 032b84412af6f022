import { immutable } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import type { CSIDriver, TokenRequest } from './csi-driver.schema.ts'

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType']
const LIFECYCLE_MODES = ['Persistent', 'Ephemeral']
const SHORTEST_TOKEN_SECONDS = 600
const LONGEST_TOKEN_SECONDS = 2 ** 32
const SHORTEST_UPDATE_PERIOD_SECONDS = 10

export function validateCSIDriver({ spec }: CSIDriver): readonly FieldError[] {
  const errors: FieldError[] = []
  // Upstream's path of this field has always been misspelt.
  if (spec.attachRequired === undefined) errors.push(required('spec.attachedRequired'))
  for (const field of ['podInfoOnMount', 'storageCapacity', 'seLinuxMount'] as const)
    if (spec[field] === undefined) errors.push(required(`spec.${field}`))
  const { fsGroupPolicy, nodeAllocatableUpdatePeriodSeconds: period, tokenRequests = [] } = spec
  if (fsGroupPolicy !== undefined && !FS_GROUP_POLICIES.includes(fsGroupPolicy))
    errors.push(notSupported('spec.fsGroupPolicy', fsGroupPolicy, FS_GROUP_POLICIES))
  errors.push(...validateTokens('spec.tokenRequests', tokenRequests))
  for (const mode of spec.volumeLifecycleModes ?? [])
    if (!LIFECYCLE_MODES.includes(mode))
      errors.push(notSupported('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES))
  if (period !== undefined && period < SHORTEST_UPDATE_PERIOD_SECONDS)
    errors.push(
      invalid(
        'spec.nodeAllocatableUpdatePeriodSeconds',
        period,
        'must be greater than or equal to 10 seconds',
      ),
    )
  const { serviceAccountTokenInSecrets: inSecrets } = spec
  if (inSecrets !== undefined && tokenRequests.length === 0)
    errors.push(
      invalid(
        'spec.serviceAccountTokenInSecrets',
        inSecrets,
        'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
      ),
    )
  return errors
}

export function tokenWarnings({ spec }: CSIDriver): readonly string[] {
  const { serviceAccountTokenInSecrets, tokenRequests = [] } = spec
  if (tokenRequests.length === 0 || serviceAccountTokenInSecrets !== undefined) return []
  return [
    'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
  ]
}

export function validateCSIDriverUpdate(
  { spec: next }: CSIDriver,
  { spec: previous }: CSIDriver,
): readonly FieldError[] {
  return [
    ...immutable('spec.attachedRequired', next.attachRequired, previous.attachRequired),
    ...immutable(
      'spec.volumeLifecycleModes',
      next.volumeLifecycleModes,
      previous.volumeLifecycleModes,
    ),
  ]
}

function validateTokens(path: string, requests: readonly TokenRequest[]): readonly FieldError[] {
  const audiences = new Set<string>()
  return requests.flatMap(({ audience, expirationSeconds: seconds }, index) => {
    if (audiences.has(audience)) return [duplicate(`${path}[${index}].audience`, audience)]
    audiences.add(audience)
    const at = `${path}[${index}].expirationSeconds`
    if (seconds === undefined) return []
    if (seconds < SHORTEST_TOKEN_SECONDS)
      return [invalid(at, seconds, 'may not specify a duration less than 10 minutes')]
    if (seconds > LONGEST_TOKEN_SECONDS)
      return [invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds')]
    return []
  })
}
