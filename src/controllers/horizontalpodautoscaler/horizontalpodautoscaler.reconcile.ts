/** One look at an autoscaler: how large its target is, what the metrics ask for, and how far it may go at once. */

import type { Scale } from '#api/autoscaling/v1/scale.ts'
import {
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerCondition,
  horizontalPodAutoscaler,
} from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { MetricSpec, MetricStatus } from '#api/autoscaling/v2/metrics.schema.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { type LabelMatcher, parseLabelSelector } from '#api/machinery/label-selector.ts'
import { quantityToMilli } from '#api/machinery/quantity.ts'
import { rfc3339 } from '#base/clock.ts'
import type { Outcome, Write, WriteFailure } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { conditionOf } from '../runner/pods.ts'
import { limit, type Memory, type Note } from './horizontalpodautoscaler.behavior.ts'
import type { Metrics } from './horizontalpodautoscaler.metrics.ts'
import { type Answer, type Asked, propose } from './horizontalpodautoscaler.proposals.ts'

/** Upstream's defaults of --horizontal-pod-autoscaler-sync-period and -tolerance. */
export const PERIOD_MS = 15_000
const TOLERANCE = 0.1

export interface AutoscalerWorld {
  readonly autoscaler: HorizontalPodAutoscaler
  /** The target's kind and size, or why there is none. */
  readonly target: { readonly kind: AnyKind; readonly scale: Scale } | { readonly error: string }
  readonly podsOf: (selector: LabelMatcher) => readonly Pod[]
  /** Keys of the autoscalers, this one among them, whose pods these are. */
  readonly claimants: (pods: readonly Pod[]) => readonly string[]
  readonly metrics: Metrics
  readonly resourceOf: Asked['resourceOf']
  readonly memory: Memory
  readonly nowMs: number
  /** By which it is measured how long a metric takes. */
  readonly monotonicMs: () => number
  readonly failure: WriteFailure | undefined
}

export interface AutoscalerOutcome extends Outcome {
  /** What the metrics asked for, to be remembered. */
  readonly recommended?: number
  /** By how many replicas the target changes once the writes are done. */
  readonly change?: number
  /** What was asked of each metric, to be counted. */
  readonly computations: readonly Computation[]
}

/** One metric, and what it asked for. */
export interface Computation {
  readonly type: string
  readonly action: 'scale_up' | 'scale_down' | 'none'
  readonly error: 'none' | 'spec' | 'internal'
  readonly seconds: number
}

type Type = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited'

/** What a look gathers until it is written. */
class Look {
  readonly world: AutoscalerWorld
  readonly events: Write[] = []
  readonly computations: Computation[] = []
  conditions: HorizontalPodAutoscalerCondition[]
  metrics: readonly MetricStatus[] = []

  constructor(world: AutoscalerWorld) {
    this.world = world
    this.conditions = [...(world.autoscaler.status.conditions ?? [])]
  }

  set(type: Type, { status, reason, message }: Note): void {
    const before = conditionOf(this.conditions, type)
    const since = before?.status === status ? before.lastTransitionTime : undefined
    const next = {
      type,
      status,
      lastTransitionTime: since ?? rfc3339(this.world.nowMs),
      reason,
      message,
    }
    this.conditions = before
      ? this.conditions.map(condition => (condition === before ? next : condition))
      : [...this.conditions, next]
  }

  warn(reason: string, message: string): void {
    const about = this.world.autoscaler
    this.events.push({ verb: 'event', about, type: 'Warning', reason, text: { message } })
  }

