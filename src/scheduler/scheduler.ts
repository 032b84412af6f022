/**
 * Puts pods on nodes. One pod at a time is placed, on a view of the cluster that already counts the ones placed before it; the
 * bindings are written side by side behind it.
 */
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { sleep } from '#base/clock.ts'
import { createEventRecorder, type EventRecorder } from '#client/events.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { followCluster } from './cluster-events.ts'
import { createOutcomeWriter, type OutcomeWriter } from './outcome.ts'
import { place } from './placement.ts'
import type { ClusterChange } from './plugin.ts'
import { plugins } from './plugins.ts'
import { podInfoOf } from './pod-info.ts'
import { createSchedulingQueue, type QueuedPod, type SchedulingQueue } from './queue.ts'
import { type ClusterState, createClusterState } from './snapshot.ts'

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
  const scheduler = new Scheduler(context, schedulerName)
  scheduler.start()
  return scheduler
}

class Scheduler implements RunningScheduler {
  readonly counts = { scheduled: 0, unschedulable: 0, errors: 0 }
  readonly #context: RoleContext
  readonly #schedulerName: string
  readonly #state: ClusterState
  readonly #queue: SchedulingQueue
  readonly #recorder: EventRecorder
  readonly #outcome: OutcomeWriter
  readonly #stopping = new AbortController()
  readonly #bindings = new Set<Promise<void>>()
  #startAt = 0
  #running: Promise<void> = Promise.resolve()

  constructor(context: RoleContext, schedulerName: string) {
    const { client, clock, informers, log, random } = context
    const namespaces = informers.for(namespace)
    this.#context = { ...context, log: log.with({ role: 'scheduler' }) }
    this.#schedulerName = schedulerName
    this.#state = createClusterState(name => namespaces.get(name)?.metadata.labels ?? {})
    this.#queue = createSchedulingQueue({ clock, helps })
    this.#recorder = createEventRecorder(client, { clock, random, log, component: schedulerName })
    this.#outcome = createOutcomeWriter(this.#context, this.#recorder)
  }

  start(): void {
    this.#running = this.#run().catch(error =>
      this.#context.log.error('the scheduler cannot run', { error }),
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#queue.stop()
    await this.#running
    await Promise.allSettled(this.#bindings)
    this.#recorder.stop()
  }

  async #run(): Promise<void> {
    const { informers } = this.#context
    const { signal } = this.#stopping
    const nodes = informers.for(node)
    const pods = informers.for(pod)
    const filled = [nodes.synced, pods.synced, informers.for(namespace).synced]
    await Promise.race([Promise.all(filled), aborted(signal)])
    if (signal.aborted) return
    const ends = followCluster({
      nodes,
      pods,
      state: this.#state,
      queue: this.#queue,
      schedulerName: this.#schedulerName,
      gated: this.#outcome.gated,
    })
    await this.#placeAll(signal)
    for (const end of ends) end()
  }

  async #placeAll(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context
    let sliceStartMs = clock.monotonicMs()
    while (!signal.aborted) {
      const queued = this.#queue.take()
      if (!queued) {
        await this.#queue.ready()
        sliceStartMs = clock.monotonicMs()
        continue
      }
      this.#placeOne(queued)
      while (this.#bindings.size >= BINDINGS_LIMIT) await Promise.race(this.#bindings)
      if (clock.monotonicMs() - sliceStartMs < SLICE_MS) continue
      await sleep(clock, 0, signal).catch(() => {})
      sliceStartMs = clock.monotonicMs()
    }
  }

  #placeOne(queued: QueuedPod): void {
    const { info } = queued
    const { log, random } = this.#context
    try {
      const options = { plugins, startAt: this.#startAt, choose: random.integer }
      const placement = place(info, this.#state, options)
      this.#startAt = (this.#startAt + 1) % Math.max(1, this.#state.nodes.length)
      if ('node' in placement) {
        this.#state.assume(info, placement.node)
        const bound = this.#bind(queued, placement.node).finally(() => this.#bindings.delete(bound))
        this.#bindings.add(bound)
        return
      }
      this.counts.unschedulable++
      this.#queue.refused(queued, placement.refusedBy)
      this.#outcome.refuse(info.pod, placement.message)
    } catch (error) {
      // A pod that no plugin can read must not stop the others.
      this.counts.errors++
      log.error('a pod cannot be scheduled', { pod: info.pod.metadata.name, error })
      this.#queue.failed(queued)
    }
  }

  async #bind(queued: QueuedPod, nodeName: string): Promise<void> {
    const { info } = queued
    const bound = await this.#outcome.bind(info.pod, nodeName)
    if (bound) {
      this.counts.scheduled++
      return
    }
    this.#state.forget(info.uid)
    if (bound === undefined || this.#stopping.signal.aborted) return
    this.counts.errors++
    // It may have been bound, replaced or changed by somebody else meanwhile.
    const current = this.#context.informers.for(pod).get(keyOf(info.pod))
    if (current?.metadata.uid !== info.uid || current.spec.nodeName) return
    queued.info = podInfoOf(current)
    this.#queue.failed(queued)
  }
}

/** Whether a change may turn any of the refusals. */
function helps(change: ClusterChange, refusedBy: ReadonlySet<string>): boolean {
  // With no node at all, only a node helps.
  if (refusedBy.has('nodes')) return change === 'node-added'
  return plugins.some(({ name, wokenBy }) => refusedBy.has(name) && wokenBy.includes(change))
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
