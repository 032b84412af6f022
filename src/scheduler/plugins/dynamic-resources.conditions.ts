/** Devices that have to be made ready after they were given: the pod is bound once their drivers say so. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type {
  AllocatedDeviceStatus,
  DeviceRequestAllocationResult,
} from '#api/resource/v1/claim-status.schema.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { sleep } from '#base/clock.ts'
import type { Handle } from '../framework/handle.ts'

/** How often is looked, as upstream does. */
const LOOK_EVERY_MS = 5_000
/** The first looks come sooner: in one process, drivers answer in milliseconds. */
const FIRST_LOOK_MS = 10

export const DEFAULT_BINDING_TIMEOUT_MS = 600_000

const resultsOf = ({ status }: ResourceClaim): readonly DeviceRequestAllocationResult[] =>
  status.allocation?.devices.results ?? []

export function hasConditions(claim: ResourceClaim): boolean {
  return resultsOf(claim).some(({ bindingConditions }) => bindingConditions?.length)
}

/** Whether all that the claim was given is ready. Throws where a driver says that it never will be. */
export function isReady(claim: ResourceClaim): boolean {
  if (!claim.status.allocation) return false
  return resultsOf(claim).every(result => {
    const { bindingConditions = [], bindingFailureConditions = [] } = result
    if (bindingConditions.length === 0) return true
    const conditions = statusOf(claim, result)?.conditions ?? []
    const isTrue = (type: string) =>
      conditions.find(each => each.type === type && each.status === 'True')
    for (const type of bindingFailureConditions) {
      const failure = isTrue(type)
      if (failure)
        throw new Error(
          `claim ${claim.metadata.name} binding failed: reason=${failure.reason}, message=${JSON.stringify(failure.message)}`,
        )
    }
    return bindingConditions.every(isTrue)
  })
}

function statusOf(
  { status }: ResourceClaim,
  { driver, pool, device }: DeviceRequestAllocationResult,
): AllocatedDeviceStatus | undefined {
  return status.devices?.find(
    each => each.driver === driver && each.pool === pool && each.device === device,
  )
}

/** True where the claim's devices will not be ready any more: others have to be found. */
export function isHopeless(claim: ResourceClaim, nowMs: number, timeoutMs: number): boolean {
  if (!hasConditions(claim)) return false
  try {
    return !isReady(claim) && isLate(claim, nowMs, timeoutMs)
  } catch {
    return true
  }
}

function isLate({ status }: ResourceClaim, nowMs: number, timeoutMs: number): boolean {
  const given = status.allocation?.allocationTimestamp
  return given !== undefined && given !== null && Date.parse(given) + timeoutMs < nowMs
}

export interface ConditionWait {
  readonly pod: Pod
  readonly node: string
  /** The newest state of the pod's claims. */
  readonly claims: () => readonly ResourceClaim[]
  readonly timeoutMs: number
}

/** Resolves once all devices are ready; rejects where one never will be, or it takes too long. */
export async function waitForConditions(
  { clock, recorder, stopping }: Handle,
  { pod, node, claims, timeoutMs }: ConditionWait,
): Promise<void> {
  const message = `waiting for binding conditions for device on node ${node}`
  recorder.record(pod, 'Normal', 'BindingConditionsPending', { message, action: 'Scheduling' })
  const endMs = clock.monotonicMs() + timeoutMs
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(2 * waitMs, LOOK_EVERY_MS)) {
    const open = claims().filter(claim => !isReady(claim))
    if (open.length === 0) return
    const late = open.find(claim => isLate(claim, clock.now(), timeoutMs))
    if (late) throw new Error(`claim ${keyOf(late).split('/')[1]} binding timeout`)
    if (clock.monotonicMs() >= endMs) throw new Error('device binding timeout')
    await sleep(clock, Math.min(waitMs, endMs - clock.monotonicMs()), stopping)
  }
}
