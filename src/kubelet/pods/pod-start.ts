/**
 * One step of a running pod: admission, volumes, then the actions that the decision asks for until
 * there are none.
 */
import { messageOf } from '#base/errors.ts'
import type { SmallMap } from '#base/small-map.ts'
import { StartError } from '../containers/config-error.ts'
import { attemptOf } from '../containers/containers.ts'
import { sandboxConfigOf } from '../containers/sandbox-config.ts'
import { count, timed } from '../figures/count.ts'
import { containerHash } from '../labels.ts'
import { type ContainerReference, describePod, type Pod } from '../pod-types.ts'
import { changeOf } from '../resize/actual.ts'
import { actuate, allocate, finishResize } from '../resize/resize.ts'
import type { SandboxConfig, SandboxStatus } from '../runtime.ts'
import { hasOwnUsers } from '../user-namespaces/user-namespaces.ts'
import { NotYet } from '../volumes/not-yet.ts'
import { VolumeError } from '../volumes/volume-error.ts'
import { admit } from './admit.ts'
import { type PodActions, podActions } from './pod-actions.ts'
import { collectGarbage, releaseSandbox, reportStatus } from './pod-stop.ts'
import type { PodWorker } from './pod-worker.ts'
import { restartAll } from './restart-all.ts'
import { asksForRecursion, mountsRecursively, runtimeHandlerOf } from './runtime-handler.ts'

/**
 * Rounds of decide and act in one step; each does something, so more means that the runtime goes in
 * circles.
 */
const MAXIMUM_ROUNDS = 50
/** How soon a pod that waits for the node's network looks again. */
const NETWORK_RETRY_MS = 1_000
/**
 * A container that could not be made is tried again after this, doubled with each failure up to the
 * limit.
 */
const START_RETRY_MS = 1_000
const START_RETRY_LIMIT_MS = 30_000
/** How soon a volume is looked at again that somebody else attaches. */
const VOLUME_RETRY_MS = 300
/** Of what is told of an image that is not there there is an event more that tells the reason. */
const IMAGE_TROUBLES: ReadonlySet<string> = new Set([
  ...['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName'],
  'ImageInspectError',
])
/** A volume whose source is missing runs on with its old files, and is looked at again after this. */
const REFRESH_RETRY_MS = 60_000

export async function startPod(worker: PodWorker): Promise<void> {
  const { parts } = worker
  const { memoryBytes } = parts.context.options.hostAccess.facts
  if (!(await admit(worker))) return
  if (outOfTime(worker)) return
  if (worker.resize) {
    await allocate(worker)
    await actuate(worker)
  }
  // Adopted containers are probed before anything is said of them.
  parts.probes.sync(worker.pod, parts.cache.observe(worker.uid))
  await reportStatus(worker, false)
  const problem = parts.networkProblem()
  if (problem && !worker.pod.spec?.hostNetwork) {
    parts.events.warning(worker.pod, 'NetworkNotReady', `network is not ready: ${problem}`)
    worker.wakeAfter(NETWORK_RETRY_MS)
    return
  }
  await prepareClaims(worker)
  await mountVolumes(worker)
  for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
    const { pod } = worker
    if (worker.ending.aborted || pod.metadata.deletionTimestamp) break
    await parts.cache.settle(worker.uid)
    parts.probes.sync(pod, parts.cache.observe(worker.uid))
    if (await restartAll(worker)) continue
    const actions = podActions({
      pod,
      observed: parts.cache.observe(worker.uid),
      verdictOf: (id, container) => parts.probes.verdictOf(id, container),
      resizeOf:
        worker.resize &&
        !parts.context.options.division?.hasExclusiveCpus(worker.uid) &&
        ((container, run) => changeOf(pod, container, run, memoryBytes, worker.resize?.outdated)),
    })
    if (actions.finished) {
      worker.mode = 'terminating'
      return
    }
    if (!(await act(worker, actions))) break
  }
  if (worker.ending.aborted) return worker.wake()
  parts.probes.sync(worker.pod, parts.cache.observe(worker.uid))
  await collectGarbage(worker)
  await finishResize(worker)
  await reportStatus(worker, false)
  if (worker.pod.metadata.deletionTimestamp || worker.removed) worker.wake()
}

