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
export function reportOf({ pod, resize, parts }: PodWorker): ResizeReport | undefined {
  if (!resize) return undefined
  const { memoryBytes } = parts.context.options.hostAccess.facts
  return {
    conditions: resize.conditions(),
    actualOf({ name }, run) {
      const container = resizableOf(pod).find(each => each.name === name)
      return container && actualResources(pod, container, run, memoryBytes)
    },
  }
}
