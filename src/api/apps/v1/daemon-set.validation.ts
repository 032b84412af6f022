import { validateLastingTemplate } from '../../core/v1/pod/validation.ts'
import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { immutable, notNegative } from '../../core/v1/validation.ts'
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'
import type { DaemonSet, DaemonSetUpdateStrategy } from './daemon-set.schema.ts'
import {
  countsNotNegative,
  isBroken,
  notEmpty,
  notMoreThanAll,
  numberIn,
  validateCollisions,
  validateCountOrPercent,
  validateSelection,
} from './validation.ts'

const COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
]

export function validateDaemonSet({ spec }: DaemonSet): readonly FieldError[] {
  return [
    ...validateLabelSelector('spec.selector', spec.selector),
    ...(isBroken(spec.selector) ? [] : validateSelection(spec)),
    ...notEmpty(spec.selector, 'daemonset'),
    ...validateLastingTemplate('spec.template', spec.template, 'DaemonSet'),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateStrategy('spec.updateStrategy', spec.updateStrategy),
    ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
  ]
}

export function validateDaemonSetUpdate(next: DaemonSet, previous: DaemonSet) {
  return immutable('spec.selector', next.spec.selector, previous.spec.selector)
}

export function validateDaemonSetStatus(
  { status }: DaemonSet,
  previous: DaemonSet,
): readonly FieldError[] {
  return [...countsNotNegative(status, COUNTS), ...validateCollisions(status, previous.status)]
}

function validateStrategy(path: string, strategy: DaemonSetUpdateStrategy): FieldError[] {
  const { type, rollingUpdate } = strategy
  if (type === 'OnDelete') return []
  if (type !== 'RollingUpdate') return [notSupported(path, strategy, ['RollingUpdate', 'OnDelete'])]
  if (!rollingUpdate) return [required(`${path}.rollingUpdate`)]
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate
  const [missing, surge] = ['maxUnavailable', 'maxSurge'].map(
    name => `${path}.rollingUpdate.${name}`,
  ) as [string, string]
  const errors = [
    ...validateCountOrPercent(missing, maxUnavailable),
    ...validateCountOrPercent(surge, maxSurge),
    ...notMoreThanAll(missing, maxUnavailable),
    ...notMoreThanAll(surge, maxSurge),
  ]
  const [mayMiss, maySurge] = [numberIn(maxUnavailable) !== 0, numberIn(maxSurge) !== 0]
  if (mayMiss && maySurge)
    errors.push(invalid(surge, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  if (!mayMiss && !maySurge) errors.push(required(missing, 'cannot be 0 when maxSurge is 0'))
  return errors
}
