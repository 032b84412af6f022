/**
 * All containers of a pod start anew where a rule of one that ended wants that (`RestartAllContainers`): they are killed and removed, and
 * the pod begins again with its first init container. Sandbox, addresses, volumes and devices stay; ephemeral containers do, too.
 *
 * Invariant: whoever ended is removed as well, so that nobody takes its end for a new one. A kubelet that dies on the way finds the rest to do
 * by the pod's condition.
 */

import { type AnyContainer, containersOf, type Pod } from '../pod-types.ts'
import type { ContainerStatus } from '../runtime.ts'
import { RESTARTING_ALL } from '../status/conditions.ts'
import { newestOf, type ObservedPod, readySandboxOf } from './observed-pod.ts'
import { removeRun, reportStatus } from './pod-stop.ts'
import type { PodWorker } from './pod-worker.ts'
import { mayRestartAll, restartsAllAfter } from './restart-policy.ts'

/** Upstream's least: as long as it gives containers whose time to end does not count. */
const GRACE_SECONDS = 2

/** Whose end it is, in the present sandbox. Pure. */
export function askedBy(
  pod: Pod,
  observed: ObservedPod,
): { readonly container: AnyContainer; readonly run: ContainerStatus } | undefined {
  if (!mayRestartAll(pod)) return undefined
  const sandbox = readySandboxOf(observed)
  for (const { kind, container } of containersOf(pod)) {
    const run = kind === 'ephemeral' ? undefined : newestOf(observed, container.name)
    if (run?.state !== 'exited' || run.sandboxId !== sandbox?.id) continue
    if (restartsAllAfter(container, run.exitCode)) return { container, run }
  }
  return undefined
}

/** Whether the API says that a kubelet had begun with it. */
export const wasRestartingAll = (pod: Pod): boolean =>
  mayRestartAll(pod) &&
  (pod.status?.conditions ?? []).some(
    ({ type, status }) => type === RESTARTING_ALL && status === 'True',
  )

/** Gives whether there was anything to do. Rejects where it has to be tried again. */
export async function restartAll(worker: PodWorker): Promise<boolean> {
  const { parts, pod, uid } = worker
  const { cache } = parts
  const by = askedBy(pod, cache.observe(uid))
  if (by) worker.endedAt(by.container.name, by.run.finishedAt || by.run.createdAt)
  else if (worker.restartOfAll !== 'running') return false
  worker.restartOfAll = 'running'
  await reportStatus(worker, false)
  const kept = new Set((pod.spec?.ephemeralContainers ?? []).map(({ name }) => name))
  const runs = () => cache.observe(uid).containers.filter(({ name }) => !kept.has(name))
  const stops = runs()
    .filter(({ state }) => state !== 'exited')
    .map(({ id }) => {
      parts.probes.stop(id)
      const how = { message: 'killing', graceSeconds: GRACE_SECONDS, withoutHook: true }
      return parts.containers.stop(pod, id, how)
    })
  // All of them are waited for: a second try must not run beside what is left of the first.
  for (const ended of await Promise.allSettled(stops))
    if (ended.status === 'rejected') throw ended.reason
  // Who is deleted meanwhile ends as any other pod.
  if (worker.ending.aborted || worker.pod.metadata.deletionTimestamp) return true
  for (const run of runs()) await removeRun(worker, run)
  for (const { container } of containersOf(pod)) {
    worker.waiting.delete(container.name)
    worker.startFailures.delete(container.name)
  }
  worker.restartOfAll = 'done'
  await reportStatus(worker, false)
  worker.restartOfAll = undefined
  return true
}
