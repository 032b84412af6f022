import { type FieldError, invalid, required } from '../../../machinery/field-error.ts'
import { isQualifiedName } from '../../../machinery/names.ts'
import { compareQuantities, quantityToMilli } from '../../../machinery/quantity.ts'
import { wrong } from '../validation.ts'
import type { ResourceRequirements } from './schema.resources.ts'

const standardResources = new Set(['cpu', 'memory', 'ephemeral-storage'])
const isHugePages = (name: string) => name.startsWith('hugepages-')
/** Names without a prefix, or under kubernetes.io, are the project's own; all others are extended resources. */
const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/')
/** A node cannot promise more of these than it has, so request and limit must agree. */
const mayBeOvercommitted = (name: string) => isNative(name) && !isHugePages(name)

export function validateResources(path: string, resources: ResourceRequirements): FieldError[] {
  const { limits = {}, requests = {}, claims = [] } = resources
  const errors: FieldError[] = []
  for (const [name, amount] of Object.entries(limits))
    errors.push(...validateAmount(`${path}.limits[${name}]`, name, amount))
  for (const [name, amount] of Object.entries(requests)) {
    errors.push(...validateAmount(`${path}.requests[${name}]`, name, amount))
    const limit = limits[name]
    if (limit === undefined) {
      if (!mayBeOvercommitted(name))
        errors.push(
          required(`${path}.limits`, 'Limit must be set for non overcommitable resources'),
        )
    } else if (!mayBeOvercommitted(name) && compareQuantities(amount, limit) !== 0)
      errors.push(invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`))
    else if (compareQuantities(amount, limit) > 0)
      errors.push(
        invalid(
          `${path}.requests`,
          amount,
          `must be less than or equal to ${name} limit of ${limit}`,
        ),
      )
  }
  for (const [index, claim] of claims.entries())
    if (!claim.name) errors.push(required(`${path}.claims[${index}].name`))
  return errors
}

function validateAmount(field: string, name: string, amount: string): readonly FieldError[] {
  const names = isQualifiedName(name)
  if (names.length > 0) return wrong(field, name, names)
  const errors: FieldError[] = []
  if (!name.includes('/') && !standardResources.has(name) && !isHugePages(name))
    errors.push(
      invalid(field, name, 'must be a standard resource type or fully qualified'),
      invalid(field, name, 'must be a standard resource for containers'),
    )
  if (compareQuantities(amount, '0') < 0)
    errors.push(invalid(field, amount, 'must be greater than or equal to 0'))
  if (!isNative(name) && quantityToMilli(amount) % 1000 !== 0)
    errors.push(invalid(field, amount, 'must be an integer'))
  return errors
}
