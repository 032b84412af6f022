/** How many pods of a copy its cluster has no room for. */
import { pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import type { KubernetesObject, LabelSelector } from '#api/machinery/metadata.ts'
import { listAll } from '#client/api-client.ts'
import type { Reader } from '#client/client.ts'
import { replicasOf, specOf, statusOf } from './fields.ts'

/** A pod that cannot be scheduled for so long will not be soon: as in Federation v1. */
export const UNSCHEDULABLE_AFTER_MS = 60_000

export interface Unschedulable {
  readonly count: number
  /** When it may be another one although nothing happens. */
  readonly againAfterMs?: number
}

/** Asks only where pods are missing, and only for those that wait. */
export async function countUnschedulable(
  client: Pick<Reader, 'list'>,
  copy: KubernetesObject,
  nowMs: number,
): Promise<Unschedulable> {
  if (replicasOf(copy) === Number(statusOf(copy).readyReplicas ?? 0)) return { count: 0 }
  const selector = labelMatcherOf(specOf(copy).selector as LabelSelector | undefined)
  const { namespace } = copy.metadata
  if (selector.selectsNothing || namespace === undefined) return { count: 0 }
  const { items } = await listAll(client as Reader, pod, {
    namespace,
    labelSelector: selector.toString(),
    fieldSelector: 'status.phase=Pending',
  })
  let count = 0
  let againAfterMs: number | undefined
  for (const { metadata, status } of items) {
    if (metadata.deletionTimestamp !== undefined) continue
    const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled')
    if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') continue
    const leftMs = Date.parse(scheduled.lastTransitionTime ?? '') + UNSCHEDULABLE_AFTER_MS - nowMs
    if (leftMs < 0) count++
    // Times have no more than seconds.
    else againAfterMs = Math.min(againAfterMs ?? Number.POSITIVE_INFINITY, leftMs + 1000)
  }
  return { count, ...(againAfterMs === undefined ? {} : { againAfterMs }) }
}
