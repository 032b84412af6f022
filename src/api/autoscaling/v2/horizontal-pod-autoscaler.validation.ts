import { needed, notNegative } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { isPathSegment } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import type {
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
} from './horizontal-pod-autoscaler.schema.ts'
import type { CrossVersionObjectReference, MetricSpec } from './metrics.schema.ts'
import { validateMetric, validateVersion } from './metrics.validation.ts'

const MAXIMUM_WINDOW_SECONDS = 3600
const MAXIMUM_PERIOD_SECONDS = 1800
/** Scaling to nothing is a feature that v1.36 leaves off. */
const FEWEST_REPLICAS = 1

export function validateAutoscaler(
  { spec }: HorizontalPodAutoscaler,
  previous?: HorizontalPodAutoscaler,
): readonly FieldError[] {
  const { minReplicas, maxReplicas, scaleTargetRef, metrics = [], behavior } = spec
  const errors: FieldError[] = []
  if (minReplicas !== undefined && minReplicas < FEWEST_REPLICAS)
    errors.push(
      invalid(
        'spec.minReplicas',
        minReplicas,
        `must be greater than or equal to ${FEWEST_REPLICAS}`,
      ),
    )
  if (maxReplicas === 0) errors.push(required('spec.maxReplicas', 'must be set and greater than 0'))
  else if (maxReplicas < 1)
    errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(
      invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'),
    )
  errors.push(
    ...needed('spec.scaleTargetRef.kind', scaleTargetRef.kind, isPathSegment),
    ...needed('spec.scaleTargetRef.name', scaleTargetRef.name, isPathSegment),
    ...(isSameTarget(spec, previous) ? [] : validateTargetVersion(scaleTargetRef)),
  )
  const judgesVersions = !hadWrongVersions(previous?.spec.metrics)
  for (const [index, metric] of metrics.entries())
    errors.push(...validateMetric(`spec.metrics[${index}]`, metric, judgesVersions))
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    errors.push(
      forbidden(
        'spec.metrics',
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    )
  return [
    ...errors,
    ...validateRules('spec.behavior.scaleUp', behavior?.scaleUp),
    ...validateRules('spec.behavior.scaleDown', behavior?.scaleDown),
  ]
}

export function validateAutoscalerStatus({
  status,
}: HorizontalPodAutoscaler): readonly FieldError[] {
  return [
    ...notNegative('status.currentReplicas', status.currentReplicas),
    ...notNegative('status.desiredReplicas', status.desiredReplicas),
  ]
}

/** A version that was once accepted stays acceptable until its kind or itself is changed. */
function isSameTarget(
  { scaleTargetRef: next }: HorizontalPodAutoscaler['spec'],
  previous: HorizontalPodAutoscaler | undefined,
): boolean {
  const before = previous?.spec.scaleTargetRef
  return next.kind === before?.kind && (next.apiVersion ?? '') === (before.apiVersion ?? '')
}

/** The core group has one kind that can be scaled; of all others the group must be told. */
const validateTargetVersion = (target: CrossVersionObjectReference) =>
  validateVersion('spec.scaleTargetRef', target, target.kind !== 'ReplicationController')

/** As long as one is, none of them is judged. */
const hadWrongVersions = (metrics: readonly MetricSpec[] = []) =>
  metrics.some(({ object }) => object && validateVersion('', object.describedObject).length > 0)

function validateRules(path: string, rules: HPAScalingRules | undefined): FieldError[] {
  if (!rules) return []
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance } = rules
  const errors: FieldError[] = []
  const windowField = `${path}.stabilizationWindowSeconds`
  if (window < 0) errors.push(invalid(windowField, window, 'must be greater than or equal to zero'))
  if (window > MAXIMUM_WINDOW_SECONDS)
    errors.push(
      invalid(windowField, window, `must be less than or equal to ${MAXIMUM_WINDOW_SECONDS}`),
    )
  if (selectPolicy !== undefined && !['Disabled', 'Max', 'Min'].includes(selectPolicy))
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']))
  if (policies.length === 0)
    errors.push(required(`${path}.policies`, 'must specify at least one Policy'))
  for (const [index, policy] of policies.entries())
    errors.push(...validatePolicy(`${path}.policies[${index}]`, policy))
  if (tolerance !== undefined && compareQuantities(tolerance, '0') < 0)
    errors.push(invalid(`${path}.tolerance`, tolerance, 'must be greater than or equal to 0'))
  return errors
}

function validatePolicy(
  path: string,
  { type, value, periodSeconds }: HPAScalingPolicy,
): FieldError[] {
  const errors: FieldError[] = []
  if (type !== 'Pods' && type !== 'Percent')
    errors.push(notSupported(`${path}.type`, type, ['Percent', 'Pods']))
  if (value <= 0) errors.push(invalid(`${path}.value`, value, 'must be greater than zero'))
  if (periodSeconds <= 0)
    errors.push(invalid(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero'))
  if (periodSeconds > MAXIMUM_PERIOD_SECONDS)
    errors.push(
      invalid(
        `${path}.periodSeconds`,
        periodSeconds,
        `must be less than or equal to ${MAXIMUM_PERIOD_SECONDS}`,
      ),
    )
  return errors
}
