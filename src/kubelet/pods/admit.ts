/** Whether a pod may run here, and what is set aside for it then. */
import { count, observe } from '../figures/count.ts'
import type { KubeletContext } from '../options.ts'
import { adoptResize, recallAllocation } from '../resize/resize.ts'
import { type PodFailure, REJECTED } from '../status/pod-status.ts'
import { dependsOnNode } from './admission.ts'
import type { PodWorker } from './pod-worker.ts'

/** What this kubelet finds running was admitted before: a restart never turns a pod away. */
export async function admit(worker: PodWorker): Promise<boolean> {
  if (worker.admitted) return true
  const { parts, pod } = worker
  const observed = parts.cache.observe(worker.uid)
  const ranBefore =
    observed.containers.length > 0 ||
    observed.sandboxes.length > 0 ||
    pod.status?.phase === 'Running'
  let failure = ranBefore ? undefined : parts.refuse(worker)
  if (failure && dependsOnNode(failure)) {
    // The scheduler may know of labels that were not read here yet.
    await parts.readNode()
    failure = parts.refuse(worker)
  }
  let share: Share | undefined
  if (!failure && !ranBefore && parts.devices.wants(pod)) {
    share = await shareWithDevices(worker)
    // While a plugin was asked, others may have taken what else the pod needs.
    failure = share.failure ?? parts.refuse(worker)
  }
  // In one breath with the look at what others have: nobody else may be admitted to the same.
  if (!failure && !share?.isPlaced) share = shareOf(worker)
  if (!ranBefore) failure ??= share?.failure
  if (!failure) {
    if (ranBefore) adoptResize(worker)
    worker.admit()
    if (share?.changed) await makeRoom(worker)
    if (ranBefore) await recallAllocation(worker)
    return true
  }
  count(parts.context, 'kubelet_admission_rejections_total', failure.reason)
  parts.events.warning(pod, failure.reason, failure.message)
  const message = `${REJECTED}${failure.message}`
  worker.fail({ reason: failure.reason, message, isRejection: true })
  return false
}

interface Share {
  readonly failure?: PodFailure
  /** Others have less for it. */
  readonly changed: boolean
  /** Processors and memory are set aside already. */
  readonly isPlaced?: boolean
}

/** Devices, and where it matters where they are, with all else that the pod is to have for itself. */
async function shareWithDevices({ parts, pod }: PodWorker): Promise<Share> {
  const { context, devices } = parts
  const { division } = context.options
  if (!division?.placesDevices) {
    const failure = await devices.admit(pod)
    return { changed: false, ...(failure ? { failure } : {}) }
  }
  const startMs = context.clock.monotonicMs()
  const share = await division.admitWith(pod, place => devices.admit(pod, place))
  countAdmission(context, startMs)
  return { ...share, isPlaced: true }
}

/** What the pod is to have of the machine for itself. Undefined where nobody has. */
function shareOf({ parts, pod }: PodWorker): Share | undefined {
  const { context } = parts
  const startMs = context.clock.monotonicMs()
  const share = context.options.division?.admit(pod)
  countAdmission(context, startMs)
  return share
}

function countAdmission(context: KubeletContext, startMs: number): void {
  count(context, 'kubelet_topology_manager_admission_requests_total')
  const tookMs = context.clock.monotonicMs() - startMs
  observe(context, 'kubelet_topology_manager_admission_duration_ms', tookMs)
}

/** What was set aside for the pod is kept, and nobody else is there any more. */
async function makeRoom({ parts }: PodWorker): Promise<void> {
  await parts.context.options.division?.settle()
  await parts.setKeeper.apply()
}
