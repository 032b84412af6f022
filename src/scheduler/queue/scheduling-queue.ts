/**
 * Pods that wait for a node: ready to be tried (active), waiting out a failure (back-off), or refused until something changes
 * that could help (unschedulable). Which of two goes first, a plugin says; by default the more important, then the one that
 * waits longer.
 */
import type { Clock } from '#base/clock.ts'
import type { ClusterEvent } from '../framework/cluster-event.ts'
import type { Verdict } from '../framework/plugin.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { backOffHeap } from './backing-off.ts'
import { Heap } from './heap.ts'
import { InFlight } from './in-flight.ts'
import { podChange } from './pod-change.ts'
import { type QueuedPod, queuedPodOf, uidOf } from './queued-pod.ts'
import { type InterestsOf, UnschedulablePods } from './unschedulable-pods.ts'

export type QueueName = 'active' | 'backoff' | 'unschedulable' | 'gated'

export interface SchedulingQueueOptions {
  readonly clock: Clock
  readonly compare: (a: QueuedPod, b: QueuedPod) => number
  /** A refusal keeps the pod out until an event helps. */
  readonly preEnqueue: (pod: PodInfo) => Verdict
  readonly interestsOf: InterestsOf
  /** Wait after the first failure, doubled by each further one up to the limit. */
  readonly initialBackoffMs?: number
  readonly maxBackoffMs?: number
  /** A refused pod is tried again after so long even if nothing seems to help, should a change have been missed. */
  readonly maxUnschedulableMs?: number
  /** Told of every pod that comes into a queue, and of the event that brought it there. */
  readonly onMove?: (queue: QueueName, event: string) => void
}

/** A pod that goes before all others, and how it goes back to where it waited before. */
interface Ahead {
  readonly pod: QueuedPod
  /** Whether it waited for an event that may help. */
  isRefused: boolean
  goBack: () => void
}

const INITIAL_BACKOFF_MS = 1_000
const MAX_BACKOFF_MS = 10_000
const MAX_UNSCHEDULABLE_MS = 300_000

export class SchedulingQueue {
  readonly #options: Required<SchedulingQueueOptions>
  readonly #active: Heap<QueuedPod>
  /** Refused pods that an event may have helped: while nothing else is to do, they need not wait any longer. */
  readonly #backingOff = backOffHeap()
  /** Pods whose attempt failed: they wait in any case. */
  readonly #failed = backOffHeap()
  /** Pods that somebody wants tried before all others, in this order. */
  readonly #ahead = new Map<string, Ahead>()
  readonly #unschedulable: UnschedulablePods
  readonly #inFlight = new InFlight()
  #cancelBackoff: (() => void) | undefined
  #backoffTimerMs = Number.POSITIVE_INFINITY
  #cancelFlush: (() => void) | undefined
  #wake: (() => void) | undefined
  #stopped = false

