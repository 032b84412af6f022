/** The whole status of one pod, from what it wants and what the runtime shows. Pure. */
import { rfc3339 } from '#base/clock.ts'
import {
  type AnyContainer,
  type ApiContainerStatus,
  containersOf,
  isFinished,
  type Pod,
  type PodStatus,
} from '../pod-types.ts'
import { type ObservedPod, readySandboxOf, runsOf } from '../pods/observed-pod.ts'
import type { ResizeReport } from '../resize/report.ts'
import { RESIZE_IN_PROGRESS } from '../resize/resize-state.ts'
import type { ContainerStatus } from '../runtime.ts'
import { conditionsOf } from './conditions.ts'
import {
  type ContainerStatusInput,
  containerStatusOf,
  LOST,
  type ReadyVerdict,
  type WaitingReason,
} from './container-status.ts'
import { type Phase, phaseOf } from './phase.ts'
import { inOrderOfNode } from './pod-addresses.ts'
import { qosClassOf } from './qos.ts'
import { wholePodOf } from './whole-pod.ts'

/** Why the kubelet itself ended a pod: refused, evicted, out of time. */
export interface PodFailure {
  readonly reason: string
  readonly message: string
  /** It was the node that ran short, no fault of the pod: told as a condition, by which a Job may ignore it. */
  readonly isDisruption?: true
  /** The node never took it: nothing is said of its containers, nor on which addresses they would have run. */
  readonly isRejection?: true
  /** A pod whose containers all ended well has succeeded all the same, and nothing is said before it has ended. */
  readonly sparesSuccess?: true
}

export interface PodStatusInput {
  readonly pod: Pod
  readonly observed: ObservedPod
  readonly now: number
  readonly hostIps: readonly string[]
  readonly verdictOf: (containerId: string, container: AnyContainer) => ReadyVerdict
  readonly waitingOf: (container: string) => WaitingReason | undefined
  readonly messageOf: (run: ContainerStatus) => string
  /** Nothing of the pod runs and nothing will start again. */
  readonly terminal: boolean
  /** The node took it: what of it did not run by its end is told as lost. */
  readonly wasAdmitted?: boolean
  readonly failure: PodFailure | undefined
  readonly resize?: ResizeReport | undefined
  /** All containers are removed to start anew, or were just removed. */
  readonly restartOfAll?: 'running' | 'done' | undefined
  /** What is mounted below mounts can be read-only as well. */
  readonly mountsRecursively?: boolean
  /** How the devices of a container are. */
  readonly devicesOf?: ContainerStatusInput['devicesOf']
}

export function podStatusOf(input: PodStatusInput): PodStatus {
  const { pod, observed, now, failure } = input
  const previous: PodStatus = pod.status ?? {}
  if (failure?.isRejection) return rejected(input, failure)
  if (wasRejected(pod)) return previous
  const { regular, ...others } = statusesByList(input)
  const all = { ...others, regular: hasBegun(input, regular) ? regular.map(lostAtEnd) : regular }
  const phase = phaseWith(input, [...all.init, ...all.regular])
  const sandbox = readySandboxOf(observed)
  const ips = addresses(input, sandbox?.ips)
  return {
    ...previous,
    ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
    phase,
    conditions: conditionsOf({
      pod,
      phase,
      initStatuses: all.init,
      statuses: all.regular,
      hasSandbox: sandbox !== undefined,
      now: rfc3339(now),
      resize: input.resize?.conditions,
      restartsAll: input.restartOfAll === 'running',
      disruption: failure?.isDisruption ? failure.message : undefined,
    }),
    ...(failure && !(failure.sparesSuccess && phase !== 'Failed')
      ? { reason: failure.reason, message: failure.message }
      : {}),
    ...(input.hostIps[0]
      ? { hostIP: input.hostIps[0], hostIPs: input.hostIps.map(ip => ({ ip })) }
      : {}),
    ...(ips[0] ? { podIP: ips[0], podIPs: ips.map(ip => ({ ip })) } : {}),
    startTime: previous.startTime ?? rfc3339(now),
    ...(all.init.length ? { initContainerStatuses: all.init } : {}),
    containerStatuses: all.regular,
    ...wholePod(input, [...all.init, ...all.regular]),
    qosClass: previous.qosClass ?? qosClassOf(pod),
    ...(all.ephemeral.length ? { ephemeralContainerStatuses: all.ephemeral } : {}),
  }
}

/** Upstream's first words of what it says of pods that it does not take. */
export const REJECTED = 'Pod was rejected: '

const FIELDS_OF_OTHERS: ReadonlySet<string> = new Set([
  'resourceClaimStatuses',
  'extendedResourceClaimStatus',
  'nodeAllocatableResourceClaimStatuses',
])

