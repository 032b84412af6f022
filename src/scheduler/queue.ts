/**
 * Pods that wait for a node: ready to be tried (active), waiting out a failure (back-off), or refused until something changes
 * that could help (unschedulable). The most important goes first, among equals the one that waits longest.
 */
import type { Clock } from '#base/clock.ts'
import type { ClusterChange } from './plugin.ts'
import type { PodInfo } from './pod-info.ts'

/** Wait after the first failure, doubled by each further one up to the limit: upstream's podInitialBackoffSeconds and podMaxBackoffSeconds. */
const BACK_OFF_START_MS = 1_000
const BACK_OFF_LIMIT_MS = 10_000
/** A refused pod is tried again after so long even if nothing seems to help, should a change have been missed. */
const UNSCHEDULABLE_LIMIT_MS = 300_000

export interface QueuedPod {
  info: PodInfo
  readonly sinceMs: number
  attempts: number
}

export interface SchedulingQueue {
  /** A pod to be placed, or a changed version of one that waits already. */
  set(info: PodInfo): void
  remove(uid: string): void
  /** The next pod, if one is ready. */
  take(): QueuedPod | undefined
  /** Resolves when a pod is ready, or the queue is stopped. */
  ready(): Promise<void>
  /** The pod was refused by these plugins and waits for a change that may help. */
  refused(pod: QueuedPod, refusedBy: ReadonlySet<string>): void
  /** The pod could not be bound; it is tried again after its back-off. */
  failed(pod: QueuedPod): void
  /** Something changed: whoever it may help is tried again, after its back-off or when nobody else is ready. */
  changed(change: ClusterChange): void
  readonly lengths: { active: number; backingOff: number; unschedulable: number }
  stop(): void
}

export interface SchedulingQueueOptions {
  readonly clock: Clock
  /** Whether a change may help a pod that these plugins refused. */
  readonly helps: (change: ClusterChange, refusedBy: ReadonlySet<string>) => boolean
}

interface Refused {
  readonly pod: QueuedPod
  readonly refusedBy: ReadonlySet<string>
  readonly atMs: number
  readonly cancel: () => void
}

export function createSchedulingQueue({ clock, helps }: SchedulingQueueOptions): SchedulingQueue {
  const active = createHeap()
  const backingOff = new Map<string, { pod: QueuedPod; cancel: () => void }>()
  /** Of those, the ones that a change may have helped: while nothing else is to do, they need not wait any longer. */
  const hopeful = createHeap()
  const unschedulable = new Map<string, Refused>()
  let wake: (() => void) | undefined
  let stopped = false

  const wakeUp = () => {
    wake?.()
    wake = undefined
  }
  const activate = (pod: QueuedPod) => {
    if (stopped) return
    hopeful.delete(pod.info.uid)
    active.push(pod)
    wakeUp()
  }
  const backOff = (pod: QueuedPod, waitMs: number) => {
    const { uid } = pod.info
    if (waitMs <= 0) return activate(pod)
    const cancel = clock.after(waitMs, () => {
      backingOff.delete(uid)
      activate(pod)
    })
    backingOff.set(uid, { pod, cancel })
  }
  const backOffMs = ({ attempts }: QueuedPod) =>
    Math.min(BACK_OFF_START_MS * 2 ** Math.max(0, Math.min(attempts - 1, 10)), BACK_OFF_LIMIT_MS)

  const retry = (refused: Refused) => {
    refused.cancel()
    const { uid } = refused.pod.info
    unschedulable.delete(uid)
    backOff(refused.pod, refused.atMs + backOffMs(refused.pod) - clock.monotonicMs())
    if (!backingOff.has(uid)) return
    hopeful.push(refused.pod)
    wakeUp()
  }

  return {
    set(info) {
      const { uid } = info
      const refused = unschedulable.get(uid)
      if (refused) {
        const changed = requirementText(refused.pod.info) !== requirementText(info)
        refused.pod.info = info
        // What its owner changed may be just what was missing.
        if (changed) retry(refused)
        return
      }
      const waiting = backingOff.get(uid)?.pod ?? active.get(uid)
      if (waiting) waiting.info = info
      else activate({ info, sinceMs: clock.monotonicMs(), attempts: 0 })
    },
    remove(uid) {
      active.delete(uid)
      backingOff.get(uid)?.cancel()
      backingOff.delete(uid)
      hopeful.delete(uid)
      unschedulable.get(uid)?.cancel()
      unschedulable.delete(uid)
    },
    take() {
      const pod = active.pop() ?? hopeful.pop()
      if (!pod) return undefined
      backingOff.get(pod.info.uid)?.cancel()
      backingOff.delete(pod.info.uid)
      pod.attempts++
      return pod
    },
    ready() {
      if (stopped || active.size > 0 || hopeful.size > 0) return Promise.resolve()
      return new Promise(resolve => {
        wake = resolve
      })
    },
    refused(pod, refusedBy) {
      const entry: Refused = {
        pod,
        refusedBy,
        atMs: clock.monotonicMs(),
        cancel: clock.after(UNSCHEDULABLE_LIMIT_MS, () => retry(entry)),
      }
      unschedulable.set(pod.info.uid, entry)
    },
    failed: pod => backOff(pod, backOffMs(pod)),
    changed(change) {
      for (const entry of [...unschedulable.values()])
        if (helps(change, entry.refusedBy)) retry(entry)
    },
    get lengths() {
      return {
        active: active.size,
        backingOff: backingOff.size,
        unschedulable: unschedulable.size,
      }
    },
    stop() {
      stopped = true
      for (const { cancel } of backingOff.values()) cancel()
      for (const { cancel } of unschedulable.values()) cancel()
      backingOff.clear()
      unschedulable.clear()
      wake?.()
    },
  }
}

/** All of a pod that decides where it may go. */
function requirementText({ pod }: PodInfo): string {
  return JSON.stringify([pod.spec, pod.metadata.labels])
}

/** A binary heap of pods by importance and age; a pod that was deleted is skipped when its turn comes. */
function createHeap() {
  const heap: QueuedPod[] = []
  const members = new Map<string, QueuedPod>()
  const before = (a: QueuedPod, b: QueuedPod) =>
    a.info.priority !== b.info.priority ? a.info.priority > b.info.priority : a.sinceMs < b.sinceMs
  const swap = (i: number, j: number) => {
    const [a, b] = [heap[i], heap[j]]
    if (!a || !b) return
    heap[i] = b
    heap[j] = a
  }
  const isBefore = (i: number, j: number) => {
    const [a, b] = [heap[i], heap[j]]
    return a !== undefined && b !== undefined && before(a, b)
  }
  const up = (start: number) => {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!isBefore(i, parent)) break
      swap(i, parent)
      i = parent
    }
  }
  const down = () => {
    for (let i = 0; ; ) {
      const left = 2 * i + 1
      const smallest = isBefore(left + 1, left) ? left + 1 : left
      if (!isBefore(smallest, i)) break
      swap(i, smallest)
      i = smallest
    }
  }
  return {
    get size() {
      return members.size
    },
    get: (uid: string) => members.get(uid),
    delete: (uid: string) => members.delete(uid),
    push(pod: QueuedPod) {
      members.set(pod.info.uid, pod)
      heap.push(pod)
      up(heap.length - 1)
    },
    pop(): QueuedPod | undefined {
      for (;;) {
        const top = heap[0]
        const last = heap.pop()
        if (!top || !last) return undefined
        if (heap.length > 0) {
          heap[0] = last
          down()
        }
        if (members.get(top.info.uid) !== top) continue
        members.delete(top.info.uid)
        return top
      }
    },
  }
}
