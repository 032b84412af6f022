/** Pods that wait out a failure: whose wait ends first comes out first. */
import { Heap } from './heap.ts'
import { type QueuedPod, uidOf } from './queued-pod.ts'

export interface BackingOff {
  readonly pod: QueuedPod
  /** On the monotonic clock. */
  readonly untilMs: number
}

export function backOffHeap(): Heap<BackingOff> {
  return new Heap(
    ({ pod }) => uidOf(pod),
    (a, b) => a.untilMs - b.untilMs,
  )
}
