/** A pod's conditions, with upstream's reasons and messages. Pure. */
import { type ApiContainerStatus, isSidecar, type Pod, type PodCondition } from '../pod-types.ts'
import { mayRestartAll } from '../pods/restart-policy.ts'
import { RESIZE_IN_PROGRESS, RESIZE_PENDING } from '../resize/resize-state.ts'
import type { Phase } from './phase.ts'

export interface ConditionsInput {
  readonly pod: Pod
  readonly phase: Phase
  readonly initStatuses: readonly ApiContainerStatus[]
  readonly statuses: readonly ApiContainerStatus[]
  readonly hasSandbox: boolean
  /** Where a resize stands. */
  readonly resize?: readonly PodCondition[] | undefined
  /** All containers are removed, to start anew. */
  readonly restartsAll: boolean
  /** Why the kubelet takes its place from the pod. */
  readonly disruption?: string | undefined
  /** RFC 3339. */
  readonly now: string
}

interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason?: string
  readonly message?: string
}

const yes: Verdict = { status: 'True' }
const no: Verdict = { status: 'False' }

export const RESTARTING_ALL = 'AllContainersRestarting'

const DISRUPTION = 'DisruptionTarget'
/** Others say that they disrupt a pod as well, for reasons of theirs. */
const BY_KUBELET = 'TerminationByKubelet'

const RESTARTS: Verdict = {
  status: 'True',
  reason: 'RestartAllContainersStarted',
  message: 'container exited with restart policy rule',
}

/** Whether the kubelet said this. */
export const isOwnCondition = ({ type, reason }: PodCondition): boolean =>
  OWN_CONDITIONS.has(type) || (type === DISRUPTION && reason === BY_KUBELET)

/** Conditions that only the kubelet writes. */
export const OWN_CONDITIONS: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  RESIZE_PENDING,
  RESIZE_IN_PROGRESS,
  RESTARTING_ALL,
])

/** The kubelet's own conditions; those of others are kept as they are. */
export function conditionsOf(input: ConditionsInput): PodCondition[] {
  const containersReady = containersReadyOf(input)
  const own = [
    condition('PodReadyToStartContainers', input.hasSandbox ? yes : no, input),
    condition('Initialized', initializedOf(input), input),
    condition('Ready', readyOf(input, containersReady), input),
    condition('ContainersReady', containersReady, input),
    condition('PodScheduled', yes, input),
    ...(mayRestartAll(input.pod)
      ? [
          withoutGeneration(
            condition(
              RESTARTING_ALL,
              terminalVerdict(input.phase) ?? (input.restartsAll ? RESTARTS : no),
              input,
            ),
          ),
        ]
      : []),
  ]
  const previous = input.pod.status?.conditions ?? []
  if (input.resize) own.push(...input.resize)
  if (input.disruption !== undefined) {
    const verdict = { status: 'True', reason: BY_KUBELET, message: input.disruption } as const
    own.push(condition(DISRUPTION, verdict, input))
  }
  const isTold = (type: string) => own.some(condition => condition.type === type)
  return own.concat(previous.filter(({ type }) => !OWN_CONDITIONS.has(type) && !isTold(type)))
}

function condition(type: string, verdict: Verdict, { pod, now }: ConditionsInput): PodCondition {
  const before = pod.status?.conditions?.find(other => other.type === type)
  const generation = pod.metadata.generation
  return {
    type,
    ...(generation ? { observedGeneration: generation } : {}),
    status: verdict.status,
    ...(before?.lastProbeTime ? { lastProbeTime: before.lastProbeTime } : {}),
    lastTransitionTime:
      before?.status === verdict.status && before.lastTransitionTime
        ? before.lastTransitionTime
        : now,
    ...(verdict.reason ? { reason: verdict.reason } : {}),
    ...(verdict.message ? { message: verdict.message } : {}),
  } as PodCondition
}

/** As upstream tells it. */
const withoutGeneration = ({ observedGeneration: _, ...rest }: PodCondition): PodCondition => rest

function terminalVerdict(phase: Phase): Verdict | undefined {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  return undefined
}

function containersReadyOf({ pod, phase, initStatuses, statuses }: ConditionsInput): Verdict {
  const over = terminalVerdict(phase)
  if (over) return over
  const wanted = [
    ...(pod.spec?.initContainers ?? []).filter(isSidecar),
    ...(pod.spec?.containers ?? []),
  ]
  const all = [...initStatuses, ...statuses]
  return summary(
    wanted.map(container => [container.name, all.find(s => s.name === container.name)?.ready]),
    'ContainersNotReady',
    'unready',
  )
}

function initializedOf({ pod, phase, initStatuses, statuses }: ConditionsInput): Verdict {
  const wanted = pod.spec?.initContainers ?? []
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' }
  if (statuses.some(s => s.state.running || s.state.terminated || s.lastState?.terminated))
    return yes
  return summary(
    wanted.map(container => {
      const status = initStatuses.find(s => s.name === container.name)
      return [container.name, isSidecar(container) ? status?.started : status?.ready]
    }),
    'ContainersNotInitialized',
    'incomplete',
  )
}

/** `undefined` is a container of which nothing is known. */
function summary(
  containers: readonly (readonly [string, boolean | undefined])[],
  reason: string,
  word: string,
): Verdict {
  if (containers.every(([, is]) => is)) return yes
  const namesWith = (value: boolean | undefined) =>
    containers.filter(([, is]) => is === value).map(([name]) => name)
  const unknown = namesWith(undefined)
  const not = namesWith(false)
  const messages = [
    ...(unknown.length ? [`containers with unknown status: [${unknown.join(' ')}]`] : []),
    ...(not.length ? [`containers with ${word} status: [${not.join(' ')}]`] : []),
  ]
  return { status: 'False', reason, message: messages.join(', ') }
}

function readyOf({ pod }: ConditionsInput, containersReady: Verdict): Verdict {
  if (containersReady.status !== 'True') return containersReady
  const messages = (pod.spec?.readinessGates ?? []).flatMap(gate => {
    const found = pod.status?.conditions?.find(other => other.type === gate.conditionType)
    if (!found)
      return [
        `corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`,
      ]
    return found.status === 'True'
      ? []
      : [
          `the status of pod readiness gate "${gate.conditionType}" is not "True", but ${found.status}`,
        ]
  })
  if (messages.length === 0) return yes
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') }
}