  finish(current: number | undefined, desired: number | undefined, isChange = false): Write[] {
    const { autoscaler: object, nowMs } = this.world
    const before = object.status
    const lastScaleTime = isChange ? rfc3339(nowMs) : before.lastScaleTime
    const measured = current !== undefined
    const status = {
      ...before,
      ...(lastScaleTime ? { lastScaleTime } : {}),
      ...(measured ? { currentReplicas: current, currentMetrics: [...this.metrics] } : {}),
      desiredReplicas: desired ?? before.desiredReplicas,
      conditions: this.conditions,
    }
    if (sameJson(status, before)) return [...this.events]
    const update = { verb: 'update', kind: horizontalPodAutoscaler, subresource: 'status' } as const
    return [...this.events, { ...update, object: { ...object, status } }]
  }
}

export async function reconcile(world: AutoscalerWorld): Promise<AutoscalerOutcome> {
  const { autoscaler, target, failure } = world
  const look = new Look(world)
  const { computations } = look
  if ('error' in target) {
    look.warn('FailedGetScale', target.error)
    const message = `the HPA controller was unable to get the target's current scale: ${target.error}`
    look.set('AbleToScale', { status: 'False', reason: 'FailedGetScale', message })
    return { writes: look.finish(undefined, undefined), againAfterMs: PERIOD_MS, computations }
  }
  const message = "the HPA controller was able to get the target's current scale"
  look.set('AbleToScale', { status: 'True', reason: 'SucceededGetScale', message })
  const current = target.scale.spec.replicas ?? 0
  const { desired, why, recommended } = await decide(look, target.scale)
  const next = { againAfterMs: PERIOD_MS, computations }
  const again = { ...next, ...(recommended === undefined ? {} : { recommended }) }
  if (desired === undefined || desired === current)
    return { writes: look.finish(current, desired), ...again }
  if (failure?.kind === target.kind.kind) {
    // Told only, and tried again when it is time for the next look, however often it was refused.
    const cause = `the HPA controller was unable to update the target scale: ${failure.message}`
    look.set('AbleToScale', { status: 'False', reason: 'FailedUpdateScale', message: cause })
    look.events.length = 0
    return { writes: look.finish(current, undefined), ...again }
  }
  const done = `the HPA controller was able to update the target scale to ${desired}`
  look.set('AbleToScale', { status: 'True', reason: 'SucceededRescale', message: done })
  const rescale = rescaling(autoscaler, target, desired, why)
  return {
    writes: [rescale, ...look.finish(current, desired, true)],
    change: desired - current,
    ...again,
  }
}

function rescaling(
  about: HorizontalPodAutoscaler,
  { kind, scale }: { kind: AnyKind; scale: Scale },
  desired: number,
  why: string,
): Write {
  const text = `New size: ${desired}; reason: ${why}`
  return {
    verb: 'update',
    kind,
    object: { ...scale, spec: { ...scale.spec, replicas: desired } },
    subresource: 'scale',
    report: {
      about,
      success: { reason: 'SuccessfulRescale', message: () => text },
      failure: { reason: 'FailedRescale', message: error => `${text}; error: ${error}` },
    },
  }
}

interface Decision {
  readonly desired: number | undefined
  readonly why: string
  readonly recommended?: number
}

async function decide(look: Look, scale: Scale): Promise<Decision> {
  const { autoscaler, memory, nowMs } = look.world
  const { minReplicas: minimum = 1, maxReplicas: maximum, behavior } = autoscaler.spec
  const current = scale.spec.replicas ?? 0
  if (current === 0 && minimum !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero'
    look.set('ScalingActive', { status: 'False', reason: 'ScalingDisabled', message })
    return { desired: 0, why: '' }
  }
  if (current > maximum)
    return { desired: maximum, why: 'Current number of replicas above Spec.MaxReplicas' }
  if (current < minimum)
    return { desired: minimum, why: 'Current number of replicas below Spec.MinReplicas' }
  const wanted = await measure(look, scale)
  if (!wanted) return { desired: undefined, why: '' }
  const { replicas: desired, name } = wanted
  const limited = limit({ current, desired, minimum, maximum, behavior, memory, nowMs })
  look.set('AbleToScale', limited.ableToScale)
  look.set('ScalingLimited', limited.scalingLimited)
  const why = desired > current ? `${name} above target` : 'All metrics below target'
  return { desired: limited.replicas, why, recommended: desired }
}

