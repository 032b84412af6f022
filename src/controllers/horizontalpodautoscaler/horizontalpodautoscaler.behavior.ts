/** How fast an autoscaler may move: it waits for recommendations to settle, then keeps to so many pods or percent in a time. */
import type {
  HorizontalPodAutoscalerBehavior,
  HPAScalingRules,
} from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'

/** Upstream's default of --horizontal-pod-autoscaler-downscale-stabilization. */
const DOWNSCALE_STABILIZATION_SECONDS = 300
/** Without a behavior, at most to twice as many, or to four. */
const UP_FACTOR = 2
const UP_MINIMUM = 4

export interface Change {
  readonly replicas: number
  readonly atMs: number
}

/** What an autoscaler remembers; an instance that takes over begins anew, as upstream does. */
export interface Memory {
  /** What the metrics asked for, before anything was limited. */
  readonly recommendations: readonly Change[]
  readonly added: readonly Change[]
  readonly removed: readonly Change[]
}

export interface Wish {
  readonly current: number
  readonly desired: number
  readonly minimum: number
  readonly maximum: number
  readonly behavior: HorizontalPodAutoscalerBehavior | undefined
  readonly memory: Memory
  readonly nowMs: number
}

export interface Note {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export interface Limited {
  readonly replicas: number
  readonly ableToScale: Note
  readonly scalingLimited: Note
}

const note = (status: Note['status'], reason: string, message: string): Note => ({
  status,
  reason,
  message,
})
const STABILIZED_UP =
  'recent recommendations were lower than current one, applying the lowest recent recommendation'
const STABILIZED_DOWN =
  'recent recommendations were higher than current one, applying the highest recent recommendation'

export function limit(wish: Wish): Limited {
  const stable = stabilized(wish)
  const isUp = wish.behavior !== undefined && wish.desired >= wish.current
  const ableToScale =
    stable === wish.desired
      ? note('True', 'ReadyForNewScale', 'recommended size matches current size')
      : note(
          'True',
          isUp ? 'ScaleUpStabilized' : 'ScaleDownStabilized',
          isUp ? STABILIZED_UP : STABILIZED_DOWN,
        )
  const { replicas, reason, message } = inRange({ ...wish, desired: stable })
  const status = replicas === stable ? 'False' : 'True'
  return { replicas, ableToScale, scalingLimited: note(status, reason, message) }
}

/** How long recommendations and changes still count. */
export function memorySpanMs(behavior: HorizontalPodAutoscalerBehavior | undefined): number {
  const rules = [behavior?.scaleUp, behavior?.scaleDown]
  const seconds = rules.flatMap(each => [
    each?.stabilizationWindowSeconds ?? 0,
    ...(each?.policies ?? []).map(({ periodSeconds }) => periodSeconds),
  ])
  return Math.max(DOWNSCALE_STABILIZATION_SECONDS, ...seconds) * 1000
}

function stabilized({ current, desired, behavior, memory, nowMs }: Wish): number {
  const since = (seconds: number) =>
    memory.recommendations
      .filter(({ atMs }) => atMs > nowMs - seconds * 1000)
      .map(({ replicas }) => replicas)
  const downSeconds =
    behavior?.scaleDown?.stabilizationWindowSeconds ?? DOWNSCALE_STABILIZATION_SECONDS
  const highest = Math.max(desired, ...since(downSeconds))
  if (!behavior) return highest
  const lowest = Math.min(desired, ...since(behavior.scaleUp?.stabilizationWindowSeconds ?? 0))
  return Math.min(Math.max(current, lowest), highest)
}

interface Bounded {
  readonly replicas: number
  readonly reason: string
  readonly message: string
}

const FAST_UP = 'the desired replica count is increasing faster than the maximum scale rate'
const FAST_DOWN = 'the desired replica count is decreasing faster than the maximum scale rate'
const TOO_MANY = 'the desired replica count is more than the maximum replica count'
const TOO_FEW = 'the desired replica count is less than the minimum replica count'

function inRange(wish: Wish): Bounded {
  const { current, desired, minimum, maximum, behavior } = wish
  if (!behavior || desired > current) {
    const most = behavior ? mostAllowed(wish) : Math.max(UP_FACTOR * current, UP_MINIMUM)
    const isRate = maximum > most
    if (desired > Math.min(maximum, most))
      return {
        replicas: Math.min(maximum, most),
        reason: isRate ? 'ScaleUpLimit' : 'TooManyReplicas',
        message: isRate ? FAST_UP : TOO_MANY,
      }
  }
  if (!behavior || desired < current) {
    const fewest = behavior ? fewestAllowed(wish) : 0
    const isRate = minimum < fewest
    if (desired < Math.max(minimum, fewest))
      return {
        replicas: Math.max(minimum, fewest),
        reason: isRate ? 'ScaleDownLimit' : 'TooFewReplicas',
        message: isRate ? FAST_DOWN : TOO_FEW,
      }
  }
  return {
    replicas: desired,
    reason: 'DesiredWithinRange',
    message: 'the desired count is within the acceptable range',
  }
}

function mostAllowed(wish: Wish): number {
  const rules = wish.behavior?.scaleUp
  return Math.max(
    wish.current,
    chosen(wish, rules, (start, { type, value }) =>
      type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100)),
    ) ?? wish.current,
  )
}

function fewestAllowed(wish: Wish): number {
  const rules = wish.behavior?.scaleDown
  return Math.min(
    wish.current,
    chosen(wish, rules, (start, { type, value }) =>
      type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100)),
    ) ?? wish.current,
  )
}

type Policy = NonNullable<HPAScalingRules['policies']>[number]

/** What the policies together allow; undefined when the direction is forbidden. */
function chosen(
  { current, memory, nowMs, behavior }: Wish,
  rules: HPAScalingRules | undefined,
  propose: (start: number, policy: Policy) => number,
): number | undefined {
  if (!rules?.policies || rules.selectPolicy === 'Disabled') return undefined
  const limits = rules.policies.map(policy => {
    const sinceMs = nowMs - policy.periodSeconds * 1000
    const inPeriod = (changes: readonly Change[]) =>
      changes.reduce((total, { replicas, atMs }) => total + (atMs > sinceMs ? replicas : 0), 0)
    const start = current - inPeriod(memory.added) + inPeriod(memory.removed)
    return propose(start, policy)
  })
  // Max is the policy that allows the greatest change, up or down.
  const isGreatest = rules.selectPolicy !== 'Min'
  return isGreatest === (rules === behavior?.scaleUp) ? Math.max(...limits) : Math.min(...limits)
}
