/** Defaults that depend on other fields. */
import type { Device } from './devices.schema.ts'
import type { DeviceRequest, DeviceSubRequest } from './requests.schema.ts'

export function defaultRequests(requests: DeviceRequest[]): void {
  for (const { exactly, firstAvailable = [] } of requests) {
    if (exactly) defaultMode(exactly)
    firstAvailable.forEach(defaultMode)
  }
}

export function defaultMode(request: Pick<DeviceSubRequest, 'allocationMode' | 'count'>): void {
  request.allocationMode ||= 'ExactCount'
  if (request.allocationMode === 'ExactCount') request.count ||= 1
}

type Mapped = Pick<Device, 'nodeAllocatableResourceMappings'>

export function defaultDevice({ nodeAllocatableResourceMappings }: Mapped): void {
  for (const mapping of Object.values(nodeAllocatableResourceMappings ?? {}))
    mapping.allocationMultiplier ??= '1'
}
