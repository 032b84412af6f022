/** Amounts: capacities that several users share, and counters that several devices draw from. */
import { wrong } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  required,
  tooMany,
} from '../../machinery/field-error.ts'
import { isDns1123Label } from '../../machinery/names.ts'
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
} from '../../machinery/quantity.ts'
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  DeviceCapacity,
} from './capacity.schema.ts'
import { validateSet } from './validation.ts'

const MAXIMUM_VALID_VALUES = 10
const MAXIMUM_COUNTERS = 32

export function validateCapacity(
  path: string,
  { value, requestPolicy }: DeviceCapacity,
  isShared: boolean,
): readonly FieldError[] {
  if (!requestPolicy) return []
  const at = `${path}.requestPolicy`
  return isShared
    ? validatePolicy(at, requestPolicy, value)
    : [forbidden(at, 'allowMultipleAllocations must be true')]
}

function validatePolicy(
  path: string,
  { default: preset, validValues = [], validRange }: CapacityRequestPolicy,
  capacity: string,
): readonly FieldError[] {
  if (validValues.length > 0 && validRange)
    return [
      forbidden(
        path,
        'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
      ),
    ]
  const field = validRange ? 'validRange' : 'validValues'
  if (!validRange && validValues.length === 0) return []
  if (preset === undefined)
    return [required(`${path}.default`, `required when ${field} is defined`)]
  const at = `${path}.${field}`
  return validRange
    ? validateRange(at, validRange, { preset, capacity })
    : validateValues(at, validValues, { preset, capacity })
}

interface Around {
  readonly preset: string
  readonly capacity: string
}

const isMore = (a: string, b: string) => compareQuantities(a, b) > 0

function validateValues(
  path: string,
  values: readonly string[],
  { preset, capacity }: Around,
): readonly FieldError[] {
  const unsorted = values.flatMap((value, index) =>
    isMore(values[index - 1] ?? value, value)
      ? [invalid(`${path}[${index}]`, value, 'values must be sorted in ascending order')]
      : [],
  )
  const errors = [
    ...unsorted,
    ...validateSet(path, values, {
      most: MAXIMUM_VALID_VALUES,
      keyOf: value => formatQuantity({ ...parseQuantity(value), format: 'DecimalSI' }),
      check: (value, at) =>
        isMore(value, capacity)
          ? [invalid(at, value, `option is larger than capacity value: ${capacity}`)]
          : [],
    }),
  ]
  if (values.some(value => compareQuantities(value, preset) === 0)) return errors
  const why = 'default value is not valid according to the requestPolicy'
  return [...errors, invalid(path, preset, why)]
}

function validateRange(
  path: string,
  { min, max, step }: CapacityRequestPolicyRange,
  { preset, capacity }: Around,
): readonly FieldError[] {
  if (min === undefined) return [required(`${path}.min`, 'required when validRange is defined')]
  const errors: FieldError[] = []
  const no = (field: string, value: string, why: string) =>
    errors.push(invalid(`${path}.${field}`, value, why))
  if (isMore(min, capacity)) no('min', min, `min is larger than capacity value: ${capacity}`)
  if (isMore(min, preset)) no('min', preset, `default is less than min: ${min}`)
  if (max !== undefined) {
    if (isMore(min, max)) no('max', min, `min is larger than max: ${max}`)
    if (isMore(max, capacity)) no('max', max, `max is larger than capacity value: ${capacity}`)
    if (isMore(preset, max)) no('max', preset, `default is more than max: ${max}`)
  }
  if (step === undefined) return errors
  if (!isMore(step, '0')) {
    no('step', step, 'must be greater than zero')
    return errors
  }
  const first = formatQuantity(addQuantities(min, step))
  if (isMore(first, capacity))
    no('step', step, `one step ${first} is larger than capacity value: ${capacity}`)
  const distance = (value: string) => parseQuantity(value).nanos - parseQuantity(min).nanos
  for (const value of max === undefined ? [preset] : [preset, max])
    if (distance(value) % parseQuantity(step).nanos !== 0n)
      no('step', value, `value is not a multiple of a given step (${step}) from (${min})`)
  return errors
}

/** A named set of amounts, as devices share it or draw from it. */
export function validateCounters(
  path: string,
  { field, name, counters }: { field: string; name: string; counters: object },
): readonly FieldError[] {
  const at = `${path}.${field}`
  const errors = name === '' ? [required(at)] : [...wrong(at, name, isDns1123Label(name))]
  const names = Object.keys(counters)
  if (names.length === 0) return [...errors, required(`${path}.counters`)]
  if (names.length > MAXIMUM_COUNTERS)
    return [...errors, tooMany(`${path}.counters`, names.length, MAXIMUM_COUNTERS)]
  return [
    ...errors,
    ...names.flatMap(counter => wrong(`${path}.counters`, counter, isDns1123Label(counter))),
  ]
}
