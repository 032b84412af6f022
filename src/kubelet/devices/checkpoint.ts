/**
 * What a kubelet that starts anew has to know of devices: who has which, and of which resources there were any. The file's name and
 * the shape of its `Data` are upstream's, since agents of others read in it which pod has which device; what the checksum is of is our own.
 */
import { createHash } from 'node:crypto'
import type { AllocationEntry } from './allocations.ts'
import { containerAllocateResponse } from './messages.ts'

export const CHECKPOINT_NAME = 'kubelet_internal_checkpoint'

/** Of a device that is near to no NUMA node. */
export const NO_NUMA_NODE = -1

export interface DeviceCheckpoint {
  readonly entries: readonly AllocationEntry[]
  /** Ids of healthy devices by resource. */
  readonly registered: ReadonlyMap<string, readonly string[]>
}

interface FileEntry {
  readonly PodUID: string
  readonly ContainerName: string
  readonly ResourceName: string
  /** By NUMA node. */
  readonly DeviceIDs: Readonly<Record<string, readonly string[]>>
  /** The plugin's answer as protobuf, base64. */
  readonly AllocResp: string
}

export function writeCheckpoint({ entries, registered }: DeviceCheckpoint): Uint8Array {
  const data = {
    PodDeviceEntries: entries.map(toFileEntry),
    RegisteredDevices: Object.fromEntries(registered),
  }
  return Buffer.from(JSON.stringify({ Data: data, Checksum: checksumOf(data) }))
}

/** Throws where the file is none of ours, or was damaged. */
export function readCheckpoint(bytes: Uint8Array): DeviceCheckpoint {
  const file = JSON.parse(Buffer.from(bytes).toString()) as {
    Data?: { PodDeviceEntries?: FileEntry[]; RegisteredDevices?: Record<string, string[]> }
    Checksum?: number
  }
  if (!file.Data || file.Checksum !== checksumOf(file.Data))
    throw new Error('checkpoint is corrupted')
  return {
    entries: (file.Data.PodDeviceEntries ?? []).map(fromFileEntry),
    registered: new Map(Object.entries(file.Data.RegisteredDevices ?? {})),
  }
}

/** The first 48 bits of SHA-256: a number that JSON keeps. */
const checksumOf = (data: unknown): number =>
  createHash('sha256').update(JSON.stringify(data)).digest().readUIntBE(0, 6)

function toFileEntry({ uid, container, resource, allocated }: AllocationEntry): FileEntry {
  const { ids, numaNodeOf, response } = allocated
  const byNode: Record<string, string[]> = {}
  for (const id of ids) {
    const node = String(numaNodeOf.get(id) ?? NO_NUMA_NODE)
    byNode[node] = [...(byNode[node] ?? []), id]
  }
  return {
    PodUID: uid,
    ContainerName: container,
    ResourceName: resource,
    DeviceIDs: byNode,
    AllocResp: Buffer.from(containerAllocateResponse.encode(response)).toString('base64'),
  }
}

function fromFileEntry(entry: FileEntry): AllocationEntry {
  const devices = Object.entries(entry.DeviceIDs).flatMap(([node, ids]) =>
    ids.map(id => [id, Number(node)] as const),
  )
  return {
    uid: entry.PodUID,
    container: entry.ContainerName,
    resource: entry.ResourceName,
    allocated: {
      ids: devices.map(([id]) => id),
      numaNodeOf: new Map(devices),
      response: containerAllocateResponse.decode(Buffer.from(entry.AllocResp, 'base64')),
    },
  }
}
