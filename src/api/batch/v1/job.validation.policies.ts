/** The rules of a job about what failures and successes of its pods mean. */

import { messageOf } from '#base/errors.ts'
import { notNegative, wrong } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  invalidAsWhole,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../machinery/field-error.ts'
import { goShown } from '../../machinery/go-shown.ts'
import { isQualifiedName } from '../../machinery/names.ts'
import { countIndexes } from './job.indexes.ts'
import type {
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from './job.schema.policies.ts'
import { successPolicy as successPolicyShape } from './job.schema.policies.ts'
import type { JobSpec } from './job.schema.ts'

const MAXIMUM_RULES = 20
const MAXIMUM_EXIT_CODES = 255
const MAXIMUM_PATTERNS = 20
const MAXIMUM_INDEXES_BYTES = 64 * 1024
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const OPERATORS = ['In', 'NotIn']
const STATUSES = ['False', 'True', 'Unknown']

export function validatePodFailurePolicy(path: string, spec: JobSpec): FieldError[] {
  const { podFailurePolicy, template } = spec
  if (!podFailurePolicy) return []
  const { rules } = podFailurePolicy
  const { containers, initContainers = [] } = template.spec
  const names = new Set([...containers, ...initContainers].map(({ name }) => name))
  const errors: FieldError[] = []
  if (rules.length > MAXIMUM_RULES)
    errors.push(tooMany(`${path}.rules`, rules.length, MAXIMUM_RULES))
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`
    errors.push(...validateAction(`${at}.action`, rule, spec), ...validateCause(at, rule, names))
  }
  return errors
}

function validateAction(path: string, { action }: PodFailurePolicyRule, spec: JobSpec) {
  if (action === 'FailIndex')
    return spec.backoffLimitPerIndex === undefined
      ? [invalid(path, action, 'requires the backoffLimitPerIndex to be set')]
      : []
  return requiredOneOf(path, action, ACTIONS)
}

/** As lists of Go print: `["In" "NotIn"]`. */
function requiredOneOf(path: string, value: string, supported: readonly string[]): FieldError[] {
  const list = supported.map(each => JSON.stringify(each)).join(' ')
  if (!value) return [required(path, `valid values: [${list}]`)]
  return supported.includes(value) ? [] : [notSupported(path, value, supported)]
}

function validateCause(
  path: string,
  { onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  containers: ReadonlySet<string>,
): FieldError[] {
  const errors = [
    ...(onExitCodes ? validateExitCodes(`${path}.onExitCodes`, onExitCodes, containers) : []),
    ...validateConditions(`${path}.onPodConditions`, onPodConditions),
  ]
  const given = Number(onExitCodes !== undefined) + Number(onPodConditions.length > 0)
  if (given === 2)
    errors.push(
      invalidAsWhole(path, 'specifying both OnExitCodes and OnPodConditions is not supported'),
    )
  if (given === 0)
    errors.push(
      invalidAsWhole(path, 'specifying one of OnExitCodes and OnPodConditions is required'),
    )
  return errors
}

function validateConditions(
  path: string,
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
): FieldError[] {
  const errors: FieldError[] = []
  if (patterns.length > MAXIMUM_PATTERNS)
    errors.push(tooMany(path, patterns.length, MAXIMUM_PATTERNS))
  for (const [index, { type, status }] of patterns.entries())
    errors.push(
      ...wrong(`${path}[${index}].type`, type, isQualifiedName(type)),
      ...requiredOneOf(`${path}[${index}].status`, status, STATUSES),
    )
  return errors
}

function validateExitCodes(
  path: string,
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
): FieldError[] {
  const errors = requiredOneOf(`${path}.operator`, operator, OPERATORS)
  if (containerName !== undefined && !containers.has(containerName))
    errors.push(
      invalid(
        `${path}.containerName`,
        containerName,
        'must be one of the container or initContainer names in the pod template',
      ),
    )
  const at = `${path}.values`
  if (values.length === 0) errors.push(invalid(at, values, 'at least one value is required'))
  else if (values.length > MAXIMUM_EXIT_CODES)
    errors.push(tooMany(at, values.length, MAXIMUM_EXIT_CODES))
  const seen = new Set<number>()
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0)
      errors.push(invalid(`${at}[${index}]`, value, 'must not be 0 for the In operator'))
    if (seen.has(value)) errors.push(duplicate(`${at}[${index}]`, value))
    seen.add(value)
  }
  if (values.some((value, index) => index > 0 && (values[index - 1] ?? value) > value))
    errors.push(invalid(at, values, 'must be ordered'))
  return errors
}

export function validateSuccessPolicy(path: string, spec: JobSpec): FieldError[] {
  const { successPolicy, completionMode, completions = 0 } = spec
  if (!successPolicy) return []
  if (completionMode !== 'Indexed')
    return [
      invalid(path, goShown(successPolicyShape, successPolicy), 'requires indexed completion mode'),
    ]
  const { rules } = successPolicy
  const errors: FieldError[] = []
  if (rules.length === 0)
    errors.push(
      required(
        `${path}.rules`,
        'at least one rules must be specified when the successPolicy is specified',
      ),
    )
  if (rules.length > MAXIMUM_RULES)
    errors.push(tooMany(`${path}.rules`, rules.length, MAXIMUM_RULES))
  for (const [index, rule] of rules.entries())
    errors.push(...validateSuccessRule(`${path}.rules[${index}]`, rule, completions))
  return errors
}

function validateSuccessRule(
  path: string,
  { succeededIndexes, succeededCount }: SuccessPolicyRule,
  completions: number,
): FieldError[] {
  if (succeededIndexes === undefined && succeededCount === undefined)
    return [required(path, 'at least one of succeededCount or succeededIndexes must be specified')]
  const errors: FieldError[] = []
  let total = 0
  if (succeededIndexes !== undefined) {
    const at = `${path}.succeededIndexes`
    if (succeededIndexes.length > MAXIMUM_INDEXES_BYTES)
      errors.push(tooLong(at, MAXIMUM_INDEXES_BYTES))
    try {
      total = countIndexes(succeededIndexes, completions)
    } catch (thrown) {
      const why = `error parsing succeededIndexes: ${messageOf(thrown)}`
      errors.push(invalid(at, succeededIndexes, why))
    }
  }
  if (succeededCount === undefined) return errors
  const at = `${path}.succeededCount`
  const atMost = (limit: number, what: string) => {
    const why = `must be less than or equal to ${limit} (${what})`
    if (succeededCount > limit) errors.push(invalid(at, succeededCount, why))
  }
  errors.push(...notNegative(at, succeededCount))
  atMost(completions, 'the number of specified completions')
  if (succeededIndexes !== undefined)
    atMost(total, 'the number of indexes in the specified succeededIndexes field')
  return errors
}
