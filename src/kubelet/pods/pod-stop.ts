/** Ending a pod, cleaning up behind it, and saying how it stands. */

import { messageOf } from '#base/errors.ts'
import { podDirectory } from '../containers/hosts-mount.ts'
import { terminationMessage } from '../containers/termination.ts'
import { podLogDirectory } from '../labels.ts'
import { unlinkLog } from '../logs/links.ts'
import { objectsOf } from '../objects.ts'
import { containersOf, isSidecar, type Pod } from '../pod-types.ts'
import { reportOf } from '../resize/report.ts'
import type { ContainerStatus } from '../runtime.ts'
import { podStatusOf } from '../status/pod-status.ts'
import { isRunning, type ObservedPod } from './observed-pod.ts'
import type { PodWorker } from './pod-worker.ts'
import { asksForRecursion, mountsRecursively } from './runtime-handler.ts'

/**
 * Stops the regular containers together, then the sidecars in reverse order, then the sandboxes. Hooks
 * do not wait for their container's turn, and nobody waits longer for it than the grace lasts.
 */
export async function stopPod(worker: PodWorker, graceSeconds: number | undefined): Promise<void> {
  const { parts, pod } = worker
  const { cache, context, probes } = parts
  // What a kubelet finds ending when it starts stays as ready as it was.
  probes.sync(pod, cache.observe(worker.uid))
  probes.terminating(pod)
  await reportStatus(worker, false)
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name)
  const running = cache.observe(worker.uid).containers.filter(({ state }) => state !== 'exited')
  const stops: Promise<void>[] = []
  const stop = (containers: readonly { id: string }[]) => {
    const before = [...stops]
    const how = {
      ...{ message: '', graceSeconds },
      ...(before.length > 0 ? { turn: Promise.allSettled(before) } : {}),
    }
    for (const { id } of containers)
      stops.push(parts.containers.stop(pod, id, how).then(() => reportStatus(worker, false)))
  }
  stop(running.filter(({ name }) => !sidecars.includes(name)))
  for (const name of sidecars.toReversed()) stop(running.filter(each => each.name === name))
  // All of them are waited for: a second try must not run beside what is left of the first.
  for (const ended of await Promise.allSettled(stops))
    if (ended.status === 'rejected') throw ended.reason
  const { sandboxes } = cache.observe(worker.uid)
  for (const sandbox of sandboxes)
    if (sandbox.ready) {
      await context.options.runtime.stopPodSandbox(sandbox.id)
      await cache.refreshSandbox(sandbox.id)
    }
  // The pod ended since its sandbox died, as by a reboot: nobody else will let go of its address for as long as the pod is kept.
  const [newest] = sandboxes
  if (newest && !newest.ready && !isOver(worker.latest)) await releaseSandbox(worker, newest.id)
  await cache.refreshPod(worker.uid)
  probes.forget(worker.uid)
}

const isOver = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** Takes the network of a sandbox down that died by itself. What keeps it from that is no reason to keep the pod waiting. */
export async function releaseSandbox({ parts, pod }: PodWorker, id: string): Promise<void> {
  const { log, options } = parts.context
  try {
    await options.runtime.stopPodSandbox(id)
  } catch (error) {
    const { name, namespace } = pod.metadata
    log.warn('the network of a dead sandbox could not be taken down', {
      ...{ name, namespace, sandbox: id },
      error: messageOf(error),
    })
  }
}

/** Computes the status and hands it to the writer. `terminal`: nothing runs and nothing will start. */
export async function reportStatus(worker: PodWorker, terminal: boolean): Promise<void> {
  const { parts, uid } = worker
  if (worker.removed) return
  const { context, cache, probes } = parts
  const observed = cache.observe(uid)
  await readMessages(worker, observed)
  const containers = containersOf(worker.pod).map(({ container }) => container)
  // Where the API cannot tell yet, nothing was mounted either.
  const isRecursive =
    asksForRecursion(containers) && (await mountsRecursively(worker).catch(() => false))
  const pod = worker.latest
  const status = podStatusOf({
    // The newest spec with the newest known status.
    pod: pod === worker.pod ? pod : { ...worker.pod, status: pod.status ?? {} },
    observed,
    now: context.clock.now(),
    hostIps: context.options.nodeAddresses,
    verdictOf: (id, container) => probes.verdictOf(id, container),
    waitingOf: name => worker.waiting.get(name),
    messageOf: run => worker.messages.get(run.id) ?? run.message,
    terminal: terminal && (!worker.pod.metadata.deletionTimestamp || hasRun(worker.pod, observed)),
    wasAdmitted: worker.admitted,
    failure: worker.failure,
    resize: reportOf(worker),
    restartOfAll: worker.restartOfAll,
    mountsRecursively: isRecursive,
    devicesOf: container => parts.devices.healthsOf(worker.pod, container),
  })
  parts.statusWriter.set(worker.asked, status)
  parts.times.reported(worker.asked, status)
}