  constructor(options: SchedulingQueueOptions) {
    this.#options = {
      initialBackoffMs: INITIAL_BACKOFF_MS,
      maxBackoffMs: MAX_BACKOFF_MS,
      maxUnschedulableMs: MAX_UNSCHEDULABLE_MS,
      onMove: () => {},
      ...options,
    }
    this.#active = new Heap(uidOf, options.compare)
    this.#unschedulable = new UnschedulablePods(options.interestsOf)
  }

  get lengths(): Readonly<Record<QueueName, number>> {
    const backoff = this.#backingOff.size + this.#failed.size
    return { active: this.#active.size + this.#ahead.size, backoff, ...this.#unschedulable.sizes }
  }

  /** How many pods wait for each plugin that refused them, by profile. */
  unschedulableBy(): Iterable<readonly [plugin: string, profile: string, count: number]> {
    return this.#unschedulable.byPlugin()
  }

  /** A pod to be placed, or a changed version of one that waits already. */
  set(info: PodInfo): void {
    const { uid } = info
    const unschedulable = this.#unschedulable.get(uid)
    if (unschedulable) this.#changed(unschedulable, info)
    // Whoever tries it now looks for its newest version in the end.
    else if (this.#inFlight.has(uid)) return
    else {
      const waiting = this.#ready(uid) ?? this.#backedOff(uid)
      if (waiting) waiting.info = info
      else this.#enter(queuedPodOf(info, this.#options.clock.monotonicMs()), 'PodAdd')
    }
  }

  remove(uid: string): void {
    this.#ahead.delete(uid)
    this.#active.delete(uid)
    this.#backingOff.delete(uid)
    this.#failed.delete(uid)
    this.#unschedulable.delete(uid)
    this.#schedule()
    if (!this.#unschedulable.isEmpty) return
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
  }

  has(uid: string): boolean {
    return (
      this.#ready(uid) !== undefined ||
      this.#backedOff(uid) !== undefined ||
      this.#unschedulable.get(uid) !== undefined
    )
  }

  /** The next pod, if one is ready. It is in flight until `refused`, `failed` or `done`. */
  take(): QueuedPod | undefined {
    const pod = this.#takeAhead() ?? this.#active.pop() ?? this.#backingOff.pop()?.pod
    if (!pod) return undefined
    this.#schedule()
    pod.attempts++
    pod.triedMs = this.#options.clock.monotonicMs()
    pod.firstTriedMs ??= pod.triedMs
    this.#inFlight.start(pod.info.uid)
    return pod
  }

  /** Resolves when a pod is ready, or the queue is stopped. */
  ready(): Promise<void> {
    const waiting = this.#ahead.size + this.#active.size + this.#backingOff.size
    if (this.#stopped || waiting > 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }

  /** The pod is out of the queue's hands. */
  done(uid: string): void {
    this.#inFlight.end(uid)
  }

  /** The pod was refused by `refusedBy` and waits for an event that may help; or for none, if that came meanwhile. */
  refused(pod: QueuedPod): void {
    const events = this.#inFlight.end(pod.info.uid)
    pod.errorsInARow = 0
    pod.refusals++
    pod.sinceMs = this.#options.clock.monotonicMs()
    const helpful = events?.find(
      event => event.concerns?.(pod) !== false && this.#unschedulable.isHelped(pod, event),
    )
    if (events && !helpful) {
      this.#wait(pod, 'ScheduleAttemptFailure')
      return
    }
    const awaited = helpful && this.#unschedulable.isAwaited(pod, helpful)
    this.#retry(pod, helpful?.label ?? 'ScheduleAttemptFailure', awaited)
  }

  /** The attempt came to no verdict; the pod is tried again after its back-off. */
  failed(pod: QueuedPod): void {
    this.#inFlight.end(pod.info.uid)
    if (this.#stopped) return
    pod.errorsInARow++
    pod.refusedBy = pod.pendingFor = new Set()
    pod.sinceMs = this.#options.clock.monotonicMs()
    const untilMs = pod.sinceMs + this.#backoffMs(pod)
    this.#failed.push({ pod, untilMs })
    this.#options.onMove('backoff', 'ScheduleAttemptFailure')
    this.#schedule()
  }

  /** Something changed: whoever it may help is tried again, after its back-off or when nobody else is ready. */
  happened(event: ClusterEvent): void {
    this.#inFlight.note(event)
    for (const pod of this.#unschedulable.helpedBy(event)) {
      if (event.concerns?.(pod) === false) continue
      this.#unschedulable.delete(pod.info.uid)
      this.#retry(pod, event.label, this.#unschedulable.isAwaited(pod, event))
    }
    for (const ahead of this.#ahead.values()) this.#noteAhead(ahead, event)
  }

  /** A pod that goes ahead now and comes back untried must not wait for what has already been. */
  #noteAhead(ahead: Ahead, event: ClusterEvent): void {
    const { pod, isRefused } = ahead
    if (!isRefused || event.concerns?.(pod) === false) return
    if (!this.#unschedulable.isHelped(pod, event)) return
    const isAwaited = this.#unschedulable.isAwaited(pod, event)
    ahead.isRefused = false
    ahead.goBack = () => this.#retry(pod, event.label, isAwaited)
  }

  /** Tries these pods again without delay, wherever they wait. */
  activate(uids: Iterable<string>): void {
    for (const uid of uids) {
      const pod = this.#unschedulable.get(uid) ?? this.#backedOff(uid)
      if (!pod) continue
      this.remove(uid)
      this.#enter(pod, 'ForceActivate')
    }
  }

  /** Tries these pods before all others, in their order, wherever they wait. Gated ones and those being tried stay. */
  advance(uids: Iterable<string>): void {
    for (const uid of uids) {
      const pod = this.#unschedulable.get(uid) ?? this.#backedOff(uid) ?? this.#ready(uid)
      if (!pod) continue
      const ahead = this.#ahead.get(uid) ?? this.#aheadOf(pod)
      this.remove(uid)
      if (this.#stopped || this.#isGated(pod, 'ForceActivate')) continue
      this.#ahead.set(uid, ahead)
      this.#options.onMove('active', 'ForceActivate')
    }
    this.#wakeUp()
  }

  /** Of these pods, those that go before all others and were not tried yet wait where they did before. */
  retreat(uids: Iterable<string>): void {
    for (const uid of uids) {
      const ahead = this.#ahead.get(uid)
      if (this.#ahead.delete(uid) && !this.#stopped) ahead?.goBack()
    }
    this.#schedule()
  }

  #aheadOf(pod: QueuedPod): Ahead {
    const { uid } = pod.info
    if (this.#unschedulable.get(uid)) return { pod, isRefused: true, goBack: () => this.#keep(pod) }
    const heap = [this.#backingOff, this.#failed].find(each => each.get(uid))
    const waiting = heap?.get(uid)
    const goBack = () => (waiting ? heap?.push(waiting) : this.#active.push(pod))
    return { pod, isRefused: false, goBack }
  }

  /** Whether such an event came while the pod is being tried. */
  hasSeen(uid: string, isSuch: (event: ClusterEvent) => boolean): boolean {
    return this.#inFlight.hasSeen(uid, isSuch)
  }

  stop(): void {
    this.#stopped = true
    this.#cancelBackoff?.()
    this.#cancelFlush?.()
    this.#wake?.()
  }

  #ready(uid: string): QueuedPod | undefined {
    return this.#ahead.get(uid)?.pod ?? this.#active.get(uid)
  }

  #backedOff(uid: string): QueuedPod | undefined {
    return (this.#backingOff.get(uid) ?? this.#failed.get(uid))?.pod
  }

  #takeAhead(): QueuedPod | undefined {
    if (this.#ahead.size === 0) return undefined
    const [[uid, ahead] = []] = this.#ahead
    if (uid !== undefined) this.#ahead.delete(uid)
    return ahead?.pod
  }

  /** A newer version of a refused pod: what its owner changed may be just what was missing. */
  #changed(pod: QueuedPod, info: PodInfo): void {
    const previous = pod.info
    pod.info = info
    const action = podChange(previous.pod, info.pod)
    if (action === 0) return
    const event: ClusterEvent = {
      resource: 'UnscheduledPod',
      action,
      label: 'UnscheduledPodUpdate',
      previous: previous.pod,
      next: info.pod,
    }
    if (!this.#unschedulable.isHelped(pod, event)) return
    this.#unschedulable.delete(info.uid)
    this.#retry(pod, event.label, this.#unschedulable.isAwaited(pod, event))
  }

  #retry(pod: QueuedPod, event: string, atOnce = false): void {
    const untilMs = pod.sinceMs + this.#backoffMs(pod)
    if (atOnce || untilMs <= this.#options.clock.monotonicMs()) {
      this.#enter(pod, event)
      return
    }
    if (this.#stopped || this.#isGated(pod, event)) return
    this.#backingOff.push({ pod, untilMs })
    this.#options.onMove('backoff', event)
    this.#schedule()
    this.#wakeUp()
  }

  #enter(pod: QueuedPod, event: string): void {
    if (this.#stopped || this.#isGated(pod, event)) return
    this.#active.push(pod)
    this.#options.onMove('active', event)
    this.#wakeUp()
  }

  #isGated(pod: QueuedPod, event: string): boolean {
    const verdict = this.#options.preEnqueue(pod.info)
    pod.gatedBy = verdict?.plugin ?? ''
    if (!verdict) return false
    pod.refusedBy = new Set()
    this.#unschedulable.add(pod)
    this.#options.onMove('gated', event)
    return true
  }

  #wait(pod: QueuedPod, event: string): void {
    if (this.#stopped) return
    this.#keep(pod)
    this.#options.onMove('unschedulable', event)
  }

  #keep(pod: QueuedPod): void {
    this.#unschedulable.add(pod)
    this.#cancelFlush ??= this.#flushAfter(this.#options.maxUnschedulableMs)
  }

  #flushAfter(delayMs: number): () => void {
    return this.#options.clock.after(delayMs, () => {
      this.#cancelFlush = undefined
      this.#flush()
    })
  }

  /** Gives every pod that was refused too long ago another chance. */
  #flush(): void {
    const { clock, maxUnschedulableMs } = this.#options
    const nowMs = clock.monotonicMs()
    let nextMs = Number.POSITIVE_INFINITY
    for (const pod of [...this.#unschedulable.values()]) {
      if (pod.gatedBy) continue
      const dueMs = pod.sinceMs + maxUnschedulableMs
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs)
        continue
      }
      this.#unschedulable.delete(pod.info.uid)
      this.#retry(pod, 'UnschedulableTimeout')
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#cancelFlush = this.#flushAfter(nextMs - nowMs)
  }

  #backoffMs({ refusals, errorsInARow }: QueuedPod): number {
    const count = errorsInARow > 0 ? errorsInARow : refusals
    if (count === 0) return 0
    const { initialBackoffMs, maxBackoffMs } = this.#options
    return Math.min(initialBackoffMs * 2 ** Math.min(count - 1, 30), maxBackoffMs)
  }

  /** Keeps one timer, for whoever's back-off ends first. */
  #schedule(): void {
    const { clock } = this.#options
    const heaps = [this.#backingOff, this.#failed]
    const nextMs = Math.min(...heaps.map(heap => heap.peek()?.untilMs ?? Number.POSITIVE_INFINITY))
    if (nextMs === this.#backoffTimerMs) return
    this.#cancelBackoff?.()
    this.#cancelBackoff = undefined
    this.#backoffTimerMs = nextMs
    if (this.#stopped || nextMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(0, nextMs - clock.monotonicMs())
    this.#cancelBackoff = clock.after(delayMs, () => {
      this.#backoffTimerMs = Number.POSITIVE_INFINITY
      for (const heap of heaps)
        for (
          let next = heap.peek();
          next && next.untilMs <= clock.monotonicMs();
          next = heap.peek()
        ) {
          heap.pop()
          this.#enter(next.pod, 'BackoffComplete')
        }
      this.#schedule()
    })
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
