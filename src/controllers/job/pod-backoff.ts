/**
 * How long a job waits before it makes a new pod after a failure: 10 s, doubled with every failure since the last success,
 * at most ten minutes. The failures are remembered by pod, so that looking twice counts once, and pods that
 * are gone still count.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { conditionOf } from '../runner/pods.ts'

const FIRST_DELAY_MS = 10_000
const LONGEST_DELAY_MS = 600_000
/** More failures than these do not make the delay longer. */
const REMEMBERED_FAILURES = 8

export interface PodBackoff {
  /** When pods failed, by their UID: the latest of them. */
  readonly failures: ReadonlyMap<string, number>
  readonly lastSuccessMs: number
}

export const noBackoff: PodBackoff = {
  failures: new Map(),
  lastSuccessMs: Number.NEGATIVE_INFINITY,
}

/** With the pods that have ended by now. */
export function withEnded(
  before: PodBackoff,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): PodBackoff {
  let { lastSuccessMs } = before
  for (const pod of succeeded) lastSuccessMs = Math.max(lastSuccessMs, finishedAtMs(pod))
  const failures = new Map(before.failures)
  for (const pod of failed) failures.set(pod.metadata.uid ?? '', finishedAtMs(pod))
  const latest = [...failures]
    .filter(([, atMs]) => atMs > lastSuccessMs)
    .toSorted(([, a], [, b]) => a - b)
  return { failures: new Map(latest.slice(-REMEMBERED_FAILURES)), lastSuccessMs }
}

export function remainingMs({ failures }: PodBackoff, nowMs: number): number {
  return remainingAfterMs(failures.size, Math.max(...failures.values()), nowMs)
}

/** What is left of the wait after the last of so many failures in a row. */
export function remainingAfterMs(failures: number, lastFailureMs: number, nowMs: number): number {
  if (failures === 0) return 0
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS)
  return Math.max(0, delayMs - (nowMs - lastFailureMs))
}

/**
 * When a pod has ended, in milliseconds since the epoch: by its containers, or by when it ceased to be ready, or by when it was
 * asked to go; the next best where nobody reported the better.
 */
export function finishedAtMs(pod: Pod): number {
  const { creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata
  const byContainers = containersFinishedAtMs(pod)
  if (byContainers !== undefined) return byContainers
  const ready = conditionOf(pod.status.conditions, 'Ready')
  if (ready?.status === 'False' && ready.lastTransitionTime)
    return Date.parse(ready.lastTransitionTime)
  if (deletionTimestamp) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
  return creationTimestamp ? Date.parse(creationTimestamp) : 0
}

/** Sidecars end after the main containers, other init containers long before. */
function containersFinishedAtMs({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    (spec.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  )
  const ends = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name ?? '')),
  ].map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
  return ends.length === 0 || ends.some(Number.isNaN) ? undefined : Math.max(...ends)
}