/** A pod deleted before it ran keeps its phase; one that ran ends as Succeeded or Failed. */
const hasRun = (pod: Pod, observed: ObservedPod): boolean =>
  observed.containers.length > 0 || pod.status?.phase === 'Running'

async function readMessages(worker: PodWorker, observed: ObservedPod): Promise<void> {
  for (const run of observed.containers) {
    if (run.state !== 'exited' || worker.messages.has(run.id)) continue
    const message = await terminationMessage(run, worker.parts.context.options.hostAccess)
    worker.messages.set(run.id, message)
  }
}

/** Keeps the newest run of each container and the newest before it that ended, for its logs and last state. */
export async function collectGarbage(worker: PodWorker): Promise<void> {
  const { cache, context } = worker.parts
  const { runtime } = context.options
  const observed = cache.observe(worker.uid)
  const seen = new Set<string>()
  const ended = new Set<string>()
  for (const run of observed.containers) {
    const isNewest = !seen.has(run.name)
    const isBefore = !isNewest && run.state === 'exited' && !ended.has(run.name)
    seen.add(run.name)
    if (isBefore) ended.add(run.name)
    if (isNewest || isBefore || isRunning(run)) continue
    await removeRun(worker, run)
  }
  // Old sandboxes go when nothing of interest is left in them.
  const used = new Set(cache.observe(worker.uid).containers.map(run => run.sandboxId))
  for (const sandbox of observed.sandboxes.slice(1))
    if (!sandbox.ready && !used.has(sandbox.id)) {
      await runtime.removePodSandbox(sandbox.id)
      cache.forgetRemoved(sandbox.id, worker.uid)
    }
}

/** Removes one that ended, with its log. */
export async function removeRun(worker: PodWorker, run: ContainerStatus): Promise<void> {
  const { cache, context } = worker.parts
  const { runtime, hostAccess } = context.options
  await runtime.removeContainer(run.id)
  cache.forgetRemoved(run.id, worker.uid)
  worker.messages.delete(run.id)
  await unlinkLog(context, worker.pod, run)
  for (const path of await logFilesOf(worker, run.logPath)) await hostAccess.files.removeTree(path)
}

/** A run's log and what rotation made of it. */
async function logFilesOf(worker: PodWorker, logPath: string): Promise<string[]> {
  const cut = logPath.lastIndexOf('/')
  if (cut <= 0) return []
  const directory = logPath.slice(0, cut)
  const names = await worker.parts.context.options.hostAccess.files.names(directory)
  const file = logPath.slice(cut + 1)
  return names
    .filter(name => name === file || name.startsWith(`${file}.`))
    .map(name => `${directory}/${name}`)
}

/** Removes everything that the pod left on this node. */
export async function cleanUp(worker: PodWorker): Promise<void> {
  const { parts, uid, pod } = worker
  const { cache, context, probes, backoff, images, statusWriter } = parts
  const { runtime, hostAccess, rootDirectory, podLogsDirectory, nodeName } = context.options
  probes.forget(uid)
  backoff.forget(`${uid}/`)
  images.forget(uid)
  statusWriter.forget(uid)
  objectsOf(context).release(`${nodeName}/${uid}/env`)
  const observed = cache.observe(uid)
  for (const run of observed.containers) await unlinkLog(context, pod, run)
  for (const run of observed.containers.filter(run => !isRunning(run))) {
    await runtime.removeContainer(run.id)
    cache.forgetRemoved(run.id, uid)
  }
  for (const sandbox of observed.sandboxes) {
    await runtime.stopPodSandbox(sandbox.id)
    await runtime.removePodSandbox(sandbox.id)
    cache.forgetRemoved(sandbox.id, uid)
  }
  await hostAccess.files.removeTree(podLogDirectory(podLogsDirectory, pod))
  // The last thing that goes: a kubelet that dies before finds the rest by it.
  await hostAccess.files.removeTree(podDirectory(rootDirectory, uid))
}
