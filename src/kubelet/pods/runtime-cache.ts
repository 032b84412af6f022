/**
 * What the runtime has, kept current: by its events where it sends them, by the kubelet's own
 * actions, and by listing everything now and then, which finds whatever those missed. Tells which
 * pods changed.
 */
import { type Clock, sleep } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { POD_NAME, POD_NAMESPACE, POD_UID } from '../labels.ts'
import type { ContainerRuntime, ContainerStatus, RuntimeEvent, SandboxStatus } from '../runtime.ts'
import type { ObservedPod } from './observed-pod.ts'

/**
 * An end is told to us and to the runtime's own books at the same time: these may still call it
 * running for a moment.
 */
const EVENT_RETRY_MS = [10, 30, 100, 300, 1_000] as const
/** A runtime that is away when the kubelet starts is asked this often: until it answers no pod starts. */
const FIRST_LISTING_RETRY_MS = 1_000

export interface RuntimeCacheOptions {
  readonly runtime: ContainerRuntime
  readonly clock: Clock
  readonly log: Log
  readonly relistMs: number
  /** A pod's containers or sandboxes changed without the kubelet's doing. */
  readonly changed: (uid: string) => void
  /** How long a listing took, and how long ago the one before ended, in milliseconds. */
  readonly listedIn?: (tookMs: number, sinceMs: number | undefined) => void
  /** How long it took to ask for all of one pod, in milliseconds. */
  readonly podAskedIn?: (tookMs: number) => void
  /** A container ended since the first listing. */
  readonly ended?: (status: ContainerStatus) => void
}

interface Entry<T> {
  status: T
  /** The turn in which it was asked for; an answer to an older question says nothing about it. */
  seenAt: number
}

export class RuntimeCache {
  readonly #options: RuntimeCacheOptions
  readonly #sandboxes = new Map<string, Entry<SandboxStatus>>()
  readonly #containers = new Map<string, Entry<ContainerStatus>>()
  /** Ids of a pod's sandboxes and containers, so that one pod's view costs no walk over all. */
  readonly #byPod = new Map<string, readonly string[]>()
  /** The pods as they were looked at since something of them changed: one step of a pod looks a dozen times. */
  readonly #observed = new Map<string, ObservedPod>()
  readonly #stopping = new AbortController()
  /** Pods of which something may exist that is not known here: a call failed, but perhaps worked. */
  readonly #doubted = new Set<string>()
  #turn = 0
  #relisting: Promise<void> | undefined
  #unsubscribe = () => {}
  #loop: Promise<void> | undefined
  /** Monotonic time of the last listing that worked; undefined before the first. */
  lastListedMs: number | undefined
  /** The same as a moment of the wall clock, for whoever asks; 0 before the first. */
  lastListedAt = 0
  lastError = ''
  /** Resolves with the first listing that worked; before that nothing may be started. */
  readonly listed: Promise<void>
  #markListed = () => {}

  constructor(options: RuntimeCacheOptions) {
    this.#options = options
    this.listed = new Promise(resolve => {
      this.#markListed = resolve
    })
  }