function rejected({ pod, now }: PodStatusInput, failure: PodFailure): PodStatus {
  const { generation } = pod.metadata
  // What others say is theirs; their conditions are kept by who writes this.
  const known = Object.entries(pod.status ?? {}).filter(([field]) => FIELDS_OF_OTHERS.has(field))
  return {
    ...Object.fromEntries(known),
    ...(generation ? { observedGeneration: generation } : {}),
    phase: 'Failed',
    message: failure.message,
    reason: failure.reason,
    startTime: pod.status?.startTime ?? rfc3339(now),
    qosClass: pod.status?.qosClass ?? qosClassOf(pod),
  }
}

/** By a kubelet before this one. */
const wasRejected = ({ status }: Pod): boolean =>
  status?.phase === 'Failed' && !status.containerStatuses && !!status.message?.startsWith(REJECTED)

const lostAtEnd = (status: ApiContainerStatus): ApiContainerStatus =>
  status.state.terminated ? status : { ...status, state: LOST, ready: false, started: false }

/** Whether it is over for its regular containers, whose turn had come. */
function hasBegun(
  { pod, terminal, wasAdmitted }: PodStatusInput,
  statuses: readonly ApiContainerStatus[],
): boolean {
  if (!terminal || !wasAdmitted) return false
  if ((pod.spec?.initContainers ?? []).length === 0) return true
  return (
    statuses.some(({ state, lastState }) => !state.waiting || lastState?.terminated) ||
    (pod.status?.conditions ?? []).some(
      ({ type, status }) => type === 'Initialized' && status === 'True',
    )
  )
}

/** Resources that are said of a pod as a whole are what they were until all its containers have what was set aside for it. */
function wholePod(
  { pod, resize }: PodStatusInput,
  statuses: readonly ApiContainerStatus[],
): Partial<PodStatus> {
  const whole = wholePodOf(pod, statuses)
  const isOnItsWay = resize?.conditions.some(({ type }) => type === RESIZE_IN_PROGRESS)
  const had = isOnItsWay && pod.spec?.resources ? pod.status?.resources : undefined
  return had ? { ...whole, resources: had } : whole
}

/**
 * A pod that is over stays as it ended, and one that the kubelet gave up is Failed whatever its
 * containers say.
 */
function phaseWith(input: PodStatusInput, statuses: readonly ApiContainerStatus[]): Phase {
  const previous = input.pod.status?.phase
  if (isFinished(previous)) return previous as Phase
  const stopped = !statuses.some(status => status.state.running)
  if (input.failure && !input.failure.sparesSuccess)
    return stopped || input.terminal ? 'Failed' : runningPhase(input, statuses)
  const phase = phaseOf(input.pod, statuses, input.terminal)
  // What is over for its regular containers is over for the pod only when its sidecars have stopped too.
  if (isFinished(phase) && !input.terminal) return runningPhase(input, statuses)
  return phase
}

function runningPhase(input: PodStatusInput, statuses: readonly ApiContainerStatus[]): Phase {
  const started = (input.pod.spec?.containers ?? []).some(container => {
    const status = statuses.find(other => other.name === container.name)
    return status?.state.running || status?.state.terminated || status?.lastState?.terminated
  })
  return started ? 'Running' : 'Pending'
}

function addresses(input: PodStatusInput, ofSandbox: readonly string[] | undefined) {
  if (input.pod.spec?.hostNetwork) return input.hostIps
  if (ofSandbox?.length) return inOrderOfNode(ofSandbox, input.hostIps)
  return (input.pod.status?.podIPs ?? []).map(({ ip }) => ip)
}

function statusesByList(input: PodStatusInput) {
  const { pod, observed } = input
  const init: ApiContainerStatus[] = []
  const regular: ApiContainerStatus[] = []
  const ephemeral: ApiContainerStatus[] = []
  const lists = { init, sidecar: init, regular, ephemeral }
  const previous = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.ephemeralContainerStatuses ?? []),
  ]
  for (const reference of containersOf(pod)) {
    const { name } = reference.container
    lists[reference.kind].push(
      containerStatusOf({
        pod,
        reference,
        runs: runsOf(observed, name),
        previous: previous.find(status => status.name === name),
        // As upstream: nothing is tried any more, so what it would wait for is not told either.
        waiting: pod.metadata.deletionTimestamp ? undefined : input.waitingOf(name),
        verdictOf: input.verdictOf,
        messageOf: input.messageOf,
        terminal: input.terminal,
        isRestarted: input.restartOfAll === 'done',
        actualOf: input.resize?.actualOf,
        devicesOf: input.devicesOf,
        mountsRecursively: input.mountsRecursively ?? false,
      }),
    )
  }
  return { init, regular, ephemeral }
}
