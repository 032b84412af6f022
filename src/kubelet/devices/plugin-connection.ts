/** One device plugin, as the kubelet calls it. Every call has a deadline; only the stream of its devices goes on. */
import type { Message } from '#base/protobuf.ts'
import type { GrpcConnection } from '../cri/grpc.ts'
import type { Device } from './device.ts'
import * as messages from './messages.ts'

const SERVICE = '/v1beta1.DevicePlugin'
/** A plugin answers what is asked of it from memory. */
const QUESTION_TIMEOUT_MS = 10_000
/** It may set a device up, as by partitioning or resetting it. */
const ALLOCATE_TIMEOUT_MS = 120_000
/** As upstream's kubelet waits for it. */
const PRE_START_TIMEOUT_MS = 30_000

export interface PluginFeatures {
  readonly preStart: boolean
  readonly preferredAllocation: boolean
}

/** More devices than any machine has; what is beyond is not counted. */
const DEVICE_LIMIT = 100_000

export class PluginConnection {
  readonly resource: string
  readonly features: PluginFeatures
  readonly #grpc: GrpcConnection
  #endStream = () => {}
  #isOver = false

  constructor(resource: string, features: PluginFeatures, grpc: GrpcConnection) {
    this.resource = resource
    this.features = features
    this.#grpc = grpc
  }

  /** Tells all its devices whenever they change, until it `ended`, which is told once, unless we closed it. */
  watch(changed: (devices: ReadonlyMap<string, Device>) => void, ended: (error?: Error) => void) {
    this.#endStream = this.#grpc.stream(
      { path: `${SERVICE}/ListAndWatch`, request: new Uint8Array(0) },
      {
        next: bytes => {
          if (!this.#isOver) changed(devicesIn(bytes))
        },
        end: error => {
          if (this.#isOver) return
          this.close()
          ended(error)
        },
      },
    )
  }

  async preferred(
    available: readonly string[],
    mustInclude: readonly string[],
    size: number,
  ): Promise<readonly string[]> {
    const { containerResponses } = await this.#ask(
      'GetPreferredAllocation',
      [messages.preferredAllocationRequest, messages.preferredAllocationResponse],
      {
        containerRequests: [
          {
            availableDeviceIds: available,
            mustIncludeDeviceIds: mustInclude,
            allocationSize: size,
          },
        ],
      },
    )
    return containerResponses[0]?.deviceIds ?? []
  }

  async allocate(ids: readonly string[]): Promise<messages.ContainerAllocateResponse> {
    const { containerResponses } = await this.#ask(
      'Allocate',
      [messages.allocateRequest, messages.allocateResponse],
      { containerRequests: [{ devicesIds: ids }] },
      ALLOCATE_TIMEOUT_MS,
    )
    const [response] = containerResponses
    if (!response)
      throw new Error(`no containers in allocation response of the plugin of ${this.resource}`)
    return response as messages.ContainerAllocateResponse
  }

  async preStart(ids: readonly string[]): Promise<void> {
    const shapes = [messages.preStartContainerRequest, messages.empty] as const
    await this.#ask('PreStartContainer', shapes, { devicesIds: ids }, PRE_START_TIMEOUT_MS)
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#endStream()
    this.#grpc.close()
  }

  async #ask<Q, A>(
    method: string,
    [request, response]: readonly [Message<Q>, Message<A>],
    value: Partial<Q>,
    timeoutMs = QUESTION_TIMEOUT_MS,
  ): Promise<A> {
    const call = { path: `${SERVICE}/${method}`, request: request.encode(value), timeoutMs }
    return response.decode(await this.#grpc.call(call))
  }
}

function devicesIn(bytes: Uint8Array): ReadonlyMap<string, Device> {
  const { devices } = messages.listAndWatchResponse.decode(bytes)
  return new Map(
    devices.slice(0, DEVICE_LIMIT).map(({ id = '', health, topology }) => {
      const numaNodes = (topology?.nodes ?? []).map(node => node.id ?? 0)
      return [id, { id, healthy: health === messages.HEALTHY, numaNodes }]
    }),
  )
}
