/**
 * Autoscalers are stored as v2. What v1 has no field for stands in annotations, named and written as upstream does, so that
 * whoever reads and writes v1 loses nothing.
 */
import { sameValue } from '../../core/v1/validation.ts'
import { decodeShape } from '../../machinery/decode.ts'
import { isPlainObject, type PlainObject } from '../../machinery/plain.ts'
import type { ObjectShape } from '../../machinery/schema.ts'
import { StatusError } from '../../machinery/status.ts'
import {
  horizontalPodAutoscalerBehavior,
  horizontalPodAutoscalerCondition,
  type HorizontalPodAutoscaler as Stored,
} from '../v2/horizontal-pod-autoscaler.schema.ts'
import {
  type MetricSpec,
  type MetricStatus,
  metricSpec,
  metricStatus,
} from '../v2/metrics.schema.ts'
import { isNewer, newerSpec, newerStatus, olderSpec, olderStatus } from './conversion.metrics.ts'
import type { HorizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { ROUND_TRIP, withoutRoundTrip } from './round-trip.ts'

type Spec = Stored['spec']
type Behavior = NonNullable<Spec['behavior']>

/** What a v1 autoscaler without any metric means. */
const DEFAULT_CPU_PERCENT = 80

const ofCpu = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})
const cpuPercent = ({ type, resource }: MetricSpec): number | undefined =>
  type === 'Resource' && resource?.name === 'cpu' ? resource.target.averageUtilization : undefined
const isCpu = (metric: MetricSpec) => cpuPercent(metric) !== undefined

export function fromStored({ metadata, spec, status }: Stored): HorizontalPodAutoscaler {
  const { scaleTargetRef, minReplicas, maxReplicas, behavior } = spec
  // Null where somebody applies that, which is asked what it means in this version before it is decoded.
  const metrics = spec.metrics ?? []
  const percent = metrics.find(isCpu)
  const added = withoutAbsent({
    [ROUND_TRIP.metrics]: jsonOf(writtenMetrics(metrics)),
    [ROUND_TRIP.behavior]: behavior && JSON.stringify(writtenBehavior(behavior)),
    [ROUND_TRIP.conditions]: jsonOf(status.conditions ?? []),
    [ROUND_TRIP.currentMetrics]: jsonOf(writtenStatuses(status.currentMetrics)),
  })
  const isAdded = Object.keys(added).length > 0
  const cpu = status.currentMetrics.findLast(
    ({ type, resource }) => type === 'Resource' && resource?.name === 'cpu',
  )
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: isAdded
      ? { ...metadata, annotations: { ...metadata.annotations, ...added } }
      : metadata,
    spec: withoutAbsent({
      scaleTargetRef,
      minReplicas,
      maxReplicas,
      targetCPUUtilizationPercentage: percent && cpuPercent(percent),
    }),
    status: withoutAbsent({
      observedGeneration: status.observedGeneration,
      lastScaleTime: status.lastScaleTime,
      currentReplicas: status.currentReplicas ?? 0,
      desiredReplicas: status.desiredReplicas,
      currentCPUUtilizationPercentage: cpu?.resource?.current.averageUtilization,
    }),
  }
}

export function toStored({ metadata, spec, status }: HorizontalPodAutoscaler): Stored {
  const { annotations = {} } = metadata
  const { scaleTargetRef, minReplicas, maxReplicas } = spec
  const written = listIn(annotations[ROUND_TRIP.metrics]) ?? []
  const metrics = readMetrics(written, spec.targetCPUUtilizationPercentage)
  const conditions = partsOf(
    horizontalPodAutoscalerCondition,
    listIn(annotations[ROUND_TRIP.conditions]),
  )
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withoutRoundTrip(metadata),
    spec: withoutAbsent({
      scaleTargetRef,
      minReplicas,
      maxReplicas,
      metrics: metrics.length > 0 ? metrics : [ofCpu(DEFAULT_CPU_PERCENT)],
      behavior: behaviorIn(annotations[ROUND_TRIP.behavior]),
    }),
    status: withoutAbsent({
      observedGeneration: status.observedGeneration,
      lastScaleTime: status.lastScaleTime,
      currentReplicas: status.currentReplicas || undefined,
      desiredReplicas: status.desiredReplicas,
      currentMetrics: readStatuses(annotations[ROUND_TRIP.currentMetrics], status),
      conditions,
    }) as Stored['status'],
  }
}

