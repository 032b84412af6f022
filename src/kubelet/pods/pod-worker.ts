/**
 * The life of one pod on this node: running, then terminating, then terminated. One step at a time;
 * whatever happens meanwhile makes it look again. Every step reads the newest pod and what the
 * runtime shows, so it does not matter what was missed, and a kubelet that restarts goes on where
 * it finds things.
 *
 * Invariants: nothing of a pod starts once it began to terminate; the API learns a pod's last
 * status before its object is removed; volumes are taken down only when no container runs.
 */
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { SmallMap } from '#base/small-map.ts'
import type { Attributes } from '#base/tracing/span.ts'
import { type PodRequests, podRequests } from '../containers/resources.ts'
import { timed } from '../figures/count.ts'
import { isFinished, type Pod, uidOf } from '../pod-types.ts'
import { withAllocation } from '../resize/allocation.ts'
import type { RetryTrigger } from '../resize/figures.ts'
import { type ResizeState, resizeBetween } from '../resize/resize-state.ts'
import type { SandboxConfig } from '../runtime.ts'
import type { WaitingReason } from '../status/container-status.ts'
import type { PodFailure } from '../status/pod-status.ts'
import { hasRunning } from './observed-pod.ts'
import type { PodParts } from './pod-parts.ts'
import { podSpan } from './pod-span.ts'
import { startPod } from './pod-start.ts'
import { cleanUp, reportStatus, stopPod } from './pod-stop.ts'
import { wasRestartingAll } from './restart-all.ts'

/** Wait after a step that failed: doubled up to the limit, as upstream's workers do. */
const RETRY_MS = 1_000
const RETRY_LIMIT_MS = 30_000
/** A kubelet that is stopped ends within seconds, whatever grace its pods have. */
const HALT_PATIENCE_MS = 2_000

/** What a pod gets that was deleted by force: its name may be taken again already, and nobody sees any more that it still runs. */
const FORCED_GRACE_SECONDS = 2
/** As upstream's: no pod has less, so that its hooks at least begin. */
const LEAST_GRACE_SECONDS = 1

export type WorkerMode = 'running' | 'terminating' | 'terminated' | 'gone'

export class PodWorker {
  readonly uid: string
  /** With the resources that are set aside for it: what runs here is made from this. */
  pod: Pod
  /** As the API has it, which may ask for other resources than it was given. */
  asked: Pod
  /** Since its resources were changed for the first time. */
  resize: ResizeState | undefined
  mode: WorkerMode = 'running'
  /** The API has no such pod any more. */
  removed = false
  failure: PodFailure | undefined
  /** Why containers do not run, by name. */
  readonly waiting = new SmallMap<WaitingReason>()
  /** How often in a row containers could not be made, by name. */
  readonly startFailures = new SmallMap<number>()
  /** All containers are ended and removed, to start anew; then, for one report, they are removed. */
  restartOfAll: 'running' | 'done' | undefined
  /** When containers ended for which all others start anew, by name; few pods have any. */
  #ends: Map<string, number> | undefined
  /** The read termination messages, by container id: files may be gone later. */
  readonly messages = new SmallMap<string>()
  /** What the runtime was told of the sandbox that is new in this step: each container comes with it again. */
  newSandbox: { readonly pod: Pod; readonly config: SandboxConfig } | undefined
  /** The sandbox whose addresses were told to whoever guards its traffic. */
  addressedSandbox: string | undefined
  readonly parts: PodParts
  #admitted = false
  #hasBegun = false
  #isUpdated = false
  #requests: PodRequests | undefined
  /** What the node's sums have of this pod. */
  #counted: PodRequests | undefined
  #running: Promise<void> | undefined
  #again = false
  #retryMs = RETRY_MS
  #cancelWake = () => {}
  #wakeAt = Number.POSITIVE_INFINITY
  #deleteSent = false
  #failureGrace: number | undefined
  #hasCgroup = true
  #stopping: { graceSeconds: number; done: Promise<void>; reports: number } | undefined
  /** Of what changes while containers are given their time to end. */
  #lastReport: Promise<void> = Promise.resolve()
  #halted = false
  /** Aborted when nothing of the pod may be started any more. */
  readonly #ending = new AbortController()

  constructor(pod: Pod, parts: PodParts) {
    this.uid = uidOf(pod)
    this.pod = pod
    this.asked = pod
    this.parts = parts
    if (wasRestartingAll(pod)) this.restartOfAll = 'running'
    parts.times.seen(pod)
  }

  /** The pod passed admission here, or ran before this kubelet started. */
  get admitted(): boolean {
    return this.#admitted
  }

  admit(): void {
    this.#admitted = true
    this.#count()
    this.parts.storageEviction.watch(this)
  }

  /** What the pod takes where it counts. */
  get requests(): PodRequests {
    this.#requests ??= podRequests(this.pod)
    return this.#requests
  }

