import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { given, immutable, needed, sameValue, wrong } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  required,
  tooLong,
  tooMany,
} from '../../machinery/field-error.ts'
import { defineKind } from '../../machinery/kind.ts'
import { isCaselessSubdomain, isDns1123Subdomain, utf8Length } from '../../machinery/names.ts'
import { validateList } from '../v1/validation.ts'
import { poolStatusColumns } from './resource-pool-status-request.columns.ts'
import {
  type PoolStatus,
  type ResourcePoolStatusRequest,
  resourcePoolStatusRequestShape,
} from './resource-pool-status-request.schema.ts'

export type { ResourcePoolStatusRequest }

const MAXIMUM_POOLS = 1000
const MAXIMUM_CONDITIONS = 10
const MAXIMUM_ERROR_BYTES = 256
const MAXIMUM_NAME_BYTES = 253

export const resourcePoolStatusRequest = defineKind<ResourcePoolStatusRequest>({
  group: 'resource.k8s.io',
  version: 'v1alpha3',
  kind: 'ResourcePoolStatusRequest',
  plural: 'resourcepoolstatusrequests',
  scope: 'Cluster',
  returnsDeleted: true,
  shape: resourcePoolStatusRequestShape,
  takesAnyPrefix: true,
  subresources: { status: true },
  prepareForCreate: draft => {
    delete draft.status
  },
  prepareForUpdate: (draft, { status }) => {
    if (status) draft.status = status
    else delete draft.status
  },
  validateCreate: validateRequest,
  validateUpdate: (next, previous) =>
    sameValue(next.spec, previous.spec) ? [] : [invalid('spec', null, 'field is immutable')],
  validateStatusUpdate: validateStatus,
  columns: poolStatusColumns,
})

function validateRequest({ spec }: ResourcePoolStatusRequest): readonly FieldError[] {
  const { driver, poolName, limit } = spec
  const errors = [...needed('spec.driver', driver, isCaselessSubdomain)]
  if (poolName !== undefined) errors.push(...validatePool('spec.poolName', poolName))
  if (limit !== undefined && limit < 1)
    errors.push(invalid('spec.limit', limit, 'must be greater than or equal to 1'))
  if (limit !== undefined && limit > MAXIMUM_POOLS)
    errors.push(invalid('spec.limit', limit, `must be less than or equal to ${MAXIMUM_POOLS}`))
  return errors
}

function validateStatus(
  { status }: ResourcePoolStatusRequest,
  { status: previous }: ResourcePoolStatusRequest,
): readonly FieldError[] {
  const kept = previous ? immutable('status', status, previous) : []
  if (!status) return kept
  const { poolCount, pools, conditions = [] } = status
  const errors = [
    ...kept,
    ...(poolCount === undefined ? [required('status.poolCount')] : []),
    ...atLeast('status.poolCount', poolCount, 0),
    ...validateList('status.pools', pools, MAXIMUM_POOLS, (pool, path) => validatePart(path, pool)),
    ...(previous ? repeated(conditions) : validateConditions('status.conditions', conditions)),
  ]
  if (conditions.length > MAXIMUM_CONDITIONS)
    errors.push(tooMany('status.conditions', conditions.length, MAXIMUM_CONDITIONS))
  return errors
}

/** What conditions hold is judged once; that each is there once, always. */
const repeated = (conditions: readonly { readonly type: string }[]) =>
  conditions.flatMap((condition, index) =>
    conditions.findIndex(({ type }) => type === condition.type) < index
      ? [duplicate(`status.conditions[${index}]`, condition)]
      : [],
  )

const COUNTS = [
  'totalDevices',
  'allocatedDevices',
  'availableDevices',
  'unavailableDevices',
] as const

function validatePart(path: string, pool: PoolStatus): readonly FieldError[] {
  const { driver, poolName, nodeName, validationError = '' } = pool
  const errors = [
    ...needed(`${path}.driver`, driver, isCaselessSubdomain),
    ...(poolName === ''
      ? [required(`${path}.poolName`)]
      : validatePool(`${path}.poolName`, poolName)),
    ...given(`${path}.nodeName`, nodeName, isDns1123Subdomain),
    ...atLeast(`${path}.generation`, pool.generation, 0),
    ...atLeast(`${path}.resourceSliceCount`, pool.resourceSliceCount, 1),
    ...COUNTS.flatMap(count => atLeast(`${path}.${count}`, pool[count], 0)),
  ]
  if (utf8Length(validationError) > MAXIMUM_ERROR_BYTES)
    errors.push(tooLong(`${path}.validationError`, MAXIMUM_ERROR_BYTES))
  return errors
}

/** Subdomains with slashes between them; said in other words here than of pools elsewhere. */
function validatePool(path: string, pool: string): readonly FieldError[] {
  const isLong = utf8Length(pool) > MAXIMUM_NAME_BYTES
  return [
    ...(isLong ? [tooLong(path, MAXIMUM_NAME_BYTES)] : []),
    ...pool.split('/').flatMap((part, at) =>
      wrong(
        path,
        part,
        wrongSegment(part).map(why => `segment ${at}: ${why}`),
      ),
    ),
  ]
}

function wrongSegment(part: string): readonly string[] {
  if (part === '') return ['must not be empty']
  return isDns1123Subdomain(part).map(why => why.replace(/^(must be .*) characters$/, '$1 bytes'))
}

const atLeast = (path: string, value: number | undefined, least: number) =>
  value !== undefined && value < least
    ? [invalid(path, value, `must be greater than or equal to ${least}`)]
    : []
