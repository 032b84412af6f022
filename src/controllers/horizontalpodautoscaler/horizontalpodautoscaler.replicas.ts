/** How many replicas a metric asks for. Pods that cannot be measured yet count so that they never make a change larger. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { quantityToMilli } from '#api/machinery/quantity.ts'
import { conditionOf, isReady } from '../runner/pods.ts'
import type { PodMetric, PodMetrics } from './horizontalpodautoscaler.metrics.ts'

/** Upstream's defaults of --horizontal-pod-autoscaler-cpu-initialization-period and -initial-readiness-delay. */
const CPU_INITIALIZATION_MS = 5 * 60_000
const INITIAL_READINESS_MS = 30_000
const MAXIMUM = 2 ** 31 - 1

/** How far off a ratio may be before anything happens. */
export interface Tolerance {
  readonly up: number
  readonly down: number
}

export interface Situation {
  readonly pods: readonly Pod[]
  readonly specReplicas: number
  readonly statusReplicas: number
  readonly tolerance: Tolerance
  readonly nowMs: number
}

export interface Proposal {
  readonly replicas: number
  /** The average over the pods, or the value itself, in thousandths. */
  readonly usage: number
  /** Percent of what the pods request. */
  readonly utilization?: number
}

const isWithin = ({ up, down }: Tolerance, ratio: number) => ratio >= 1 - down && ratio <= 1 + up
const bounded = (replicas: number) => Math.min(MAXIMUM, Math.ceil(replicas))

/** By the average value of each pod. */
export function byAverage(
  situation: Situation,
  metrics: PodMetrics,
  { target, resource = '' }: { target: number; resource?: string },
): Proposal {
  const measure = (values: ReadonlyMap<string, number>) => {
    const usage = Math.trunc(sum(values) / values.size)
    return { ratio: usage / target, proposal: { usage } }
  }
  return fromPods(situation, metrics, { resource, measure, missing: () => target })
}

/** By what pods use in percent of what they request. */
export function byUtilization(
  situation: Situation,
  metrics: PodMetrics,
  { target, resource, container }: { target: number; resource: string; container: string },
): Proposal {
  const requests = new Map<string, number>()
  const requestOf = (pod: string) => requests.get(pod) ?? 0
  const measure = (values: ReadonlyMap<string, number>) => {
    const known = new Map([...values].filter(([pod]) => requests.has(pod)))
    const requested = [...known.keys()].reduce((total, pod) => total + requestOf(pod), 0)
    if (requested === 0) throw new Error('no metrics returned matched known pods')
    const utilization = Math.trunc((sum(known) * 100) / requested)
    const usage = Math.trunc(sum(known) / known.size)
    return { ratio: utilization / target, proposal: { usage, utilization } }
  }
  const learnRequests = () => {
    for (const pod of situation.pods)
      requests.set(pod.metadata.name ?? '', requestOfPod(pod, resource, container))
  }
  const missing = (pod: string) => (requestOf(pod) * Math.max(100, target)) / 100
  return fromPods(situation, metrics, { resource, measure, missing, learnRequests })
}

interface Measuring {
  readonly resource: string
  readonly measure: (values: ReadonlyMap<string, number>) => {
    ratio: number
    proposal: Omit<Proposal, 'replicas'>
  }
  /** What a pod without a metric is taken for when scaling down. */
  readonly missing: (pod: string) => number
  readonly learnRequests?: () => void
}

function fromPods(situation: Situation, metrics: PodMetrics, measuring: Measuring): Proposal {
  const { pods, specReplicas, tolerance } = situation
  const { resource, measure, missing: missingValue, learnRequests } = measuring
  if (pods.length === 0)
    throw new Error('no pods returned by selector while calculating replica count')
  const { ready, unready, missing, ignored } = groupsOf(situation, metrics, resource)
  const values = new Map([...metrics].map(([pod, { value }]) => [pod, value]))
  for (const pod of [...ignored, ...unready]) values.delete(pod)
  if (values.size === 0)
    throw new Error('did not receive metrics for targeted pods (pods might be unready)')
  learnRequests?.()
  const { ratio, proposal } = measure(values)
  const growsOverUnready = unready.length > 0 && ratio > 1
  const same = { ...proposal, replicas: specReplicas }
  if (!growsOverUnready && missing.length === 0)
    return isWithin(tolerance, ratio) ? same : { ...proposal, replicas: bounded(ratio * ready) }
  if (ratio !== 1) for (const pod of missing) values.set(pod, ratio < 1 ? missingValue(pod) : 0)
  if (growsOverUnready) for (const pod of unready) values.set(pod, 0)
  const careful = measure(values).ratio
  // What is assumed may make the change smaller, but not turn it round.
  if (isWithin(tolerance, careful) || (ratio < 1 && careful > 1) || (ratio > 1 && careful < 1))
    return same
  const replicas = bounded(careful * values.size)
  if (careful < 1 ? replicas > specReplicas : replicas < specReplicas) return same
  return { ...proposal, replicas }
}

