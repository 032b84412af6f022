/** Rules for names and amounts of resources that several kinds share. */
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { isQualifiedName } from '../../machinery/names.ts'
import { compareQuantities, quantityToMilli } from '../../machinery/quantity.ts'
import {
  isContainerResource,
  isCountedResource,
  isExtendedResource,
  isNativeResource,
  isQuotaResource,
  isStandardResource,
} from './resource-names.ts'
import { wrong } from './validation.ts'

export type Amounts = Readonly<Record<string, string>>

export function validateResourceName(field: string, name: string): readonly FieldError[] {
  const messages = isQualifiedName(name)
  if (messages.length > 0) return wrong(field, name, messages)
  return name.includes('/') || isStandardResource(name)
    ? []
    : [invalid(field, name, 'must be a standard resource type or fully qualified')]
}

export function validateContainerResourceName(field: string, name: string): readonly FieldError[] {
  const errors = validateResourceName(field, name)
  if (!name.includes('/'))
    return isContainerResource(name)
      ? errors
      : [...errors, invalid(field, name, 'must be a standard resource for containers')]
  return isNativeResource(name) || isExtendedResource(name)
    ? errors
    : [...errors, invalid(field, name, "doesn't follow extended resource name standard")]
}

export function validateQuotaResourceName(field: string, name: string): readonly FieldError[] {
  const errors = validateResourceName(field, name)
  return name.includes('/') || isQuotaResource(name)
    ? errors
    : [...errors, invalid(field, name, 'must be a standard resource for quota')]
}

/** Never negative, and whole where things are counted. */
export function validateAmount(field: string, name: string, amount: string): FieldError[] {
  const errors = [...notNegativeAmount(field, amount)]
  if (isCountedResource(name) && hasFraction(amount))
    errors.push(invalid(field, amount, 'must be an integer'))
  return errors
}

export function notNegativeAmount(field: string, amount: string): readonly FieldError[] {
  return compareQuantities(amount, '0') < 0
    ? [invalid(field, amount, 'must be greater than or equal to 0')]
    : []
}

export function positiveAmount(field: string, amount: string): readonly FieldError[] {
  return compareQuantities(amount, '0') <= 0
    ? [invalid(field, amount, 'must be greater than zero')]
    : []
}

/** The rule of capacities, which words a negative amount in its own way. */
export function validateCapacity(field: string, capacity: Amounts = {}): readonly FieldError[] {
  return Object.entries(capacity)
    .filter(([, amount]) => compareQuantities(amount, '0') < 0)
    .map(([name, amount]) =>
      invalid(
        `${field}[${name}]`,
        Math.ceil(quantityToMilli(amount) / 1000),
        'must be a valid resource quantity',
      ),
    )
}

export function hasFraction(amount: string): boolean {
  return quantityToMilli(amount) % 1000 !== 0
}
