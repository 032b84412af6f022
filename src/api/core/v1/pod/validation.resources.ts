import { type FieldError, invalid, required } from '../../../machinery/field-error.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { mayBeOvercommitted } from '../resource-names.ts'
import { validateAmount, validateContainerResourceName } from '../validation.resources.ts'
import type { ResourceRequirements } from './schema.resources.ts'

export function validateResources(path: string, resources: ResourceRequirements): FieldError[] {
  const { limits = {}, requests = {}, claims = [] } = resources
  const errors: FieldError[] = []
  for (const [name, amount] of Object.entries(limits))
    errors.push(...validateEntry(`${path}.limits[${name}]`, name, amount))
  for (const [name, amount] of Object.entries(requests)) {
    errors.push(...validateEntry(`${path}.requests[${name}]`, name, amount))
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

function validateEntry(field: string, name: string, amount: string): readonly FieldError[] {
  return [...validateContainerResourceName(field, name), ...validateAmount(field, name, amount)]
}
