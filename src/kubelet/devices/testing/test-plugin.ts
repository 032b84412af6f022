/** A plugin of devices, as one that runs on the node. */
import { rest } from '../../../simulation/testing/hollow-cluster.ts'
import { GrpcError, type GrpcStreamSink, grpcCode } from '../../cri/grpc.ts'
import type { MemorySockets } from '../../testing/memory-sockets.ts'
import * as messages from '../messages.ts'

export const RESOURCE = 'example.com/gpu'
export const KUBELET = '/var/lib/kubelet/device-plugins/kubelet.sock'
export const SERVICE = '/v1beta1.DevicePlugin'

export interface PluginOptions {
  readonly resource?: string
  readonly preStart?: () => void
  readonly prefer?: (
    available: readonly string[],
    mustInclude: readonly string[],
  ) => readonly string[]
  readonly allocate?: (ids: readonly string[]) => void
}

/** A plugin with two devices. */
export class TestPlugin {
  readonly asked: string[][] = []
  readonly #net: MemorySockets
  readonly #options: PluginOptions
  readonly #path: string
  readonly #name: string
  readonly #sinks = new Set<GrpcStreamSink>()
  /** How each is, by id. */
  devices: Record<string, string> = { a: 'Healthy', b: 'Healthy' }
  /** Gives nothing. */
  refuses = false
  /** On which memory nodes each is; those that are not named are near to none. */
  nodesOf: Record<string, readonly number[]> = {}

  constructor(net: MemorySockets, options: PluginOptions = {}, name = 'gpu.sock') {
    this.#net = net
    this.#options = options
    this.#name = name
    this.#path = `/var/lib/kubelet/device-plugins/${name}`
  }

  async register(version = 'v1beta1'): Promise<void> {
    const { resource = RESOURCE, preStart, prefer, allocate } = this.#options
    this.#net.put(this.#path, {
      methods: {
        [`${SERVICE}/GetDevicePluginOptions`]: async () =>
          messages.pluginOptions.encode({
            preStartRequired: preStart !== undefined,
            getPreferredAllocationAvailable: prefer !== undefined,
          }),
        [`${SERVICE}/GetPreferredAllocation`]: async bytes => {
          const [request] = messages.preferredAllocationRequest.decode(bytes).containerRequests
          const deviceIds =
            prefer?.(request?.availableDeviceIds ?? [], request?.mustIncludeDeviceIds ?? []) ?? []
          return messages.preferredAllocationResponse.encode({
            containerResponses: [{ deviceIds }],
          })
        },
        [`${SERVICE}/Allocate`]: async bytes => {
          const [request] = messages.allocateRequest.decode(bytes).containerRequests
          const ids = request?.devicesIds ?? []
          this.asked.push([...ids])
          if (this.refuses) throw new GrpcError(grpcCode.unknown, 'not now')
          allocate?.(ids)
          return messages.allocateResponse.encode({
            containerResponses: [
              {
                envs: { GPUS: ids.join(',') },
                mounts: ids.map(id => ({ containerPath: `/gpu/${id}`, hostPath: `/dev/${id}` })),
                devices: ids.map(id => ({
                  containerPath: `/dev/${id}`,
                  hostPath: `/dev/${id}`,
                  permissions: 'rw',
                })),
                annotations: { 'example.com/gpus': ids.join(',') },
              },
            ],
          })
        },
        [`${SERVICE}/PreStartContainer`]: async () => {
          preStart?.()
          return new Uint8Array(0)
        },
      },
      streams: {
        [`${SERVICE}/ListAndWatch`]: sink => {
          this.#sinks.add(sink)
          queueMicrotask(() => this.tell())
          return () => this.#sinks.delete(sink)
        },
      },
    })
    const request = messages.registerRequest.encode({
      ...{ version, endpoint: this.#name, resourceName: resource },
    })
    await this.#net.ask(KUBELET, '/v1beta1.Registration/Register', request)
    await rest()
  }

  tell(): void {
    const devices = Object.entries(this.devices).map(([id, health]) => {
      const nodes = this.nodesOf[id]?.map(id => ({ id }))
      return { id, health, ...(nodes ? { topology: { nodes } } : {}) }
    })
    for (const sink of this.#sinks) sink.next(messages.listAndWatchResponse.encode({ devices }))
  }

  die(): void {
    this.#net.put(this.#path, undefined)
    for (const sink of this.#sinks) sink.end(new GrpcError(grpcCode.unavailable, 'gone'))
    this.#sinks.clear()
  }
}
