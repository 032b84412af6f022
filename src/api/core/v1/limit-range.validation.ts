import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  required,
} from '../../machinery/field-error.ts'
import { isQualifiedName } from '../../machinery/names.ts'
import { compareQuantities, quantityToMilli } from '../../machinery/quantity.ts'
import type { LimitRange, LimitRangeItem } from './limit-range.ts'
import { mayBeOvercommitted } from './resource-names.ts'
import { validateContainerResourceName, validateResourceName } from './validation.resources.ts'
import { wrong } from './validation.ts'

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim']
const AMOUNTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const
const NOT_OF_PODS = "may not be specified when `type` is 'Pod'"

export function validateLimitRange({ spec }: LimitRange): readonly FieldError[] {
  const seen = new Set<string>()
  return spec.limits.flatMap((item, index) => {
    const path = `spec.limits[${index}]`
    const errors = [...validateType(`${path}.type`, item.type)]
    if (seen.has(item.type)) errors.push(duplicate(`${path}.type`, item.type))
    seen.add(item.type)
    return [...errors, ...validateItem(path, item)]
  })
}

function validateType(field: string, type: string): readonly FieldError[] {
  const messages = isQualifiedName(type)
  if (messages.length > 0) return wrong(field, type, messages)
  return type.includes('/') || TYPES.includes(type)
    ? []
    : [invalid(field, type, 'must be a standard limit type or fully qualified')]
}

function validateItem(path: string, item: LimitRangeItem): readonly FieldError[] {
  const isPod = item.type === 'Pod'
  const checkName =
    isPod || item.type === 'Container' ? validateContainerResourceName : validateResourceName
  const errors: FieldError[] = []
  const resources = new Set<string>()
  for (const field of AMOUNTS) {
    const names = Object.keys(item[field] ?? {})
    if (isPod && (field === 'default' || field === 'defaultRequest')) {
      if (names.length > 0) errors.push(forbidden(`${path}.${field}`, NOT_OF_PODS))
      continue
    }
    for (const name of names) {
      errors.push(...checkName(`${path}.${field}[${name}]`, name))
      resources.add(name)
    }
  }
  if (item.type === 'PersistentVolumeClaim' && !item.min?.storage && !item.max?.storage)
    errors.push(
      required(
        `${path}.limits`,
        'either minimum or maximum storage value is required, but neither was provided',
      ),
    )
  for (const resource of resources) errors.push(...validateOrder(path, item, resource))
  return errors
}

/** Minimum, default request, default limit and maximum come in this order. */
function validateOrder(path: string, item: LimitRangeItem, resource: string): FieldError[] {
  const { min, max, ...others } = item
  const isPod = item.type === 'Pod'
  const least = min?.[resource]
  const most = max?.[resource]
  const limit = isPod ? undefined : others.default?.[resource]
  const request = isPod ? undefined : others.defaultRequest?.[resource]
  const errors: FieldError[] = []
  const wrongOrder = (
    [field, shown]: readonly [string, string],
    small: readonly [string, string | undefined],
    large: readonly [string, string | undefined],
  ) => {
    const [[smallName, smaller], [largeName, larger]] = [small, large]
    if (smaller === undefined || larger === undefined) return
    if (compareQuantities(smaller, larger) <= 0) return
    const text = `${smallName} value ${smaller} is greater than ${largeName} value ${larger}`
    errors.push(invalid(`${path}.${field}[${resource}]`, shown, text))
  }
  wrongOrder(['min', least ?? ''], ['min', least], ['max', most])
  const requestField = ['defaultRequest', request ?? ''] as const
  wrongOrder(requestField, ['min', least], ['default request', request])
  wrongOrder(requestField, ['default request', request], ['max', most])
  wrongOrder(requestField, ['default request', request], ['default limit', limit])
  wrongOrder(['default', least ?? ''], ['min', least], ['default', limit])
  wrongOrder(['default', most ?? ''], ['default', limit], ['max', most])
  errors.push(...validateRatio(path, item, resource))
  if (limit !== undefined && request !== undefined && !mayBeOvercommitted(resource))
    if (compareQuantities(limit, request) !== 0)
      errors.push(
        invalid(
          `${path}.defaultRequest[${resource}]`,
          request,
          `default value ${limit} must equal to defaultRequest value ${request} in ${resource}`,
        ),
      )
  return errors
}

function validateRatio(path: string, item: LimitRangeItem, resource: string): FieldError[] {
  const ratio = item.maxLimitRequestRatio?.[resource]
  if (ratio === undefined) return []
  const field = `${path}.maxLimitRequestRatio[${resource}]`
  const errors: FieldError[] = []
  if (compareQuantities(ratio, '1') < 0)
    errors.push(invalid(field, ratio, `ratio ${ratio} is less than 1`))
  const [least, most] = [item.min?.[resource], item.max?.[resource]]
  if (least === undefined || most === undefined) return errors
  const possible = quantityToMilli(most) / quantityToMilli(least)
  if (quantityToMilli(ratio) / 1000 > possible)
    errors.push(
      invalid(field, ratio, `ratio ${ratio} is greater than max/min = ${possible.toFixed(6)}`),
    )
  return errors
}
