import { validateContainerResourceName } from '../../core/v1/validation.resources.ts'
import { needed } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { isDns1123Label, isPathSegment } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from './metrics.schema.ts'

/** By type: its field. */
const FIELDS = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const
type Source = (typeof FIELDS)[keyof typeof FIELDS]

const isKnown = (type: string): type is keyof typeof FIELDS => Object.hasOwn(FIELDS, type)

/** `judgesVersions` says whether a wrong version of what a metric is of counts. */
export function validateMetric(
  path: string,
  metric: MetricSpec,
  judgesVersions: boolean,
): FieldError[] {
  const { type } = metric
  const errors: FieldError[] = []
  if (!type) errors.push(required(`${path}.type`, 'must specify a metric source type'))
  if (!isKnown(type)) errors.push(notSupported(`${path}.type`, type, Object.keys(FIELDS)))
  const present = (['object', 'external', 'pods', 'resource', 'containerResource'] as const).filter(
    source => metric[source] !== undefined,
  )
  const [first] = present
  if (first) errors.push(...validators[first](`${path}.${first}`, metric, judgesVersions))
  const own = isKnown(type) ? FIELDS[type] : undefined
  if (own && metric[own] === undefined)
    errors.push(required(`${path}.${own}`, 'must populate information for the given metric source'))
  // Upstream says it again at the end.
  if (!own) errors.push(notSupported(`${path}.type`, type, Object.keys(FIELDS)))
  if (present.length !== 1)
    for (const source of present)
      if (source !== own)
        errors.push(forbidden(`${path}.${source}`, 'must populate the given metric source only'))
  return errors
}

type Validator = (path: string, metric: MetricSpec, judgesVersions: boolean) => FieldError[]

/** Each is called for metrics that have its source. */
const validators: Readonly<Record<Source, Validator>> = {
  object: (path, { object }, judgesVersions) => {
    if (!object) return []
    const { describedObject, metric, target } = object
    return [
      ...needed(`${path}.describedObject.kind`, describedObject.kind, isPathSegment),
      ...needed(`${path}.describedObject.name`, describedObject.name, isPathSegment),
      ...(judgesVersions ? validateVersion(`${path}.describedObject`, describedObject) : []),
      ...validateIdentifier(`${path}.metric`, metric),
      ...validateTarget(`${path}.target`, target),
      ...(target.value === undefined && target.averageValue === undefined
        ? [
            required(
              `${path}.target.averageValue`,
              'must set either a target value or averageValue',
            ),
          ]
        : []),
    ]
  },
  external: (path, { external }) => {
    if (!external) return []
    const { metric, target } = external
    const errors = [
      ...validateIdentifier(`${path}.metric`, metric),
      ...validateTarget(`${path}.target`, target),
    ]
    if (target.value === undefined && target.averageValue === undefined)
      errors.push(
        required(
          `${path}.target.averageValue`,
          'must set either a target value for metric or a per-pod target',
        ),
      )
    if (target.value !== undefined && target.averageValue !== undefined)
      errors.push(
        forbidden(
          `${path}.target.value`,
          'may not set both a target value for metric and a per-pod target',
        ),
      )
    return errors
  },
  pods: (path, { pods }) => {
    if (!pods) return []
    return [
      ...validateIdentifier(`${path}.metric`, pods.metric),
      ...validateTarget(`${path}.target`, pods.target),
      ...(pods.target.averageValue === undefined
        ? [required(`${path}.target.averageValue`, 'must specify a positive target averageValue')]
        : []),
    ]
  },
  resource: (path, { resource }) => {
    if (!resource) return []
    const { name, target } = resource
    const named = name ? [] : [required(`${path}.name`, 'must specify a resource name')]
    return [...named, ...validateResourceTarget(path, target)]
  },
  containerResource: (path, { containerResource: source }) => {
    if (!source) return []
    const { name, container, target } = source
    return [
      ...(name
        ? validateContainerResourceName(`${path}.name`, name)
        : [required(`${path}.name`, 'must specify a resource name')]),
      ...(container
        ? needed(`${path}.container`, container, isDns1123Label)
        : [required(`${path}.container`, 'must specify a container')]),
      ...validateResourceTarget(path, target),
    ]
  },
}

function validateResourceTarget(path: string, target: MetricTarget): FieldError[] {
  const errors = validateTarget(`${path}.target`, target)
  const { averageUtilization, averageValue } = target
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(
      required(
        `${path}.target.averageUtilization`,
        'must set either a target raw value or a target utilization',
      ),
    )
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(
      forbidden(
        `${path}.target.averageValue`,
        'may not set both a target raw value and a target utilization',
      ),
    )
  return errors
}

function validateTarget(path: string, target: MetricTarget): FieldError[] {
  const { type, averageUtilization } = target
  const errors: FieldError[] = []
  if (!type) errors.push(required(`${path}.type`, 'must specify a metric target type'))
  if (!['Utilization', 'Value', 'AverageValue'].includes(type))
    errors.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target[field]
    if (amount !== undefined && compareQuantities(amount, '0') <= 0)
      errors.push(invalid(`${path}.${field}`, amount, 'must be positive'))
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'))
  return errors
}

function validateIdentifier(path: string, { name }: MetricIdentifier): readonly FieldError[] {
  return name
    ? needed(`${path}.name`, name, isPathSegment)
    : [required(`${path}.name`, 'must specify a metric name')]
}

/** Of kinds of the core group the version alone may be told, unless `needsGroup`. */
export function validateVersion(
  path: string,
  { apiVersion = '' }: CrossVersionObjectReference,
  needsGroup = false,
): FieldError[] {
  const field = `${path}.apiVersion`
  const parts = apiVersion.split('/')
  if (parts.length > 2)
    return [invalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
  const hasGroup = parts.length === 2 && parts[0] !== ''
  return needsGroup && !hasGroup
    ? [invalid(field, apiVersion, 'apiVersion must specify API group')]
    : []
}
