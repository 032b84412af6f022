/** The runtime as the kubelet asks it, with what is asked counted and timed under upstream's names of operations. */
import type { Clock } from '#base/clock.ts'
import type { FigureBook } from '#base/figures.ts'
import type { ContainerRuntime } from '../runtime.ts'
import { count, observe } from './count.ts'

type Method = {
  [K in keyof ContainerRuntime]-?: NonNullable<ContainerRuntime[K]> extends (
    ...of: never[]
  ) => Promise<unknown>
    ? K
    : never
}[keyof ContainerRuntime]

const OPERATIONS: Readonly<Record<Exclude<Method, 'close' | 'mountImage'>, string>> = {
  version: 'version',
  status: 'status',
  runPodSandbox: 'run_podsandbox',
  stopPodSandbox: 'stop_podsandbox',
  removePodSandbox: 'remove_podsandbox',
  listPodSandboxes: 'list_podsandbox',
  podSandboxStatus: 'podsandbox_status',
  createContainer: 'create_container',
  startContainer: 'start_container',
  stopContainer: 'stop_container',
  removeContainer: 'remove_container',
  listContainers: 'list_containers',
  containerStatus: 'container_status',
  updateContainerResources: 'update_container',
  reopenContainerLog: 'reopen_container_log',
  checkpointContainer: 'checkpoint_container',
  execSync: 'exec_sync',
  exec: 'exec',
  attach: 'attach',
  portForward: 'port_forward',
  pullImage: 'pull_image',
  imageStatus: 'image_status',
  listImages: 'list_images',
  removeImage: 'remove_image',
  containerStats: 'list_container_stats',
}

type AnyCall = (...of: readonly unknown[]) => Promise<unknown>

/** Methods are looked up with each call, so that whoever puts another one in its place is heard. */
export function meteredRuntime(
  runtime: ContainerRuntime,
  { clock, figures }: { readonly clock: Clock; readonly figures: FigureBook },
): ContainerRuntime {
  const book = { options: { figures } }
  const metered = Object.entries(OPERATIONS).map(([method, operation]) => {
    const call: AnyCall = async (...of) => {
      count(book, 'kubelet_runtime_operations_total', operation)
      const startMs = clock.monotonicMs()
      try {
        const ask = runtime[method as Method] as AnyCall | undefined
        if (!ask) throw new Error(`the container runtime does not know ${operation}`)
        return await ask(...of)
      } catch (error) {
        count(book, 'kubelet_runtime_operations_errors_total', operation)
        throw error
      } finally {
        const seconds = (clock.monotonicMs() - startMs) / 1000
        observe(book, 'kubelet_runtime_operations_duration_seconds', seconds, operation)
      }
    }
    return [method, call]
  })
  // Whatever else it has is its own.
  return Object.assign(Object.create(runtime), Object.fromEntries(metered))
}