  /**
   * It was admitted and is not over: others have what is left. Of one that was deleted by force the
   * scheduler knows nothing any more: who takes its place must not be turned away for its last seconds.
   */
  get counts(): boolean {
    const isHere = !this.removed && (this.mode === 'running' || this.mode === 'terminating')
    return this.#admitted && isHere && !isFinished(this.pod.status?.phase)
  }

  #count(): void {
    const counted = this.counts ? this.requests : undefined
    if (counted === this.#counted) return
    this.parts.taken.exchange(this.#counted, counted)
    const isLess = !counted || (this.#counted && takesLess(counted, this.#counted))
    this.#counted = counted
    if (isLess) this.parts.deferred.retry(this.#leaving(counted))
  }

  #leaving(counted: PodRequests | undefined): RetryTrigger {
    if (counted) return 'pod_resized'
    return this.removed ? 'pods_removed' : 'pod_terminated'
  }

  /** The pod as it is now, of which nothing is wanted that was not wanted before. */
  see(pod: Pod): void {
    this.asked = pod
    this.pod = this.resize ? withAllocation(pod, this.resize.allocation) : pod
    this.#count()
  }

  /** What is set aside for the pod is something else now. */
  reallocate(resize: ResizeState): void {
    this.resize = resize
    this.#requests = undefined
    this.see(this.asked)
  }

  update(pod: Pod): void {
    if (pod.spec !== this.asked.spec) {
      this.#requests = undefined
      this.parts.resizeFigures.requested(this.asked, pod)
      this.parts.deferred.updated(this)
      if (this.#admitted) this.resize ??= resizeBetween(this.asked, pod)
    }
    this.#isUpdated = true
    this.see(pod)
    if (pod.metadata.deletionTimestamp) this.#ending.abort()
    this.wake()
  }

  /** Aborts what waits in a start (a pull, a hook) when the pod ends or the kubelet stops. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  /** The API forgot the pod, or never knew it; `last` is how it looked at its end. */
  remove(last: Pod = this.asked): void {
    this.removed = true
    this.see(last)
    this.#ending.abort()
    this.wake()
  }

  /** Look again, now or right after the present step. */
  wake(): void {
    if (this.#halted || this.mode === 'gone') return
    this.#again = true
    // A stop that waits for its grace must not keep a shorter grace waiting.
    if (this.#stopping) this.#shortenStop()
    if (this.#stopping) this.#reportStopping(this.#stopping)
    this.#running ??= this.#loop()
  }

  wakeAfter(delayMs: number): void {
    const { clock } = this.parts.context
    const at = clock.monotonicMs() + delayMs
    if (this.#halted) return
    if (at >= this.#wakeAt) return
    this.#cancelWake()
    this.#wakeAt = at
    this.#cancelWake = clock.after(Math.max(0, delayMs), () => {
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.wake()
    })
  }

  /**
   * Ends the worker, not the pod: containers run on when the kubelet stops. A step that waits for a
   * container's end is left behind.
   */
  async halt(): Promise<void> {
    this.#halted = true
    this.#ending.abort()
    this.#cancelWake()
    const waited = new AbortController()
    const patience = sleep(this.parts.context.clock, HALT_PATIENCE_MS, waited.signal).catch(
      () => {},
    )
    await Promise.race([this.#running, patience])
    waited.abort()
  }

  /** The kubelet itself gives the pod up; without seconds its containers have as long to end as they ask for. */
  fail(failure: PodFailure, graceSeconds?: number): void {
    this.failure ??= failure
    this.#failureGrace ??= graceSeconds
    if (this.mode === 'running') this.mode = 'terminating'
    this.#ending.abort()
  }

  /** Its containers have ended, and its volumes and its control group are gone. */
  get hasLeft(): boolean {
    return !this.#hasCgroup
  }

  /** The container ended, and its run is about to be forgotten; by the wall clock. */
  endedAt(container: string, at: number): void {
    this.#ends ??= new Map()
    this.#ends.set(container, at)
  }

  forgottenEndOf(container: string): number | undefined {
    return this.#ends?.get(container)
  }

  get latest(): Pod {
    return this.parts.statusWriter.intended(this.asked)
  }

  async #loop(): Promise<void> {
    while (this.#again && !this.#halted) {
      this.#again = false
      try {
        await this.#timedStep()
        this.newSandbox = undefined
        this.#retryMs = RETRY_MS
      } catch (error) {
        if (this.#halted) return
        const { log } = this.parts.context
        const { name, namespace } = this.pod.metadata
        log.debug('pod step failed', { pod: name, namespace, error: messageOf(error) })
        this.wakeAfter(this.#retryMs)
        this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LIMIT_MS)
      }
    }
    // In the same breath as the last look at `#again`: who wakes later must not take this for running.
    this.#running = undefined
  }

  /** Why it looks, in upstream's words. */
  async #timedStep(): Promise<void> {
    const { context, times } = this.parts
    const isFirst = !this.#hasBegun
    if (isFirst) times.begun(this.uid)
    this.#hasBegun = true
    const name = 'kubelet_pod_worker_duration_seconds'
    const why = isFirst ? 'create' : this.#purpose()
    this.#isUpdated = false
    await timed(context, [name, why], () => this.#step(why))
  }

  #purpose(): string {
    if (this.mode === 'terminated') return 'terminated'
    const isEnding = this.mode !== 'running' || this.removed || this.pod.metadata.deletionTimestamp
    if (isEnding) return 'kill'
    return this.#isUpdated ? 'update' : 'sync'
  }

  async #step(why: string): Promise<void> {
    this.#decideMode()
    const { spans } = this.parts.context.options
    const spanned = (name: string, work: () => Promise<void>, more?: Attributes) =>
      spans ? spans.run(name, work, podSpan(this.pod, more)) : work()
    const update = { 'k8s.pod.update_type': why }
    if (this.mode === 'running') await spanned('syncPod', () => startPod(this), update)
    if (this.mode === 'terminating') await spanned('syncTerminatingPod', () => this.#terminate())
    if (this.mode === 'terminated') await spanned('syncTerminatedPod', () => this.#finish())
  }

  #decideMode(): void {
    if (this.mode !== 'running') return
    const { pod } = this
    if (this.removed || pod.metadata.deletionTimestamp || isFinished(pod.status?.phase))
      this.mode = 'terminating'
  }

  async #terminate(): Promise<void> {
    const graceSeconds = this.#grace()
    if (!this.#stopping) {
      const done = stopPod(this, graceSeconds).finally(() => {
        this.#stopping = undefined
      })
      this.#stopping = { graceSeconds: graceSeconds ?? Number.POSITIVE_INFINITY, done, reports: 0 }
      await done
    }
    // An older status must not come behind the last one.
    await this.#lastReport
    if (hasRunning(this.parts.cache.observe(this.uid))) throw new Error('containers still run')
    this.mode = 'terminated'
    this.#count()
  }

  /** Seconds, as the delete says; undefined leaves it to each container. */
  #grace(): number | undefined {
    const { deletionTimestamp, deletionGracePeriodSeconds } = this.pod.metadata
    const seconds = [
      deletionTimestamp ? deletionGracePeriodSeconds : undefined,
      this.#failureGrace,
      this.removed ? FORCED_GRACE_SECONDS : undefined,
    ].filter(each => each !== undefined)
    const own = this.pod.spec?.terminationGracePeriodSeconds
    const asked = seconds.length > 0 ? Math.min(...seconds) : own
    return asked === undefined ? undefined : Math.max(Number(asked), LEAST_GRACE_SECONDS)
  }

  #shortenStop(): void {
    const graceSeconds = this.#grace()
    if (!this.#stopping || graceSeconds === undefined) return
    if (graceSeconds >= this.#stopping.graceSeconds) return
    this.#stopping.graceSeconds = graceSeconds
    const { cache, containers } = this.parts
    for (const container of cache.observe(this.uid).containers)
      if (container.state === 'running')
        containers.hurry(container.id, graceSeconds).catch(() => {})
  }

  /** A pod that ends may take minutes for it, and is no longer ready as soon as its probe says so. */
  #reportStopping(stopping: { reports: number }): void {
    if (stopping.reports++ > 0) return
    const report = async (): Promise<void> => {
      const { reports } = stopping
      await reportStatus(this, false)
      if (stopping.reports > reports) return report()
      stopping.reports = 0
    }
    // The next step tells it all again.
    this.#lastReport = report().catch(() => {
      stopping.reports = 0
    })
  }

  /** What it had of the machine for itself. */
  async #giveBack(): Promise<void> {
    const { context, setKeeper } = this.parts
    if (await context.options.division?.release(this.uid)) await setKeeper.apply()
  }

  async #finish(): Promise<void> {
    // Before the API learns that the pod is over: its claims may then be given to others.
    await this.parts.devices.release(this.uid)
    await reportStatus(this, true)
    await this.parts.volumes.unmount(this.uid)
    await this.parts.userNamespaces.release(this.uid, this.pod)
    if (this.#hasCgroup) await this.parts.cgroups.remove(this.pod)
    if (this.#hasCgroup) await this.#giveBack()
    this.#hasCgroup = false
    if (this.removed) {
      await cleanUp(this)
      this.mode = 'gone'
      this.parts.times.forget(this.uid)
      this.parts.deferred.delete(this)
      this.#cancelWake()
      this.parts.gone(this)
      return
    }
    if (!this.pod.metadata.deletionTimestamp || this.#deleteSent) return
    this.#deleteSent = true
    try {
      await this.parts.client.removePod(this.pod)
    } catch (error) {
      this.#deleteSent = false
      throw error
    }
  }
}

const takesLess = (after: PodRequests, before: PodRequests): boolean =>
  after.cpu < before.cpu || after.memory < before.memory
