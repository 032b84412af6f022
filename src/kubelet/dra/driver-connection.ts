/** One driver of dynamic resources, as the kubelet calls it. */
import type { Message } from '#base/protobuf.ts'
import { type GrpcConnection, rpcErrorText } from '../cri/grpc.ts'
import * as messages from './messages.ts'

/** As upstream's kubelet: preparing may mean to set up hardware. */
const CALL_TIMEOUT_MS = 45_000

export interface ClaimName {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/** What a driver made ready of a claim. */
export interface PreparedDevice {
  /** Requests of the claim that it answers; all of them where there is none. */
  readonly requestNames: readonly string[]
  readonly poolName: string
  readonly deviceName: string
  readonly cdiDeviceIds: readonly string[]
  readonly shareId: string
}

/** By UID of the claim: what came of it, or what went wrong. */
export type Prepared = ReadonlyMap<string, readonly PreparedDevice[] | Error>

/** Versions of the service, as plugins name them, the newest first, and how its methods' paths begin. */
const SERVICES: readonly (readonly [version: string, path: string])[] = [
  ['v1.DRAPlugin', '/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin'],
  ['v1beta1.DRAPlugin', '/k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin'],
]
export const DRIVER_VERSIONS = SERVICES.map(([version]) => version)
const HEALTH_VERSION = 'v1alpha1.DRAResourceHealth'
const HEALTH_PATH = `/${HEALTH_VERSION}/NodeWatchResources`

export const hasHealth = (versions: readonly string[]) => versions.includes(HEALTH_VERSION)

/** `pool/device` to one of HEALTH_WORDS. */
export type Healths = ReadonlyMap<string, string>
export const healthKey = (pool: string, device: string) => `${pool}/${device}`

export class DriverConnection {
  readonly name: string
  readonly endpoint: string
  readonly #grpc: GrpcConnection
  readonly #service: string

  constructor(name: string, endpoint: string, versions: readonly string[], grpc: GrpcConnection) {
    this.name = name
    this.endpoint = endpoint
    this.#grpc = grpc
    this.#service = SERVICES.find(([version]) => versions.includes(version))?.[1] ?? ''
  }

  /** Rejects where the driver did not answer at all. */
  async prepare(claims: readonly ClaimName[]): Promise<Prepared> {
    const { claims: answers } = await this.#ask(
      'NodePrepareResources',
      claims,
      messages.prepareResponse,
    )
    const prepared = new Map<string, readonly PreparedDevice[] | Error>()
    for (const { key = '', value } of answers)
      prepared.set(
        key,
        value?.error ? new Error(value.error) : (value?.devices ?? []).map(completed),
      )
    return prepared
  }

  /** By UID what went wrong; those that are not in it were not answered for. */
  async unprepare(claims: readonly ClaimName[]): Promise<ReadonlyMap<string, string>> {
    const { claims: answers } = await this.#ask(
      'NodeUnprepareResources',
      claims,
      messages.unprepareResponse,
    )
    return new Map(answers.map(({ key = '', value }) => [key, value?.error ?? '']))
  }

  /** Tells how all its devices are whenever that changes, until it ended. Returns the function that ends it. */
  watchHealth(changed: (healths: Healths) => void, ended: () => void): () => void {
    return this.#grpc.stream(
      { path: HEALTH_PATH, request: new Uint8Array(0) },
      { next: bytes => changed(healthsIn(bytes)), end: ended },
    )
  }

  close(): void {
    this.#grpc.close()
  }

  async #ask<A>(method: string, claims: readonly ClaimName[], response: Message<A>): Promise<A> {
    const call = {
      path: `${this.#service}/${method}`,
      request: messages.claimsRequest.encode({ claims }),
      timeoutMs: CALL_TIMEOUT_MS,
    }
    try {
      return response.decode(await this.#grpc.call(call))
    } catch (error) {
      throw new Error(`${method}: ${rpcErrorText(error)}`)
    }
  }
}

const completed = (device: Partial<PreparedDevice>): PreparedDevice => ({
  requestNames: device.requestNames ?? [],
  poolName: device.poolName ?? '',
  deviceName: device.deviceName ?? '',
  cdiDeviceIds: device.cdiDeviceIds ?? [],
  shareId: device.shareId ?? '',
})

function healthsIn(bytes: Uint8Array): Healths {
  const { devices } = messages.watchResourcesResponse.decode(bytes)
  return new Map(
    devices.map(({ device, health = 0 }) => [
      healthKey(device?.poolName ?? '', device?.deviceName ?? ''),
      messages.HEALTH_WORDS[health] ?? 'Unknown',
    ]),
  )
}
