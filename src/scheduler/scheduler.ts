/**
 * Puts pods on nodes. One pod at a time is placed, on a view of the cluster that already counts the ones placed before it; the
 * bindings are written side by side behind it.
 */
import { binding } from '#api/core/v1/binding.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { type Node, node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { createEventRecorder } from '#client/events.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { place } from './placement.ts'
import type { ClusterChange } from './plugin.ts'
import { plugins } from './plugins.ts'
import { podInfoOf } from './pod-info.ts'
import { createSchedulingQueue, type QueuedPod } from './queue.ts'
import { createClusterState } from './snapshot.ts'

/** Bindings under way at a time: enough to fill the store's group commits, few enough to bound memory. */
const BINDINGS_LIMIT = 256
/** After so long without a pause, others in the process get their turn. */
const SLICE_MS = 4

export interface SchedulerOptions {
  /** Pods that name this scheduler are placed. */
  readonly schedulerName?: string
}

export interface RunningScheduler extends Running {
  readonly counts: Readonly<{ scheduled: number; unschedulable: number; errors: number }>
}

export function startScheduler(
  context: RoleContext,
  { schedulerName = 'default-scheduler' }: SchedulerOptions = {},
): RunningScheduler {
  const { client, clock, informers, random } = context
  const log = context.log.with({ role: 'scheduler' })
  const recorder = createEventRecorder(client, { clock, random, log, component: schedulerName })
  const nodes = informers.for(node)
  const pods = informers.for(pod)
  const namespaces = informers.for(namespace)
  const state = createClusterState(name => namespaces.get(name)?.metadata.labels ?? {})
  const queue = createSchedulingQueue({ clock, helps })
  const counts = { scheduled: 0, unschedulable: 0, errors: 0 }
  const stopping = new AbortController()
  const bindings = new Set<Promise<void>>()
  const ends: (() => void)[] = []
  let startAt = 0

  const podChanged = (next: Pod, previous: Pod | undefined) => {
    const uid = next.metadata.uid ?? ''
    if (isFinished(next)) {
      queue.remove(uid)
      if (state.isPlaced(uid)) podGone(next)
    } else if (next.spec.nodeName) {
      queue.remove(uid)
      const isNew = !previous?.spec.nodeName
      state.setPod(next)
      if (isNew) queue.changed('pod-added')
    } else if (!isWanted(next) || state.isPlaced(uid)) {
      if (!state.isPlaced(uid)) queue.remove(uid)
    } else if ((next.spec.schedulingGates ?? []).length > 0) {
      queue.remove(uid)
      void tellGated(next)
    } else queue.set(podInfoOf(next))
  }
  const podGone = (last: Pod) => {
    const uid = last.metadata.uid ?? ''
    queue.remove(uid)
    if (!state.isPlaced(uid)) return
    state.removePod(uid)
    queue.changed('pod-removed')
  }
  const isWanted = ({ metadata, spec }: Pod) =>
    !metadata.deletionTimestamp && (spec.schedulerName || schedulerName) === schedulerName

  const watchCluster = () => {
    ends.push(
      nodes.subscribe({
        changed(next, previous) {
          state.setNode(next)
          if (!previous) queue.changed('node-added')
          else if (concernText(previous) !== concernText(next)) queue.changed('node-changed')
        },
        deleted: gone => state.removeNode(gone.metadata.name ?? ''),
      }),
      pods.subscribe({ changed: podChanged, deleted: podGone }),
    )
  }

  const tellCondition = async (found: Pod, reason: string, message: string): Promise<void> => {
    const before = found.status.conditions?.find(({ type }) => type === 'PodScheduled')
    if (before?.status === 'False' && before.reason === reason && before.message === message) return
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      lastTransitionTime:
        before?.status === 'False' ? before.lastTransitionTime : rfc3339(clock.now()),
      ...(found.metadata.generation ? { observedGeneration: found.metadata.generation } : {}),
    }
    const { name = '', namespace: place = '', uid } = found.metadata
    const patch = { metadata: { uid }, status: { conditions: [condition] } }
    await client
      .patch(pod, { name, namespace: place }, 'strategic', patch, { subresource: 'status' })
      .catch(error => log.debug(`condition not written: ${messageOf(error)}`))
  }
  const tellGated = (found: Pod) => {
    const known = found.status.conditions?.find(({ type }) => type === 'PodScheduled')
    if (known?.reason === 'SchedulingGated') return
    const message = 'Scheduling is blocked due to non-empty scheduling gates'
    return tellCondition(found, 'SchedulingGated', message)
  }

  const bind = async (queued: QueuedPod, nodeName: string): Promise<void> => {
    const { info } = queued
    const { name = '', namespace: place = '', uid } = info.pod.metadata
    try {
      await client.createSubresource(pod, { name, namespace: place }, 'binding', {
        apiVersion: apiVersionOf(binding),
        kind: binding.kind,
        metadata: { name, namespace: place, ...(uid ? { uid } : {}) },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
      })
      counts.scheduled++
      recorder.record(info.pod, 'Normal', 'Scheduled', {
        message: `Successfully assigned ${place}/${name} to ${nodeName}`,
        action: 'Binding',
      })
    } catch (error) {
      state.forget(info.uid)
      // Deleted or bound by somebody else meanwhile: the informer tells.
      if (isStatus(error, 'NotFound') || stopping.signal.aborted) return
      counts.errors++
      recorder.record(info.pod, 'Warning', 'FailedScheduling', {
        message: `binding rejected: ${messageOf(error)}`,
        action: 'Scheduling',
      })
      const current = pods.get(`${place}/${name}`)
      if (current?.metadata.uid === info.uid && !current.spec.nodeName) queue.failed(queued)
    }
  }

  const schedule = (queued: QueuedPod): void => {
    const { info } = queued
    const placement = place(info, state, { plugins, startAt, choose: random.integer })
    startAt = (startAt + 1) % Math.max(1, state.nodes.length)
    if ('node' in placement) {
      state.assume(info, placement.node)
      const bound = bind(queued, placement.node).finally(() => bindings.delete(bound))
      bindings.add(bound)
      return
    }
    counts.unschedulable++
    queue.refused(queued, placement.refusedBy)
    const { message } = placement
    recorder.record(info.pod, 'Warning', 'FailedScheduling', { message, action: 'Scheduling' })
    void tellCondition(info.pod, 'Unschedulable', message)
  }

  const run = async (): Promise<void> => {
    await untilStopped(Promise.all([nodes.synced, pods.synced, namespaces.synced]), stopping.signal)
    if (stopping.signal.aborted) return
    watchCluster()
    let sliceStartMs = clock.monotonicMs()
    while (!stopping.signal.aborted) {
      const queued = queue.take()
      if (!queued) {
        await queue.ready()
        sliceStartMs = clock.monotonicMs()
        continue
      }
      try {
        schedule(queued)
      } catch (error) {
        // A pod that no plugin can read must not stop the others.
        counts.errors++
        log.error('a pod cannot be scheduled', { pod: queued.info.pod.metadata.name, error })
        queue.failed(queued)
      }
      while (bindings.size >= BINDINGS_LIMIT) await Promise.race(bindings)
      if (clock.monotonicMs() - sliceStartMs < SLICE_MS) continue
      await sleep(clock, 0, stopping.signal).catch(() => {})
      sliceStartMs = clock.monotonicMs()
    }
  }
  const running = run().catch(error => log.error('the scheduler cannot run', { error }))

  return {
    counts,
    async stop() {
      stopping.abort()
      queue.stop()
      for (const end of ends) end()
      await running
      await Promise.allSettled(bindings)
      recorder.stop()
    },
  }
}

/** Whether a change may turn any of the refusals. */
function helps(change: ClusterChange, refusedBy: ReadonlySet<string>): boolean {
  // With no node at all, only a node helps.
  if (refusedBy.has('nodes')) return change === 'node-added'
  return plugins.some(({ name, wokenBy }) => refusedBy.has(name) && wokenBy.includes(change))
}

function isFinished({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed'
}

/** All of a node that decides what may run on it; heartbeats say nothing new. */
function concernText({ metadata, spec, status }: Node): string {
  const { unschedulable, taints } = spec
  return JSON.stringify([metadata.labels, unschedulable, taints, status.allocatable])
}

function untilStopped(work: Promise<unknown>, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    stop.addEventListener('abort', () => resolve(), { once: true })
    work.then(() => resolve(), reject)
  })
}
