/** What a DeviceTaintRule tells of the evictions that it causes, or would. */
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { DeviceTaintRule } from '#api/resource/v1alpha3/device-taint-rule.ts'
import { rfc3339 } from '#base/clock.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'
import { conditionOf } from '../runner/pods.ts'

/** Pods that have to go, and in how many namespaces. */
export interface Pending {
  readonly pods: number
  readonly namespaces: number
}

export interface RuleWorld {
  /** In the version that is served. */
  readonly kind: AnyKind
  readonly rule: DeviceTaintRule
  /** Costly, so asked only when something is to be told. What would be if the effect was NoExecute. */
  readonly pending: () => Pending
  readonly selected: () => { readonly published: number; readonly allocated: number }
  /** How many pods went because of the rule since this controller started. */
  readonly evicted: number
  readonly nowMs: number
}

/** The shortest time between two reports about the same rule. */
export const REPORT_PERIOD_MS = 10_000
const IN_PROGRESS = 'EvictionInProgress'
const MANAGER = 'device-taint-eviction-controller'

export function reconcileRule(world: RuleWorld): Outcome {
  const { kind, rule, nowMs } = world
  const { name = '', uid = '', generation } = rule.metadata
  const told = conditionOf(rule.status.conditions, IN_PROGRESS)
  const isOfThisSpec = told?.observedGeneration === generation
  if (told && isOfThisSpec) {
    const leftMs = Date.parse(told.lastTransitionTime ?? '') + REPORT_PERIOD_MS - nowMs
    if (leftMs > 0) return { writes: [], againAfterMs: leftMs }
  }
  const { status, reason, message } = reportOf(world)
  const isTold =
    told && told.status === status && told.reason === reason && told.message === message
  if (isTold && isOfThisSpec) return nothingToDo
  const condition = {
    type: IN_PROGRESS,
    status,
    reason,
    message,
    observedGeneration: generation,
    lastTransitionTime: rfc3339(nowMs),
  }
  const patch = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, uid },
    status: { conditions: [condition] },
  }
  return {
    writes: [
      {
        verb: 'patch',
        kind,
        object: rule,
        type: 'apply',
        patch,
        subresource: 'status',
        options: { fieldManager: MANAGER, force: true },
      },
    ],
  }
}

function reportOf(world: RuleWorld): { status: string; reason: string; message: string } {
  const { evicted } = world
  const { status = 'False', reason, message } = eventualReport(world)
  const told = evicted > 0 ? `${count(evicted, 'pod')} evicted since starting the controller.` : ''
  return { status, reason, message: [message, told].filter(text => text !== '').join(' ') }
}

function eventualReport({ rule, pending, selected, evicted }: RuleWorld) {
  switch (rule.spec.taint.effect) {
    case 'NoExecute': {
      const { pods, namespaces } = pending()
      if (pods === 0) return { reason: evicted > 0 ? 'Completed' : 'NotStarted', message: '' }
      const need = pods === 1 ? 'needs' : 'need'
      const message = `${count(pods, 'pod')} ${need} to be evicted in ${places(namespaces)}.`
      return { status: 'True', reason: 'PodsPendingEviction', message }
    }
    case 'None': {
      const { published, allocated } = selected()
      const { pods, namespaces } = pending()
      const message = [
        `${count(published, 'published device')} selected.`,
        `${count(allocated, 'allocated device')} selected.`,
        `${count(pods, 'pod')} would be evicted in ${places(namespaces)}`,
        'if the effect was NoExecute. This information will not be updated again.',
        'Recreate the DeviceTaintRule to trigger an update.',
      ].join(' ')
      return { reason: 'NoEffect', message }
    }
    default:
      return {
        reason: 'OtherEffect',
        message: 'Eviction only happens for the NoExecute effect.',
      }
  }
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`

const places = (namespaces: number) =>
  namespaces === 1 ? '1 namespace' : `${namespaces} different namespaces`
