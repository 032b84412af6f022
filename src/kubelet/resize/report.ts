/** What the status of a pod says of its resize. */
import type { AnyContainer, PodCondition } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { ContainerStatus } from '../runtime.ts'
import { actualResources } from './actual.ts'
import { type Resources, resizableOf } from './allocation.ts'

export interface ResizeReport {
  readonly conditions: readonly PodCondition[]
  /** What a running container has; undefined for one that cannot be resized. */
  readonly actualOf: (container: AnyContainer, run: ContainerStatus) => Resources | undefined
}

/** Undefined for a pod that nobody resized. */
export function reportOf({ pod, uid, resize, parts }: PodWorker): ResizeReport | undefined {
  if (!resize) return undefined
  const { division, hostAccess } = parts.context.options
  const { memoryBytes } = hostAccess.facts
  const isDivided = division?.hasExclusiveCpus(uid) ?? false
  return {
    conditions: resize.conditions(),
    actualOf({ name }, run) {
      // It has what was set aside, without the quota by which that would be seen.
      if (isDivided) return undefined
      const container = resizableOf(pod).find(each => each.name === name)
      return container && actualResources(pod, container, run, memoryBytes)
    },
  }
}