/** What the metric that asks for most asks for; undefined when they do not say enough. */
async function measure(look: Look, scale: Scale) {
  const { autoscaler, metrics, podsOf, resourceOf, claimants, nowMs } = look.world
  const { namespace = '' } = autoscaler.metadata
  const selector = scale.status.selector ?? ''
  if (selector === '') {
    look.warn('SelectorRequired', 'selector is required')
    const message = "the HPA target's scale is missing a selector"
    return refuse(look, 'InvalidSelector', message, 'selector is required')
  }
  const pods = podsOf(parseLabelSelector(selector))
  const others = claimants(pods)
  if (others.length > 1) {
    const message = `pods by selector ${selector} are controlled by multiple HPAs: [${others.join(' ')}]`
    look.warn('AmbiguousSelector', message)
    return refuse(look, 'AmbiguousSelector', message, message)
  }
  const situation = {
    pods,
    specReplicas: scale.spec.replicas ?? 0,
    statusReplicas: scale.status.replicas,
    tolerance: toleranceOf(autoscaler),
    nowMs,
  }
  const asked = { metrics, situation, namespace, selector, resourceOf }
  const specs = autoscaler.spec.metrics ?? []
  const answers = await Promise.all(specs.map(spec => compute(look, spec, asked)))
  const valid = answers.flatMap(answer => ('status' in answer ? [answer] : []))
  const invalid = answers.flatMap(answer => ('status' in answer ? [] : [answer]))
  for (const { reason, error } of invalid) look.warn(reason, error)
  // In their places, as upstream has it: one that was not measured is there without a type.
  look.metrics = answers.map(answer => ('status' in answer ? answer.status : { type: '' }))
  const [first] = invalid
  const best = valid.reduce<(typeof valid)[number] | undefined>(
    (most, next) => (!most || next.replicas > most.replicas ? next : most),
    undefined,
  )
  // A metric that does not come could have asked for more, so that without it nothing shrinks.
  if (first && (!best || best.replicas < situation.specReplicas)) {
    const message = `the HPA was unable to compute the replica count: ${first.error}`
    const counts = `${invalid.length} invalid out of ${specs.length}`
    const told = `invalid metrics (${counts}), first error is: ${first.summary}`
    return refuse(look, first.reason, message, told)
  }
  if (!best) return undefined
  const message = `the HPA was able to successfully calculate a replica count from ${best.name}`
  look.set('ScalingActive', { status: 'True', reason: 'ValidMetricFound', message })
  return best
}

/** Asks one metric, and notes what came of it. */
async function compute(look: Look, spec: MetricSpec, asked: Asked): Promise<Answer> {
  const { autoscaler, monotonicMs } = look.world
  const fromMs = monotonicMs()
  const answer = await propose(spec, asked)
  const seconds = (monotonicMs() - fromMs) / 1000
  const { type } = spec
  if ('reason' in answer) {
    const error = answer.reason.startsWith('Invalid') ? 'spec' : 'internal'
    look.computations.push({ type, action: 'none', error, seconds })
    return answer
  }
  const change = answer.replicas - (autoscaler.status.currentReplicas ?? 0)
  const action = change > 0 ? 'scale_up' : change < 0 ? 'scale_down' : 'none'
  look.computations.push({ type, action, error: 'none', seconds })
  return answer
}

function refuse(look: Look, reason: string, message: string, told: string): undefined {
  look.set('ScalingActive', { status: 'False', reason, message })
  look.warn('FailedComputeMetricsReplicas', told)
}

function toleranceOf({ spec: { behavior } }: HorizontalPodAutoscaler) {
  const of = (text: string | undefined) =>
    text === undefined ? TOLERANCE : quantityToMilli(text) / 1000
  return { up: of(behavior?.scaleUp?.tolerance), down: of(behavior?.scaleDown?.tolerance) }
}
