/** By which handler of the runtime a pod runs, and what that can do. */
import { runtimeClass } from '#api/node/v1/runtime-class.ts'
import type { AnyContainer } from '../pod-types.ts'
import type { PodWorker } from './pod-worker.ts'

/** What the pod's RuntimeClass says; nothing for the runtime's usual way. */
export async function runtimeHandlerOf({ pod, parts }: PodWorker): Promise<string | undefined> {
  const name = pod.spec?.runtimeClassName
  if (!name) return undefined
  const { handler } = await parts.context.client.get(runtimeClass, name)
  return handler
}

/** Whether some mount is to be read-only with all that is mounted below it. */
export const asksForRecursion = (containers: readonly AnyContainer[]): boolean =>
  containers.some(({ volumeMounts }) => volumeMounts?.some(mount => mount.recursiveReadOnly))

/** Whether the runtime can make what is mounted below mounts of the pod read-only as well. */
export async function mountsRecursively(worker: PodWorker): Promise<boolean> {
  const handler = (await runtimeHandlerOf(worker)) ?? ''
  const handlers = worker.parts.runtimeHandlers() ?? []
  return handlers.some(each => each.name === handler && each.recursiveReadOnlyMounts)
}
