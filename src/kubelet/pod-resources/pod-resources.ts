/**
 * Tells agents of the node which container has which devices, and processors and memory for itself, on `pod-resources/kubelet.sock` below the
 * kubelet's directory.
 */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { TypeOf } from '#base/protobuf.ts'
import { GrpcError, grpcCode } from '../cri/grpc.ts'
import type { DevicePlugins } from '../devices/device-plugins.ts'
import type { MemoryBlock } from '../division/memory-manager.ts'
import type { DynamicResources } from '../dra/dynamic-resources.ts'
import type { GrpcMethods, GrpcServer } from '../grpc/grpc-server.ts'
import type { GrpcSockets } from '../grpc/grpc-sockets.ts'
import type { KubeletContext } from '../options.ts'
import { type AnyContainer, containersOf, isFinished, type Pod, uidOf } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import * as messages from './messages.ts'

export interface PodResourcesParts {
  readonly context: KubeletContext
  readonly sockets: GrpcSockets
  readonly devices: DevicePlugins
  readonly dynamicResources: DynamicResources
  readonly workers: () => readonly PodWorker[]
}

type PodResources = Partial<TypeOf<typeof messages.podResources>>

/** As upstream's kubelet: each list costs something, and whoever asks more often gains nothing by it. */
const CALLS_PER_SECOND = 100
const CALLS_AT_ONCE = 10

export async function servePodResources(parts: PodResourcesParts): Promise<GrpcServer | undefined> {
  const { options, log } = parts.context
  const directory = `${options.rootDirectory}/pod-resources`
  try {
    await options.hostAccess.files.makeDirectory(directory, 0o750)
    return await parts.sockets.serve(`${directory}/kubelet.sock`, methodsOf(parts))
  } catch (error) {
    log.warn('which pods have which devices is told to nobody', { error: messageOf(error) })
    return undefined
  }
}

export function methodsOf(parts: PodResourcesParts): GrpcMethods {
  const { options, clock } = parts.context
  const counts = (name: string, help: string) =>
    options.figures.counter(`kubelet_pod_resources_endpoint_requests_${name}`, help, [
      'server_api_version',
    ])
  const total = counts('total', 'Requests at the socket of pod resources')
  const isAllowed = bucket(clock)
  const counted = (
    name: string,
    answer: (request: Uint8Array) => Uint8Array,
    apiVersion: 'v1' | 'v1alpha1' = 'v1',
  ) => {
    const counter = counts(name, `Requests for ${name.replaceAll('_', ' ')} at that socket`)
    return async (request: Uint8Array) => {
      if (!isAllowed()) throw new GrpcError(grpcCode.resourceExhausted, 'rejected by rate limit')
      total.add([apiVersion])
      counter.add([apiVersion])
      return answer(request)
    }
  }
  const list = () => messages.listResponse.encode({ podResources: active(parts).map(told) })
  const told = ({ pod }: PodWorker) => resourcesOf(parts, pod)
  const service = '/v1.PodResourcesLister'
  return {
    [`${service}/List`]: counted('list', list),
    // Its answer is the beginning of the newer one's.
    '/v1alpha1.PodResourcesLister/List': counted('list', list, 'v1alpha1'),
    [`${service}/GetAllocatableResources`]: counted('get_allocatable', () =>
      messages.allocatableResponse.encode(allocatable(parts)),
    ),
    [`${service}/Get`]: counted('get', request => {
      const { podName, podNamespace } = messages.getRequest.decode(request)
      const found = active(parts).find(
        ({ pod: { metadata } }) => metadata.name === podName && metadata.namespace === podNamespace,
      )
      if (!found)
        throw new GrpcError(
          grpcCode.unknown,
          `pod ${podName} in namespace ${podNamespace} not found`,
        )
      return messages.getResponse.encode({ podResources: told(found) })
    }),
  }
}

/** Those that are not over. */
const active = ({ workers }: PodResourcesParts): readonly PodWorker[] =>
  workers().filter(({ pod, mode }) => mode !== 'gone' && !isFinished(pod.status?.phase))

function resourcesOf(parts: PodResourcesParts, pod: Pod): PodResources {
  const { cpus, memory } = parts.context.options.division ?? {}
  const containers = containersOf(pod)
    .filter(({ kind }) => kind === 'sidecar' || kind === 'regular')
    .map(({ container }) => ({
      name: container.name,
      devices: devicesOf(parts.devices, pod, container),
      cpuIds: cpus?.exclusiveOf(uidOf(pod), container.name) ?? [],
      memory: (memory?.blocksOf(uidOf(pod), container.name) ?? []).map(toMemory),
      dynamicResources: parts.dynamicResources.resourcesOf(pod, container),
    }))
  const { name = '', namespace = '' } = pod.metadata
  return { name, namespace, containers }
}

function devicesOf(devices: DevicePlugins, pod: Pod, container: AnyContainer) {
  return [...devices.devicesOf(uidOf(pod), container.name)].flatMap(
    ([resourceName, { ids, numaNodeOf }]) =>
      ids.map(id => {
        const node = numaNodeOf.get(id) ?? -1
        return { resourceName, deviceIds: [id], ...near(node < 0 ? [] : [node]) }
      }),
  )
}

/** What containers may have for themselves together. */
function allocatable({ devices, context }: PodResourcesParts) {
  const { cpus, memory } = context.options.division ?? {}
  return {
    devices: [...devices.healthyDevices()].flatMap(([resourceName, healthy]) =>
      healthy.map(({ id, numaNodes }) => ({ resourceName, deviceIds: [id], ...near(numaNodes) })),
    ),
    cpuIds: cpus?.allocatable ?? [],
    memory: (memory?.allocatable ?? []).map(toMemory),
  }
}

const toMemory = ({ type, size, numaAffinity }: MemoryBlock) => ({
  ...{ memoryType: type, size },
  ...near(numaAffinity),
})

const near = (numaNodes: readonly number[]) =>
  numaNodes.length > 0 ? { topology: { nodes: numaNodes.map(id => ({ id })) } } : {}

/** Tells whether one more call is within the limits. */
function bucket(clock: Clock): () => boolean {
  let left = CALLS_AT_ONCE
  let lookedMs = clock.monotonicMs()
  return () => {
    const now = clock.monotonicMs()
    left = Math.min(CALLS_AT_ONCE, left + ((now - lookedMs) / 1000) * CALLS_PER_SECOND)
    lookedMs = now
    if (left < 1) return false
    left -= 1
    return true
  }
}
