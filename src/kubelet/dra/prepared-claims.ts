/** Claims that drivers of this node prepared, for which pods, and the file in which a kubelet that starts anew finds them. */
import { createHash } from 'node:crypto'
import type { PreparedDevice } from './driver-connection.ts'

export const STATE_FILE_NAME = 'dra_manager_state'

export interface PreparedClaim {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** Pods on this node that use it. */
  readonly podUids: Set<string>
  /** Undefined of a driver that has not answered yet: it may have begun. */
  readonly devices: Map<string, readonly PreparedDevice[] | undefined>
}

export const isPrepared = ({ devices }: PreparedClaim): boolean =>
  [...devices.values()].every(each => each !== undefined)

/** Devices of a claim, or of one of its requests, with their drivers. A request may be answered by a subrequest. */
export function devicesFor({ devices }: PreparedClaim, request: string | undefined) {
  const fits = ({ requestNames }: PreparedDevice) =>
    request === undefined ||
    requestNames.length === 0 ||
    requestNames.some(name => name === request || name.startsWith(`${request}/`))
  return [...devices].flatMap(([driver, of]) =>
    (of ?? []).filter(fits).map(device => ({ driver, device })),
  )
}

export function writeState(claims: Iterable<PreparedClaim>): Uint8Array {
  const data = {
    claims: [...claims].map(({ podUids, devices, ...claim }) => ({
      ...claim,
      podUids: [...podUids],
      devices: [...devices].map(([driver, prepared]) => ({ driver, prepared: prepared ?? null })),
    })),
  }
  return Buffer.from(JSON.stringify({ data, checksum: checksumOf(data) }))
}

interface FileClaim {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly podUids: readonly string[]
  readonly devices: readonly {
    readonly driver: string
    readonly prepared: readonly PreparedDevice[] | null
  }[]
}

/** Throws where the file is none of ours, or was damaged. */
export function readState(bytes: Uint8Array): readonly PreparedClaim[] {
  const file = JSON.parse(Buffer.from(bytes).toString()) as {
    readonly data?: { readonly claims: readonly FileClaim[] }
    readonly checksum?: string
  }
  if (!file.data || file.checksum !== checksumOf(file.data))
    throw new Error('checkpoint is corrupted')
  return file.data.claims.map(({ podUids, devices, ...claim }) => ({
    ...claim,
    podUids: new Set(podUids),
    devices: new Map(devices.map(({ driver, prepared }) => [driver, prepared ?? undefined])),
  }))
}

const checksumOf = (data: unknown): string =>
  createHash('sha256').update(JSON.stringify(data)).digest('hex')
