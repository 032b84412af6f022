/** One container's status as the API shows it, from what the runtime says of its runs. Pure. */
import { rfc3339 } from '#base/clock.ts'
import type {
  AnyContainer,
  ApiContainerState,
  ApiContainerStatus,
  ContainerReference,
  Pod,
} from '../pod-types.ts'
import type { ProbeVerdict } from '../pods/pod-actions.ts'
import { restartsAfter } from '../pods/restart-policy.ts'
import type { ResizeReport } from '../resize/report.ts'
import type { ContainerStatus } from '../runtime.ts'

export interface WaitingReason {
  readonly reason: string
  readonly message: string
}

export interface ReadyVerdict extends ProbeVerdict {
  /** The readiness probe's last word; true where there is none. */
  readonly ready: boolean
}

export interface ContainerStatusInput {
  readonly pod: Pod
  readonly reference: ContainerReference
  /** Runs of this container, newest first. */
  readonly runs: readonly ContainerStatus[]
  readonly previous: ApiContainerStatus | undefined
  /** Why it could not be started last time. */
  readonly waiting: WaitingReason | undefined
  readonly verdictOf: (containerId: string, container: AnyContainer) => ReadyVerdict
  readonly messageOf: (run: ContainerStatus) => string
  /** The pod is over: whatever did not run never will. */
  readonly terminal: boolean
  /** What a running container has, where the pod was ever resized; what it was given else. */
  readonly actualOf?: ResizeReport['actualOf'] | undefined
  /** Those that the runtime has no run of were removed, to start anew. */
  readonly isRestarted?: boolean | undefined
  /** What is mounted below mounts can be read-only as well. */
  readonly mountsRecursively: boolean
  readonly devicesOf?: ((container: AnyContainer) => DeviceHealths) | undefined
}

type DeviceHealths = NonNullable<ApiContainerStatus['allocatedResourcesStatus']>

export const CONTAINER_ID_PREFIX = 'containerd://'

/** Exit code of a container of which nobody knows how it ended. */
const UNKNOWN_EXIT_CODE = 137

/** Nobody knows what became of it. */
export const LOST: ApiContainerState = Object.freeze({
  terminated: Object.freeze({
    exitCode: UNKNOWN_EXIT_CODE,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  }),
})

export function containerStatusOf(input: ContainerStatusInput): ApiContainerStatus {
  const status = statusOf(input)
  const devices = healthsOf(input, status)
  const mounts = mountsOf(input)
  return {
    ...status,
    ...(devices.length > 0 ? { allocatedResourcesStatus: devices } : {}),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  }
}

type MountStatus = NonNullable<ApiContainerStatus['volumeMounts']>[number]

/** What its spec says, whatever has become of it; only whether a mount is wholly read-only depends on the runtime. */
function mountsOf({ reference, mountsRecursively }: ContainerStatusInput): MountStatus[] {
  const mounts = reference.container.volumeMounts ?? []
  return mounts.map(({ name, mountPath, readOnly, recursiveReadOnly: wanted = 'Disabled' }) => {
    if (!readOnly) return { name, mountPath }
    const isWhole = wanted !== 'Disabled' && mountsRecursively
    return { name, mountPath, readOnly, recursiveReadOnly: isWhole ? 'Enabled' : 'Disabled' }
  })
}

const NO_HEALTHS: DeviceHealths = []

/** One that ended keeps what was last said of its devices, which may be others' by now: it may tell why. */
function healthsOf(
  { reference, devicesOf, previous }: ContainerStatusInput,
  { state }: ApiContainerStatus,
): DeviceHealths {
  const { kind, container } = reference
  if (kind === 'ephemeral') return NO_HEALTHS
  const devices = devicesOf?.(container) ?? NO_HEALTHS
  if (devices.length > 0 || !state.terminated) return devices
  return previous?.allocatedResourcesStatus ?? NO_HEALTHS
}

function statusOf(input: ContainerStatusInput): ApiContainerStatus {
  const { reference, runs, previous } = input
  const { container } = reference
  const newest = runs[0]
  if (!newest) return withoutRun(input)
  const state = stateOf(input, newest)
  const base: ApiContainerStatus = {
    name: container.name,
    state,
    lastState: lastStateOf(input, newest, state, previous),
    ready: readyOf(input, newest),
    restartCount: newest.attempt,
    image: newest.image || container.image || '',
    imageID: newest.imageRef,
    containerID: `${CONTAINER_ID_PREFIX}${newest.id}`,
    started: startedOf(input, newest),
    ...(newest.user ? { user: { linux: newest.user } } : {}),
  }
  return withResources(base, input, newest)
}

/** Tells that it could be resized. */
const NO_RESOURCES = Object.freeze({})

function withResources(
  status: ApiContainerStatus,
  { reference, actualOf }: ContainerStatusInput,
  newest: ContainerStatus,
): ApiContainerStatus {
  const { kind, container } = reference
  const allocated = container.resources
  if (!actualOf && !allocated?.requests && !allocated?.limits)
    return kind === 'ephemeral' ? status : { ...status, resources: NO_RESOURCES }
  const isRunning = newest.state === 'running'
  const resources = (isRunning ? actualOf?.(container, newest) : undefined) ?? allocated
  return {
    ...status,
    ...(allocated?.requests ? { allocatedResources: allocated.requests } : {}),
    resources: {
      ...(resources?.limits ? { limits: resources.limits } : {}),
      ...(resources?.requests ? { requests: resources.requests } : {}),
    },
  }
}

