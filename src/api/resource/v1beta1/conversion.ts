/** Between the oldest version and the stored one. What one of them can not say is refused by validation, so nothing is lost. */
import type { Device } from '../v1/devices.schema.ts'
import type { DeviceRequest } from '../v1/requests.schema.ts'
import type * as stored from '../v1/resource-claim.schema.ts'
import type { ResourceSlice as StoredSlice } from '../v1/resource-slice.schema.ts'
import type {
  FlatDeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceSlice,
  WrappedDevice,
} from './schema.ts'

const STORED = 'resource.k8s.io/v1'
const SERVED = 'resource.k8s.io/v1beta1'

export const claimToStored = (claim: ResourceClaim): stored.ResourceClaim => ({
  ...claim,
  apiVersion: STORED,
  spec: specToStored(claim.spec),
})

export const claimFromStored = (claim: stored.ResourceClaim): ResourceClaim => ({
  ...claim,
  apiVersion: SERVED,
  spec: specFromStored(claim.spec),
})

export const templateToStored = (
  template: ResourceClaimTemplate,
): stored.ResourceClaimTemplate => ({
  ...template,
  apiVersion: STORED,
  spec: { ...template.spec, spec: specToStored(template.spec.spec) },
})

export const templateFromStored = (
  template: stored.ResourceClaimTemplate,
): ResourceClaimTemplate => ({
  ...template,
  apiVersion: SERVED,
  spec: { ...template.spec, spec: specFromStored(template.spec.spec) },
})

const specToStored = ({ devices }: ResourceClaimSpec): stored.ResourceClaimSpec => ({
  devices: { ...devices, requests: devices.requests.map(requestToStored) },
})

const specFromStored = ({ devices }: stored.ResourceClaimSpec): ResourceClaimSpec => ({
  devices: { ...devices, requests: devices.requests.map(requestFromStored) },
})

function requestToStored({ name, firstAvailable, ...exactly }: FlatDeviceRequest): DeviceRequest {
  // A request for alternatives has none of these fields, not even an empty name of a class.
  const isExact = exactly.deviceClassName !== '' || Object.keys(exactly).length > 1
  return {
    name,
    ...(isExact ? { exactly } : {}),
    ...(firstAvailable ? { firstAvailable } : {}),
  }
}

function requestFromStored({ name, exactly, firstAvailable }: DeviceRequest): FlatDeviceRequest {
  const { deviceClassName = '', selectors, allocationMode, count, adminAccess } = exactly ?? {}
  const { tolerations, capacity } = exactly ?? {}
  // Written out in the order of the schema, as every object is.
  return {
    name,
    deviceClassName,
    ...(selectors && { selectors }),
    ...(allocationMode && { allocationMode }),
    ...(count && { count }),
    ...(adminAccess !== undefined && { adminAccess }),
    ...(firstAvailable && { firstAvailable }),
    ...(tolerations && { tolerations }),
    ...(capacity && { capacity }),
  }
}

export const sliceToStored = (slice: ResourceSlice): StoredSlice => ({
  ...slice,
  apiVersion: STORED,
  // An empty name and false are left out when a slice is read, so what is here is meant.
  spec: withDevices(slice.spec, deviceToStored),
})

export const sliceFromStored = (slice: StoredSlice): ResourceSlice => ({
  ...slice,
  apiVersion: SERVED,
  spec: withDevices(slice.spec, deviceFromStored),
})

/** A copy in which the devices, if there are any, are in the form of the other version. */
function withDevices<D, T, S extends { devices?: D[] }>(
  spec: S,
  convert: (device: D) => T,
): Omit<S, 'devices'> & { devices?: T[] } {
  const { devices } = spec
  // The key keeps its place among the others.
  return devices ? { ...spec, devices: devices.map(convert) } : (spec as Omit<S, 'devices'>)
}

const deviceToStored = ({ name, basic }: WrappedDevice): Device => ({ name, ...basic })

const deviceFromStored = ({ name, ...basic }: Device): WrappedDevice => ({ name, basic })
