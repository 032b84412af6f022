/** A pod that waits for a node, and what became of the attempts so far. */
import type { PodInfo } from '../state/pod-info.ts'

export interface QueuedPod {
  info: PodInfo
  /** Since when it waits this time, on the monotonic clock; among pods of the same priority, the earlier goes first. */
  sinceMs: number
  /** When it was tried for the first time. */
  firstTriedMs: number | undefined
  /** When the attempt under way, or the last one, began. */
  triedMs: number
  attempts: number
  /** Refusals so far; each doubles the back-off. */
  refusals: number
  /** Failures since the last attempt that came to a verdict. */
  errorsInARow: number
  /** Who refused it in the last attempt. */
  refusedBy: ReadonlySet<string>
  /** Who waits for something on its behalf; when that comes, it is tried without back-off. */
  pendingFor: ReadonlySet<string>
  /** The plugin that keeps it out of the queue; '' for none. */
  gatedBy: string
  /** Since when its room is kept for it, on a node or as a hope: whoever was refused before has other reasons. */
  keptFromMs: number
  /** The node that the API was told it is about to be bound to; '' for none. */
  announcedNode: string
}

export const uidOf = ({ info }: QueuedPod): string => info.uid

export function queuedPodOf(info: PodInfo, sinceMs: number): QueuedPod {
  return {
    info,
    sinceMs,
    firstTriedMs: undefined,
    triedMs: 0,
    keptFromMs: 0,
    attempts: 0,
    refusals: 0,
    errorsInARow: 0,
    refusedBy: NOBODY,
    pendingFor: NOBODY,
    gatedBy: '',
    announcedNode: '',
  }
}
const NOBODY: ReadonlySet<string> = new Set()
