/** What workloads with a selector and a pod template have in common. */
import type { PodTemplateSpec } from '../../core/v1/pod/schema.ts'
import { validateLastingTemplate } from '../../core/v1/pod/validation.ts'
import { isEmptySelector, validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { notNegative } from '../../core/v1/validation.ts'
import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import type { LabelSelector } from '../../machinery/metadata.ts'
import { isPercent } from '../../machinery/names.ts'

interface SelectingSpec {
  selector?: LabelSelector
  template: PodTemplateSpec
}

/** Replicas, or a deployment of them: what they select and what they make. */
export function validateReplicated(spec: SelectingSpec): FieldError[] {
  // Upstream's words name one of the two kinds whichever is meant, and of the other for the template.
  const errors = validateSelector(spec.selector, 'deployment')
  if (isBroken(spec.selector))
    return [...errors, invalid('spec.selector', spec.selector, 'invalid label selector')]
  return [
    ...errors,
    ...validateSelection(spec),
    ...validateLastingTemplate('spec.template', spec.template, 'ReplicaSet'),
  ]
}

/** The selector is there, selects something, and is put together well. */
export function validateSelector(selector: LabelSelector | undefined, kind: string): FieldError[] {
  return selector
    ? [...validateLabelSelector('spec.selector', selector), ...notEmpty(selector, kind)]
    : [required('spec.selector')]
}

export function notEmpty(selector: LabelSelector | undefined, kind: string): FieldError[] {
  return selector && isEmptySelector(selector)
    ? [invalid('spec.selector', selector, `empty selector is invalid for ${kind}`)]
    : []
}

/** Such that nobody can say what it selects. */
export function isBroken(selector: LabelSelector | undefined): boolean {
  return validateLabelSelector('', selector).length > 0
}

/** The pods of the template are selected; an empty selector selects all, an absent one none. */
export function validateSelection({ selector, template }: SelectingSpec): FieldError[] {
  const { labels } = template.metadata
  if (labelMatcherOf(selector).matches(labels ?? {})) return []
  return [
    invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
  ]
}

/** A count or a percentage such as `25%`, not negative. */
export function validateCountOrPercent(field: string, value: number | string): FieldError[] {
  if (typeof value === 'number') return [...notNegative(field, value)]
  return isPercent(value).map(message => invalid(field, value, message))
}

/** The number in a count or percentage; 0 where there is none. */
export function numberIn(value: number | string): number {
  if (typeof value === 'number') return value
  return /^(\d+%|[-+]?\d+)$/.test(value) ? Number.parseInt(value, 10) : 0
}

export function notMoreThanAll(field: string, value: number | string): FieldError[] {
  const isMore = typeof value === 'string' && isPercent(value).length === 0 && numberIn(value) > 100
  return isMore ? [invalid(field, value, 'must not be greater than 100%')] : []
}

type Counts = Record<string, unknown>

/** Counts of a status are never negative. */
export function countsNotNegative(status: object, names: readonly string[]): FieldError[] {
  const counts = status as Counts
  return names.flatMap(name => notNegative(`status.${name}`, Number(counts[name] ?? 0)))
}

/** Counts of a status are never negative, and none is more than the whole. */
export function validateCounts(status: object, names: readonly string[]): FieldError[] {
  const counts = status as Counts
  const count = (name: string) => Number(counts[name] ?? 0)
  const errors = countsNotNegative(status, ['replicas', 'observedGeneration', ...names])
  for (const name of names)
    if (count(name) > count('replicas'))
      errors.push(invalid(`status.${name}`, count(name), 'cannot be greater than status.replicas'))
  return errors
}

interface Availability {
  readyReplicas?: number
  availableReplicas?: number
}

/** Only what is ready can be available. `ready` is how the message calls the other field. */
export function availableAreReady(status: Availability, ready = 'readyReplicas'): FieldError[] {
  const { readyReplicas = 0, availableReplicas = 0 } = status
  if (availableReplicas <= readyReplicas) return []
  const why = `cannot be greater than ${ready}`
  return [invalid('status.availableReplicas', availableReplicas, why)]
}

interface Collisions {
  collisionCount?: number
}

/** How often a name was taken goes into names, so it may only grow. */
export function validateCollisions(next: Collisions, previous: Collisions): FieldError[] {
  const field = 'status.collisionCount'
  const [after, before] = [next.collisionCount, previous.collisionCount]
  const isLess = before !== undefined && (after === undefined || after < before)
  return [
    ...notNegative(field, after),
    ...(isLess ? [invalid(field, after ?? 0, 'cannot be decremented')] : []),
  ]
}