function outOfTime(worker: PodWorker): boolean {
  const { pod, parts } = worker
  const limit = pod.spec?.activeDeadlineSeconds
  if (limit === undefined) return false
  const now = parts.context.clock.now()
  const startTime = worker.latest.status?.startTime
  const left = (startTime ? Date.parse(startTime) : now) + Number(limit) * 1000 - now
  if (left > 0) {
    worker.wakeAfter(left)
    return false
  }
  const message = 'Pod was active on the node longer than the specified deadline'
  parts.events.normal(pod, 'DeadlineExceeded', message)
  worker.fail({ reason: 'DeadlineExceeded', message })
  return true
}

async function prepareClaims({ parts, pod }: PodWorker): Promise<void> {
  try {
    await parts.devices.prepareClaims(pod)
  } catch (error) {
    const message = `Failed to prepare dynamic resources: prepare dynamic resources: ${messageOf(error)}`
    parts.events.warning(pod, 'FailedPrepareDynamicResources', message)
    throw error
  }
}

async function mountVolumes(worker: PodWorker): Promise<void> {
  const { parts, pod } = worker
  try {
    const stale = await parts.volumes.mount(pod, () => worker.wake())
    for (const message of stale) parts.events.warning(pod, 'FailedMount', message)
    if (stale.length > 0) worker.wakeAfter(REFRESH_RETRY_MS)
  } catch (error) {
    if (error instanceof NotYet) worker.wakeAfter(VOLUME_RETRY_MS)
    else {
      const reason = error instanceof VolumeError ? error.reason : 'FailedMount'
      parts.events.warning(pod, reason, messageOf(error))
    }
    throw error
  }
}

/** Carries actions out; gives whether anything was done, so that deciding anew makes sense. */
async function act(worker: PodWorker, actions: PodActions): Promise<boolean> {
  const { parts, pod } = worker
  const { runtime } = parts.context.options
  for (const id of actions.stopSandboxes) {
    await runtime.stopPodSandbox(id)
    await parts.cache.refreshSandbox(id)
    await parts.cache.refreshPod(worker.uid)
  }
  if (actions.releaseSandbox !== undefined) await releaseSandbox(worker, actions.releaseSandbox)
  if (actions.createSandbox !== undefined) {
    await createSandbox(worker, actions.createSandbox)
    // Images may take minutes from here on.
    if (!worker.ending.aborted) await reportStatus(worker, false)
    return true
  }
  let acted = false
  /** Stopped for no fault of theirs: they need not wait. */
  const resized = new Set<string>()
  const killed = new Set<string>()
  for (const { id, name, message, isResize } of actions.kill) {
    if (isResize) resized.add(name)
    killed.add(id)
    const graceSeconds = parts.probes.graceOf(id)
    parts.probes.stop(id)
    await parts.containers.stop(pod, id, { message, graceSeconds })
    parts.context.log.debug('container stopped', { pod: pod.metadata.name, container: name })
    acted = true
  }
  if (!actions.sandbox) return acted
  if (actions.start.length > 0) await tellAddresses(worker, actions.sandbox)
  for (const reference of actions.start)
    if (resized.has(reference.container.name) || !isBackingOff(worker, reference, killed))
      acted = (await startOne(worker, reference, actions.sandbox)) || acted
  return acted
}

