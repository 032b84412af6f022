/** What the runtime has of one pod. Newest first in both lists. */
import type { ContainerStatus, SandboxStatus } from '../runtime.ts'

export interface ObservedPod {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly sandboxes: readonly SandboxStatus[]
  readonly containers: readonly ContainerStatus[]
}

export const newestOf = (observed: ObservedPod, name: string): ContainerStatus | undefined =>
  observed.containers.find(container => container.name === name)

export const runsOf = (observed: ObservedPod, name: string): readonly ContainerStatus[] =>
  observed.containers.filter(container => container.name === name)

export const readySandboxOf = (observed: ObservedPod): SandboxStatus | undefined =>
  observed.sandboxes.find(sandbox => sandbox.ready)

export const isRunning = (container: ContainerStatus | undefined): boolean =>
  container?.state === 'running'

/** True where anything of the pod still runs. */
export const hasRunning = (observed: ObservedPod): boolean => observed.containers.some(isRunning)