/** By one value for all pods together, whatever there are of them. */
export function byValue(situation: Situation, usage: number, target: number): Proposal {
  const { specReplicas, tolerance, pods } = situation
  const ratio = usage / target
  if (specReplicas === 0) return { usage, replicas: bounded(ratio) }
  if (isWithin(tolerance, ratio)) return { usage, replicas: specReplicas }
  if (pods.length === 0)
    throw new Error(
      'unable to calculate ready pods: no pods returned by selector while calculating replica count',
    )
  const ready = pods.filter(pod => pod.status.phase === 'Running' && isReady(pod)).length
  return { usage, replicas: bounded(ratio * ready) }
}

/** By one value that is to be divided by the number of pods. */
export function byValuePerPod(situation: Situation, total: number, target: number): Proposal {
  const { statusReplicas, tolerance } = situation
  const isFine = isWithin(tolerance, total / (target * statusReplicas))
  const replicas = isFine ? statusReplicas : bounded(total / target)
  const usage = statusReplicas === 0 ? total : Math.ceil(total / statusReplicas)
  return { usage, replicas }
}

const sum = (values: ReadonlyMap<string, number>) =>
  [...values.values()].reduce((total, value) => total + value, 0)

interface Groups {
  readonly ready: number
  readonly unready: readonly string[]
  readonly missing: readonly string[]
  readonly ignored: readonly string[]
}

function groupsOf({ pods, nowMs }: Situation, metrics: PodMetrics, resource: string): Groups {
  const groups = { unready: [] as string[], missing: [] as string[], ignored: [] as string[] }
  let ready = 0
  for (const pod of pods) {
    const name = pod.metadata.name ?? ''
    const metric = metrics.get(name)
    if (pod.metadata.deletionTimestamp || pod.status.phase === 'Failed') groups.ignored.push(name)
    else if (pod.status.phase === 'Pending') groups.unready.push(name)
    else if (!metric) groups.missing.push(name)
    else if (resource === 'cpu' && isWarmingUp(pod, metric, nowMs)) groups.unready.push(name)
    else ready++
  }
  return { ready, ...groups }
}

/** What a program needs of a processor while it starts says nothing about its work. */
function isWarmingUp({ status }: Pod, metric: PodMetric, nowMs: number): boolean {
  const condition = conditionOf(status.conditions, 'Ready')
  if (!condition || !status.startTime) return true
  const startMs = Date.parse(status.startTime)
  const sinceMs = Date.parse(condition.lastTransitionTime ?? '') || 0
  const isUnready = condition.status === 'False'
  if (startMs + CPU_INITIALIZATION_MS > nowMs)
    return isUnready || metric.timestampMs < sinceMs + metric.windowMs
  return isUnready && startMs + INITIAL_READINESS_MS > sinceMs
}

function requestOfPod({ metadata, spec }: Pod, resource: string, container: string): number {
  const ofPod = spec.resources?.requests
  if (!container && ofPod && Object.keys(ofPod).length > 0) {
    const request = ofPod[resource]
    if (request === undefined)
      throw new Error(`missing pod-level request for ${resource} in Pod ${metadata.name}`)
    return quantityToMilli(request)
  }
  const sidecars = (spec.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  )
  const counted = [...spec.containers, ...sidecars].filter(
    ({ name }) => !container || name === container,
  )
  if (counted.length === 0)
    throw new Error(`container ${container} not found in Pod ${metadata.name}`)
  return counted.reduce((total, { name, resources }) => {
    const request = resources?.requests?.[resource]
    if (request === undefined)
      throw new Error(
        `missing request for ${resource} in container ${name} of Pod ${metadata.name}`,
      )
    return total + quantityToMilli(request)
  }, 0)
}
