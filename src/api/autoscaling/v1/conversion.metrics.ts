/**
 * Metrics in the words of autoscaling/v1, which stand in its annotations. They say less than those of v2: the type of a target
 * follows from which value is set, and values that have to be there are 0. Where that would lose something, metrics stand in
 * the words of v2 instead, and reading tells which it is by the fields that are there.
 */
import type { MetricSpec, MetricStatus } from '../v2/metrics.schema.ts'

type Data = Record<string, unknown>
type Source = 'object' | 'pods' | 'resource' | 'containerResource' | 'external'
/** By path in v2: the name in v1, in the order in which upstream writes them. */
type Names = Readonly<Record<string, string>>

const specNames: Readonly<Record<Source, Names>> = {
  object: {
    describedObject: 'target',
    'metric.name': 'metricName',
    'target.value': 'targetValue',
    'metric.selector': 'selector',
    'target.averageValue': 'averageValue',
  },
  pods: {
    'metric.name': 'metricName',
    'target.averageValue': 'targetAverageValue',
    'metric.selector': 'selector',
  },
  resource: {
    name: 'name',
    'target.averageUtilization': 'targetAverageUtilization',
    'target.averageValue': 'targetAverageValue',
  },
  containerResource: {
    name: 'name',
    'target.averageUtilization': 'targetAverageUtilization',
    'target.averageValue': 'targetAverageValue',
    container: 'container',
  },
  external: {
    'metric.name': 'metricName',
    'metric.selector': 'metricSelector',
    'target.value': 'targetValue',
    'target.averageValue': 'targetAverageValue',
  },
}

const statusNames: Readonly<Record<Source, Names>> = {
  object: {
    describedObject: 'target',
    'metric.name': 'metricName',
    'current.value': 'currentValue',
    'metric.selector': 'selector',
    'current.averageValue': 'averageValue',
  },
  pods: {
    'metric.name': 'metricName',
    'current.averageValue': 'currentAverageValue',
    'metric.selector': 'selector',
  },
  resource: {
    name: 'name',
    'current.averageUtilization': 'currentAverageUtilization',
    'current.averageValue': 'currentAverageValue',
  },
  containerResource: {
    name: 'name',
    'current.averageUtilization': 'currentAverageUtilization',
    'current.averageValue': 'currentAverageValue',
    container: 'container',
  },
  external: {
    'metric.name': 'metricName',
    'metric.selector': 'metricSelector',
    'current.value': 'currentValue',
    'current.averageValue': 'currentAverageValue',
  },
}

/** Quantities that v1 has to show. */
const specNeeds: Readonly<Partial<Record<Source, string>>> = {
  object: 'targetValue',
  pods: 'targetAverageValue',
}
const statusNeeds: Readonly<Partial<Record<Source, string>>> = {
  object: 'currentValue',
  pods: 'currentAverageValue',
  resource: 'currentAverageValue',
  containerResource: 'currentAverageValue',
  external: 'currentValue',
}

const SOURCES = Object.keys(specNames) as Source[]

export const olderSpec = (metric: MetricSpec) => older(metric, specNames, specNeeds)
export const olderStatus = (metric: MetricStatus) => older(metric, statusNames, statusNeeds)

/** In the words of v2, whichever it is in; types of values are still to be checked. */
export function newerSpec(metric: Data): Data {
  const result = newer(metric, specNames, specNeeds)
  for (const source of SOURCES) {
    const { target } = (result[source] ?? {}) as { target?: Data }
    if (target) target.type ??= targetType(source, target)
  }
  return result
}
export const newerStatus = (metric: Data) => newer(metric, statusNames, statusNeeds)

/** Whether a metric stands in the words of v2. */
export function isNewer(metric: Data): boolean {
  return SOURCES.some(source => isNewerSource(source, asData(metric[source])))
}

function isNewerSource(source: Source, fields: Data): boolean {
  return 'metric' in fields || 'current' in fields || (source !== 'object' && 'target' in fields)
}

function targetType(source: Source, target: Data): string {
  if (target.averageUtilization !== undefined) return 'Utilization'
  if (source === 'object' && target.averageValue !== undefined) return 'AverageValue'
  return target.value === undefined ? 'AverageValue' : 'Value'
}

function older(
  metric: MetricSpec | MetricStatus,
  names: typeof specNames,
  needs: typeof specNeeds,
): Data {
  const result: Data = { type: metric.type }
  for (const source of SOURCES) {
    const fields = metric[source]
    if (!fields) continue
    const need = needs[source]
    const written: Data = {}
    for (const [path, name] of Object.entries(names[source])) {
      const value = valueAt(fields, path) ?? (name === need ? '0' : undefined)
      if (value !== undefined) written[name] = value
    }
    result[source] = written
  }
  return result
}

function newer(metric: Data, names: typeof specNames, needs: typeof specNeeds): Data {
  const result: Data = { type: metric.type }
  for (const source of SOURCES) {
    if (metric[source] === undefined) continue
    const fields = asData(metric[source])
    if (isNewerSource(source, fields)) {
      result[source] = fields
      continue
    }
    const given = Object.entries(names[source]).filter(([, name]) => fields[name] !== undefined)
    const values = given.filter(([path]) => /^(target|current)\./.test(path))
    const read: Data = {}
    for (const [path, name] of given) {
      // A 0 beside another value only fills a place.
      const isFiller = name === needs[source] && fields[name] === '0' && values.length > 1
      if (!isFiller) setAt(read, path, fields[name])
    }
    result[source] = read
  }
  return result
}

const asData = (value: unknown): Data =>
  typeof value === 'object' && value !== null ? (value as Data) : {}

function valueAt(fields: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => asData(value)[name], fields)
}

function setAt(fields: Data, path: string, value: unknown): void {
  const [first = '', second] = path.split('.')
  if (second === undefined) fields[first] = value
  else fields[first] = { ...asData(fields[first]), [second]: value }
}