/** What a field of v1 does not say, in the words of v1 if they are enough. */
function writtenMetrics(metrics: readonly MetricSpec[]): readonly object[] {
  const others = metrics.filter(metric => !isCpu(metric)).map(olderSpec)
  const percent = metrics.find(isCpu)
  const read = readMetrics(others, percent && cpuPercent(percent))
  return sameValue(read, metrics) ? others : metrics
}

function readMetrics(written: readonly PlainObject[], percent: number | undefined): MetricSpec[] {
  const metrics = partsOf<MetricSpec>(metricSpec, written.map(newerSpec)) ?? []
  const isWhole = written.some(isNewer)
  const own = isWhole ? metrics.findIndex(isCpu) : -1
  // In the words of v1 the field alone says what is wanted of the cpu; as upstream it comes last.
  if (own < 0) return percent === undefined ? metrics : [...metrics, ofCpu(percent)]
  if (percent === undefined) return metrics.filter(metric => !isCpu(metric))
  const target = metrics[own]?.resource?.target
  if (target) target.averageUtilization = percent
  return metrics
}

function writtenStatuses(metrics: readonly MetricStatus[]): readonly object[] {
  const older = metrics.map(olderStatus)
  const read = partsOf<MetricStatus>(metricStatus, older.map(newerStatus))
  return sameValue(read, metrics) ? older : metrics
}

function readStatuses(
  annotation: string | undefined,
  { currentCPUUtilizationPercentage: percent }: HorizontalPodAutoscaler['status'],
): MetricStatus[] {
  const read = partsOf<MetricStatus>(metricStatus, listIn(annotation)?.map(newerStatus))
  if (read) return read
  return percent === undefined
    ? []
    : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent } } }]
}

function behaviorIn(annotation: string | undefined): Spec['behavior'] {
  const read = readJson(annotation)
  const parts = isPlainObject(read) ? [withKeys(read, small) as PlainObject] : undefined
  const behavior = partsOf<Behavior>(horizontalPodAutoscalerBehavior, parts)?.[0]
  // As upstream, one that says nothing does not come back from here.
  return behavior?.scaleUp || behavior?.scaleDown ? behavior : undefined
}

/** Undefined where there is none, or where it is not what it should be: then the fields alone count, as upstream. */
function listIn(annotation: string | undefined): PlainObject[] | undefined {
  const read = readJson(annotation)
  return Array.isArray(read) && read.every(isPlainObject) ? read : undefined
}

function readJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function partsOf<T>(
  shape: ObjectShape,
  parts: readonly PlainObject[] | undefined,
): T[] | undefined {
  try {
    return parts?.map(part => decodeShape(shape, part).value as T)
  } catch (thrown) {
    if (thrown instanceof StatusError) return undefined
    throw thrown
  }
}

const jsonOf = (parts: readonly object[]) => (parts.length > 0 ? JSON.stringify(parts) : undefined)

/** Upstream writes the behavior under the names of its Go fields, which begin with a capital and are all there. */
const writtenBehavior = ({ scaleUp, scaleDown }: Behavior) => ({
  ScaleUp: writtenRules(scaleUp),
  ScaleDown: writtenRules(scaleDown),
})

const writtenRules = (rules: Behavior['scaleUp']) =>
  rules
    ? {
        StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
        SelectPolicy: rules.selectPolicy ?? null,
        Policies:
          rules.policies?.map(({ type, value, periodSeconds }) => ({
            Type: type,
            Value: value,
            PeriodSeconds: periodSeconds,
          })) ?? null,
        Tolerance: rules.tolerance ?? null,
      }
    : null

const small = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)
/** Rules hold policies that hold fields; what is deeper is no behavior. */
const BEHAVIOR_DEPTH = 5

function withKeys(value: unknown, change: (key: string) => string, depth = 0): unknown {
  if (depth > BEHAVIOR_DEPTH || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(part => withKeys(part, change, depth + 1))
  const entries = Object.entries(value).map(
    ([key, part]) => [change(key), withKeys(part, change, depth + 1)] as const,
  )
  return Object.fromEntries(entries)
}

/** A key with the value undefined is not the same as no key once objects are compared or encoded. */
function withoutAbsent<T extends object>(object: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
