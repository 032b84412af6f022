import { type FieldError, forbidden, invalid, required } from '../../machinery/field-error.ts'
import type { LabelSelector } from '../../machinery/metadata.ts'
import { isLabelValue, isQualifiedName } from '../../machinery/names.ts'
import { validateLabels } from '../../machinery/validate-metadata.ts'
import { wrong } from './validation.ts'

export function validateLabelSelector(
  field: string,
  selector: LabelSelector | undefined,
): readonly FieldError[] {
  if (!selector) return []
  const errors = [...validateLabels(`${field}.matchLabels`, selector.matchLabels)]
  for (const [index, requirement] of (selector.matchExpressions ?? []).entries()) {
    const path = `${field}.matchExpressions[${index}]`
    const { key, operator, values = [] } = requirement
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(
          required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
        )
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          forbidden(
            `${path}.values`,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        )
    } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
    errors.push(...wrong(`${path}.key`, key, isQualifiedName(key)))
    for (const [at, value] of values.entries())
      errors.push(...wrong(`${path}.values[${at}]`, value, isLabelValue(value)))
  }
  return errors
}

export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 &&
    (selector?.matchExpressions ?? []).length === 0
  )
}

/** `a=b,c=d` as tables show labels. */
export function labelsText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.toSorted().join(',') || '<none>'
}
