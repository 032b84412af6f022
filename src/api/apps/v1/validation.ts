/** What workloads with a selector and a pod template have in common. */

import type { PodTemplateSpec } from '../../core/v1/pod/schema.ts'
import { validateLastingTemplate } from '../../core/v1/pod/validation.ts'
import { isEmptySelector, validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { notNegative } from '../../core/v1/validation.ts'
import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import type { LabelSelector } from '../../machinery/metadata.ts'
import { isPercent } from '../../machinery/names.ts'

interface WorkloadSpec {
  replicas?: number
  minReadySeconds?: number
  selector: LabelSelector
  template: PodTemplateSpec
}

export function validateWorkload(spec: WorkloadSpec): FieldError[] {
  const { selector, template } = spec
  const errors: FieldError[] = [
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
  ]
  const selectorErrors = validateLabelSelector('spec.selector', selector)
  errors.push(...selectorErrors)
  if (!selector) errors.push(required('spec.selector'))
  else if (isEmptySelector(selector))
    errors.push(invalid('spec.selector', selector, 'empty selector is invalid for deployment'))
  else if (selectorErrors.length === 0) {
    const labels = template.metadata.labels ?? {}
    if (!labelMatcherOf(selector).matches(labels))
      errors.push(
        invalid(
          'spec.template.metadata.labels',
          labels,
          '`selector` does not match template `labels`',
        ),
      )
  }
  // Upstream's words name one of the two kinds whichever is meant.
  return [...errors, ...validateLastingTemplate('spec.template', template, 'ReplicaSet')]
}

/** A count or a percentage such as `25%`, not negative. */
export function validateCountOrPercent(field: string, value: number | string): FieldError[] {
  if (typeof value === 'number') return [...notNegative(field, value)]
  return isPercent(value).map(message => invalid(field, value, message))
}

type Counts = Record<string, unknown>

/** Counts of a status are never negative, and none is more than the whole. */
export function validateCounts(status: object, names: readonly string[]): FieldError[] {
  const counts = status as Counts
  const count = (name: string) => Number(counts[name] ?? 0)
  const errors: FieldError[] = []
  for (const name of ['replicas', 'observedGeneration', ...names])
    errors.push(...notNegative(`status.${name}`, count(name)))
  for (const name of names)
    if (count(name) > count('replicas'))
      errors.push(invalid(`status.${name}`, count(name), 'cannot be greater than status.replicas'))
  if (count('availableReplicas') > count('readyReplicas'))
    errors.push(
      invalid(
        'status.availableReplicas',
        count('availableReplicas'),
        'cannot be greater than readyReplicas',
      ),
    )
  return errors
}
