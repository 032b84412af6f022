import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from './metrics.schema.ts'

/** So many metrics are shown before the column counts the rest. */
const SHOWN_METRICS = 2
const UNKNOWN = '<unknown>'

/** `cpu: 12%/80%, 3/10 (avg)`: of each metric what it is and what it should be. */
export function shownMetrics(
  metrics: readonly MetricSpec[],
  statuses: readonly MetricStatus[],
): string {
  if (metrics.length === 0) return '<none>'
  const shown = metrics
    .slice(0, SHOWN_METRICS)
    .map((metric, index) => shownMetric(metric, statuses[index]))
    .join(', ')
  const rest = metrics.length - SHOWN_METRICS
  return rest > 0 ? `${shown} + ${rest} more...` : shown
}

function shownMetric(metric: MetricSpec, status: MetricStatus | undefined): string {
  const { resource, containerResource, pods, object, external } = metric
  switch (metric.type) {
    case 'Resource':
      return ofResource(resource, status?.resource?.current)
    case 'ContainerResource':
      return ofResource(containerResource, status?.containerResource?.current)
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${pods?.target.averageValue ?? '0'}`
    case 'Object':
      return ofValue(object?.target, status?.object?.current)
    case 'External':
      return ofValue(external?.target, status?.external?.current)
    default:
      return '<unknown type>'
  }
}

function ofResource(
  source: { name: string; target: MetricTarget } | undefined,
  current: MetricValueStatus | undefined,
): string {
  const { averageValue, averageUtilization } = source?.target ?? {}
  const values =
    averageValue === undefined
      ? `${percent(current?.averageUtilization, UNKNOWN)}/${percent(averageUtilization, '<auto>')}`
      : `${current?.averageValue ?? UNKNOWN}/${averageValue}`
  return `${source?.name}: ${values}`
}

function ofValue(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  return target?.averageValue === undefined
    ? `${current?.value ?? UNKNOWN}/${target?.value ?? '0'}`
    : `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`
}

const percent = (value: number | undefined, other: string) =>
  value === undefined ? other : `${value}%`