async function createSandbox(worker: PodWorker, attempt: number): Promise<void> {
  const { parts, pod } = worker
  const { context, cache, events } = parts
  const { runtime, hostAccess } = context.options
  if (attempt > 0)
    events.normal(pod, 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
  if (worker.ending.aborted) return
  await makeCgroup(worker)
  try {
    const handler = await runtimeHandlerOf(worker)
    count(context, 'kubelet_started_pods_total')
    if (hasOwnUsers(pod)) count(context, 'kubelet_started_user_namespaced_pods_total')
    const ids = await parts.userNamespaces.give(pod, handler)
    const config = sandboxConfigOf(pod, attempt, context, ids)
    worker.newSandbox = { pod, config }
    await hostAccess.files.makeDirectory(config.logDirectory)
    if (worker.ending.aborted) return
    const id = await timed(
      context,
      ['kubelet_run_podsandbox_duration_seconds', handler ?? ''],
      () =>
        runtime.runPodSandbox(config, handler).catch(error => {
          count(context, 'kubelet_run_podsandbox_errors_total', handler ?? '')
          throw error
        }),
    )
    await cache.refreshSandbox(id)
  } catch (error) {
    count(context, 'kubelet_started_pods_errors_total')
    if (hasOwnUsers(pod)) count(context, 'kubelet_started_user_namespaced_pods_errors_total')
    cache.doubt(worker.uid)
    const message = `Failed to create pod sandbox: ${messageOf(error)}`
    events.warning(pod, 'FailedCreatePodSandBox', message)
    throw new Error(message)
  }
}

/** Whoever guards the pod's traffic knows its addresses before anything runs that could make some. */
async function tellAddresses(worker: PodWorker, { id, ips }: SandboxStatus): Promise<void> {
  const { parts, pod } = worker
  if (pod.spec?.hostNetwork || worker.addressedSandbox === id) return
  try {
    await parts.context.options.addressed(pod, ips)
    worker.addressedSandbox = id
  } catch (error) {
    parts.events.warning(pod, 'NetworkNotReady', `network is not ready: ${messageOf(error)}`)
    throw error
  }
}

async function makeCgroup({ parts, pod }: PodWorker): Promise<void> {
  try {
    await parts.cgroups.apply(pod)
  } catch (error) {
    const message = `unable to ensure pod container exists: ${messageOf(error)}`
    parts.events.warning(pod, 'FailedCreatePodContainer', message)
    throw new Error(message)
  }
}

/** The same for each container, unless the pod changed meanwhile. */
async function configOf(
  { newSandbox, pod, parts }: PodWorker,
  { attempt }: SandboxStatus,
): Promise<SandboxConfig> {
  if (newSandbox?.pod === pod && newSandbox.config.attempt === attempt) return newSandbox.config
  return sandboxConfigOf(pod, attempt, parts.context, await parts.userNamespaces.of(pod))
}

const backoffKey = (pod: Pod, { container }: ContainerReference): string =>
  `${pod.metadata.uid}/${container.name}/${containerHash(container)}`

async function startOne(
  worker: PodWorker,
  reference: ContainerReference,
  sandbox: SandboxStatus,
): Promise<boolean> {
  const { parts, pod } = worker
  const { name } = reference.container
  try {
    const attempt = attemptOf(worker.latest, name, parts.cache.observe(worker.uid))
    const target = {
      ...{ status: sandbox, config: await configOf(worker, sandbox), attempt },
      mountsRecursively:
        asksForRecursion([reference.container]) && (await mountsRecursively(worker)),
    }
    await parts.containers.start(pod, reference, target, worker.ending)
    worker.waiting.delete(name)
    worker.startFailures.delete(name)
    return true
  } catch (error) {
    if (worker.ending.aborted) return false
    const reason = error instanceof StartError ? error.reason : 'CreateContainerError'
    worker.waiting.set(name, { reason, message: messageOf(error) })
    if (IMAGE_TROUBLES.has(reason))
      parts.events.warning(pod, 'Failed', `Error: ${reason}`, reference)
    const pullIn = parts.images.remaining(pod, reference.container.image ?? '')
    // The next look at a pull that failed only says that it waits; its own back-off says when to try.
    const retryMs =
      pullIn > 0 && reason === 'ImagePullBackOff' ? pullIn : nextRetry(worker.startFailures, name)
    worker.wakeAfter(retryMs)
    return false
  }
}

function nextRetry(failures: SmallMap<number>, name: string): number {
  const count = failures.get(name) ?? 0
  failures.set(name, count + 1)
  return Math.min(START_RETRY_MS * 2 ** count, START_RETRY_LIMIT_MS)
}

/** True while a container that keeps ending has to wait. As upstream, who was killed just now waits for what its run before came to. */
function isBackingOff(
  worker: PodWorker,
  reference: ContainerReference,
  killed: ReadonlySet<string>,
): boolean {
  const { parts, pod } = worker
  const { name } = reference.container
  const observed = parts.cache.observe(worker.uid)
  const last = observed.containers.find(each => each.name === name && !killed.has(each.id))
  const failedAt = last ? last.finishedAt || last.createdAt : worker.forgottenEndOf(name)
  if (failedAt === undefined) return false
  const key = backoffKey(pod, reference)
  const left = parts.backoff.remaining(key, failedAt)
  if (left === 0) {
    parts.backoff.next(key, failedAt)
    return false
  }
  const seconds = duration(parts.backoff.delayOf(key))
  const known = worker.waiting.get(name)
  const message = `back-off ${seconds} restarting failed container=${name} pod=${describePod(pod)}`
  if (known?.message !== message) {
    parts.events.warning(
      pod,
      'BackOff',
      `Back-off restarting failed container ${name} in pod ${describePod(pod)}`,
      reference,
    )
    worker.waiting.set(name, { reason: 'CrashLoopBackOff', message })
  }
  worker.wakeAfter(left)
  return true
}

/** As Go prints durations: 10s, 2m40s, 5m0s. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
