import { defaultMode } from '../v1/defaults.ts'
import type { FlatDeviceRequest } from './schema.ts'

export function defaultFlatRequests(requests: FlatDeviceRequest[]): void {
  for (const request of requests) {
    // Without a class the request is one for alternatives, and has no mode of its own.
    if (request.deviceClassName !== '') defaultMode(request)
    request.firstAvailable?.forEach(defaultMode)
  }
}