/** Upstream's words for one that was removed so that all containers of its pod start anew. */
export const RESTARTED = 'RestartingAllContainers'
const RESTARTED_MESSAGE = 'The container is removed because RestartAllContainers in place'

function restarted(previous: ApiContainerStatus): ApiContainerStatus {
  const { started: _, resources: __, allocatedResources: ___, ...rest } = previous
  return {
    ...rest,
    state: { waiting: { reason: RESTARTED, message: RESTARTED_MESSAGE } },
    lastState: {
      terminated: {
        exitCode: UNKNOWN_EXIT_CODE,
        reason: RESTARTED,
        message: RESTARTED_MESSAGE,
      },
    },
    ready: false,
    restartCount: previous.restartCount + 1,
    started: false,
  }
}

/** Nothing in the runtime: it has yet to be made, or it was collected and the API remembers it. */
function withoutRun(input: ContainerStatusInput): ApiContainerStatus {
  const { reference, previous, waiting, pod } = input
  const { container } = reference
  const hasInit = (pod.spec?.initContainers ?? []).length > 0
  const usual = reference.kind !== 'ephemeral' && hasInit ? 'PodInitializing' : 'ContainerCreating'
  const status: ApiContainerStatus = {
    name: container.name,
    state: { waiting: waiting ? plain(waiting) : { reason: usual } },
    lastState: {},
    ready: false,
    restartCount: previous?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
    started: false,
  }
  if (!previous) return status
  if (input.isRestarted && reference.kind !== 'ephemeral' && previous.containerID)
    return restarted(previous)
  if (previous.state.terminated)
    return {
      ...previous,
      ready: reference.kind === 'init' && previous.state.terminated.exitCode === 0,
    }
  if (previous.state.running && previous.containerID) {
    if (input.terminal)
      return { ...status, state: LOST, imageID: previous.imageID, image: previous.image }
    return { ...status, lastState: LOST }
  }
  return { ...status, lastState: previous.lastState ?? {} }
}

function stateOf(input: ContainerStatusInput, newest: ContainerStatus): ApiContainerState {
  switch (newest.state) {
    case 'running':
      return { running: { startedAt: rfc3339(newest.startedAt) } }
    case 'created':
      return {
        waiting: plain(input.waiting ?? { reason: 'ContainerCreating', message: '' }),
      }
    case 'exited':
    case 'unknown':
      if (input.waiting && !input.terminal && restarts(input, newest))
        return { waiting: plain(input.waiting) }
      return terminated(newest, input.messageOf(newest))
  }
}

function restarts(input: ContainerStatusInput, newest: ContainerStatus): boolean {
  const { kind, container } = input.reference
  if (kind === 'ephemeral') return false
  if (kind === 'sidecar') return true
  if (kind === 'init' && newest.exitCode === 0) return false
  return restartsAfter(input.pod, container, newest.exitCode)
}

function plain({ reason, message }: WaitingReason): { reason: string; message?: string } {
  return message ? { reason, message } : { reason }
}

function terminated(run: ContainerStatus, message: string): ApiContainerState {
  const known = run.state === 'exited'
  return {
    terminated: {
      exitCode: known ? run.exitCode : UNKNOWN_EXIT_CODE,
      reason: known
        ? run.reason || (run.exitCode === 0 ? 'Completed' : 'Error')
        : 'ContainerStatusUnknown',
      ...(message ? { message } : {}),
      startedAt: rfc3339(run.startedAt || run.createdAt),
      finishedAt: rfc3339(run.finishedAt || run.createdAt),
      containerID: `${CONTAINER_ID_PREFIX}${run.id}`,
    },
  }
}

function lastStateOf(
  input: ContainerStatusInput,
  newest: ContainerStatus,
  state: ApiContainerState,
  previous: ApiContainerStatus | undefined,
): ApiContainerState {
  if (state.waiting && newest.state !== 'created')
    return terminated(newest, input.messageOf(newest))
  const before = input.runs[1]
  if (before && (before.state === 'exited' || before.state === 'unknown'))
    return terminated(before, input.messageOf(before))
  if (newest.attempt === 0 || !previous) return {}
  // The run before was collected already: the API still remembers how it ended.
  const own = `${CONTAINER_ID_PREFIX}${newest.id}`
  const remembered = [previous.state.terminated, previous.lastState?.terminated].find(
    ended => ended && ended.containerID !== own,
  )
  return remembered ? { terminated: remembered } : {}
}

function readyOf(input: ContainerStatusInput, newest: ContainerStatus): boolean {
  const { kind } = input.reference
  if (kind === 'init') return newest.state === 'exited' && newest.exitCode === 0
  if (kind === 'ephemeral' || newest.state !== 'running') return false
  const verdict = input.verdictOf(newest.id, input.reference.container)
  return verdict.started && verdict.ready
}

function startedOf(input: ContainerStatusInput, newest: ContainerStatus): boolean {
  if (newest.state !== 'running') return false
  return input.reference.kind === 'init' || input.reference.kind === 'ephemeral'
    ? input.reference.kind === 'init'
    : input.verdictOf(newest.id, input.reference.container).started
}