  /** Lists once and keeps current from then on. Where the runtime is away, it goes on trying. */
  async start(): Promise<void> {
    this.#unsubscribe =
      this.#options.runtime.events?.subscribe({
        next: event => this.#onEvent(event),
        end: () => {},
      }) ?? (() => {})
    await this.relist()
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#stopping.abort()
    await this.#loop
    await this.#relisting
  }

  uids(): Iterable<string> {
    return this.#byPod.keys()
  }

  observe(uid: string): ObservedPod {
    let observed = this.#observed.get(uid)
    if (observed) return observed
    observed = this.#lookAt(uid)
    if (this.#byPod.has(uid)) this.#observed.set(uid, observed)
    return observed
  }

  #lookAt(uid: string): ObservedPod {
    const sandboxes: SandboxStatus[] = []
    const containers: ContainerStatus[] = []
    for (const id of this.#byPod.get(uid) ?? []) {
      const sandbox = this.#sandboxes.get(id)
      if (sandbox) sandboxes.push(sandbox.status)
      const container = this.#containers.get(id)
      if (container) containers.push(container.status)
    }
    const labels = (sandboxes[0] ?? containers[0])?.labels ?? {}
    return {
      uid,
      name: labels[POD_NAME] ?? '',
      namespace: labels[POD_NAMESPACE] ?? '',
      // Kept for as long as nothing changes, and without the room of those that were pushed to.
      sandboxes: sandboxes.toSorted((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt),
      containers: containers.toSorted((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt),
    }
  }

  container(id: string): ContainerStatus | undefined {
    return this.#containers.get(id)?.status
  }

  containers(): readonly ContainerStatus[] {
    return [...this.#containers.values()].map(entry => entry.status)
  }

  /** Asks for one container anew; gives whether that changed anything. */
  async refreshContainer(id: string): Promise<boolean> {
    const seenAt = this.#turn++
    const status = await this.#options.runtime.containerStatus(id)
    const before = this.#containers.get(id)
    if (!status) {
      this.#forget(id, before?.status.labels[POD_UID])
      return before !== undefined
    }
    if (before && before.seenAt > seenAt) return false
    this.#containers.set(id, { status, seenAt })
    this.#file(id, status.labels[POD_UID])
    const isNew = before?.status.state !== status.state
    // What is found ended by the first listing was counted by the kubelet before this one.
    if (isNew && status.state === 'exited' && this.lastListedMs !== undefined)
      this.#options.ended?.(status)
    return isNew
  }

  async refreshSandbox(id: string): Promise<boolean> {
    const seenAt = this.#turn++
    const status = await this.#options.runtime.podSandboxStatus(id)
    const before = this.#sandboxes.get(id)
    if (!status) {
      this.#forget(id, before?.status.labels[POD_UID])
      return before !== undefined
    }
    if (before && before.seenAt > seenAt) return false
    this.#sandboxes.set(id, { status, seenAt })
    this.#file(id, status.labels[POD_UID] ?? status.uid)
    return before?.status.ready !== status.ready
  }

  /** Asks for everything of one pod that has not ended yet. */
  async refreshPod(uid: string): Promise<void> {
    const { clock, podAskedIn } = this.#options
    const startMs = clock.monotonicMs()
    const { sandboxes, containers } = this.observe(uid)
    await Promise.all([
      ...sandboxes.filter(sandbox => sandbox.ready).map(({ id }) => this.refreshSandbox(id)),
      ...containers
        .filter(({ state }) => state !== 'exited')
        .map(({ id }) => this.refreshContainer(id)),
    ])
    podAskedIn?.(clock.monotonicMs() - startMs)
  }

  /** A call that may have made something failed: `settle` finds out what. */
  doubt(uid: string): void {
    this.#doubted.add(uid)
  }

  /** Lists anew where the pod is doubted, so that nothing is made a second time; rejects where that fails. */
  async settle(uid: string): Promise<void> {
    if (!this.#doubted.has(uid)) return
    await this.#list()
    this.#doubted.delete(uid)
  }

  forgetRemoved(id: string, uid: string): void {
    this.#forget(id, uid)
  }

  /** Sandboxes that others made may lack the label, and are filed by what the runtime says of them. */
  #forget(id: string, labelled: string | undefined): void {
    const uid = labelled ?? this.#sandboxes.get(id)?.status.uid
    this.#containers.delete(id)
    this.#sandboxes.delete(id)
    if (!uid) return
    this.#observed.delete(uid)
    const others = (this.#byPod.get(uid) ?? []).filter(each => each !== id)
    if (others.length > 0) this.#byPod.set(uid, others)
    else this.#byPod.delete(uid)
  }

  #file(id: string, uid: string | undefined): void {
    if (!uid) return
    this.#observed.delete(uid)
    const ids = this.#byPod.get(uid)
    if (!ids) this.#byPod.set(uid, [id])
    else if (!ids.includes(id)) this.#byPod.set(uid, ids.concat(id))
  }

  #onEvent({ sandboxId, containerId, ended }: RuntimeEvent): void {
    const isSandbox = !containerId || this.#sandboxes.has(containerId)
    const id = isSandbox ? containerId || sandboxId : containerId
    // What is not known yet is being made by the kubelet itself, which asks for it, or is found by
    // the next listing.
    // But the end of a short-lived container may come even before that answer, which does not know of it yet.
    if (!ended && !this.#containers.has(id) && !this.#sandboxes.has(id)) return
    this.#follow(id, isSandbox, ended ? [...EVENT_RETRY_MS] : []).catch((error: Error) =>
      this.#options.log.debug('container event not followed', { error }),
    )
  }

  /** Asks until the end that an event told of is seen. */
  async #follow(id: string, isSandbox: boolean, retryMs: number[]): Promise<void> {
    const { clock, changed } = this.#options
    while (!this.#stopping.signal.aborted) {
      const before = this.#uidOf(id)
      const isNew = await (isSandbox ? this.refreshSandbox(id) : this.refreshContainer(id))
      const uid = this.#uidOf(id) ?? before
      if (isNew && uid) changed(uid)
      const delayMs = this.#isRunning(id) ? retryMs.shift() : undefined
      if (delayMs === undefined) return
      await sleep(clock, delayMs, this.#stopping.signal).catch(() => {})
    }
  }

  #isRunning(id: string): boolean {
    const container = this.#containers.get(id)?.status
    if (container) return container.state === 'running' || container.state === 'created'
    return this.#sandboxes.get(id)?.status.ready === true
  }

  #uidOf(id: string): string | undefined {
    const status = this.#containers.get(id)?.status ?? this.#sandboxes.get(id)?.status
    return status?.labels[POD_UID]
  }

  async #run(): Promise<void> {
    const { clock, relistMs } = this.#options
    while (!this.#stopping.signal.aborted) {
      const delayMs = this.lastListedMs === undefined ? FIRST_LISTING_RETRY_MS : relistMs
      await sleep(clock, delayMs, this.#stopping.signal).catch(() => {})
      if (!this.#stopping.signal.aborted) await this.relist()
    }
  }

  /** Lists everything; two callers share one listing. Never rejects. */
  relist(): Promise<void> {
    const { clock, listedIn } = this.#options
    const startMs = clock.monotonicMs()
    this.#relisting ??= this.#list()
      .then(
        () => {
          const endMs = clock.monotonicMs()
          listedIn?.(endMs - startMs, this.lastListedMs && endMs - this.lastListedMs)
          this.lastListedMs = endMs
          this.lastListedAt = clock.now()
          this.lastError = ''
          this.#markListed()
        },
        (error: Error) => {
          this.lastError = error.message
          this.#options.log.warn('the container runtime could not be asked', { error })
        },
      )
      .finally(() => {
        this.#relisting = undefined
      })
    return this.#relisting
  }

  async #list(): Promise<void> {
    const { runtime, changed } = this.#options
    const startedAt = this.#turn++
    const [sandboxes, containers] = await Promise.all([
      runtime.listPodSandboxes(),
      runtime.listContainers(),
    ])
    const touched = new Set<string>()
    const touch = (uid: string | undefined) => uid && touched.add(uid)
    for (const sandbox of sandboxes)
      if (this.#sandboxes.get(sandbox.id)?.status.ready !== sandbox.ready)
        if (await this.refreshSandbox(sandbox.id)) touch(sandbox.labels[POD_UID])
    for (const container of containers)
      if (this.#containers.get(container.id)?.status.state !== container.state)
        if (await this.refreshContainer(container.id)) touch(container.labels[POD_UID])
    const listed = new Set([...sandboxes, ...containers].map(({ id }) => id))
    for (const [id, entry] of [...this.#sandboxes, ...this.#containers])
      if (!listed.has(id) && entry.seenAt < startedAt) {
        touch(entry.status.labels[POD_UID])
        this.#forget(id, entry.status.labels[POD_UID])
      }
    for (const uid of touched) changed(uid)
  }
}
