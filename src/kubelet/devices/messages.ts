/** The messages of the device plugin API as tables of field numbers (kubernetes/kubelet, deviceplugin/v1beta1). */
import {
  boolean,
  integer,
  list,
  message,
  nested,
  string,
  stringMap,
  strings,
  type TypeOf,
} from '#base/protobuf.ts'

export const DEVICE_PLUGIN_VERSION = 'v1beta1'
export const HEALTHY = 'Healthy'

export const empty = message({})
export const pluginOptions = message({
  preStartRequired: boolean(1),
  getPreferredAllocationAvailable: boolean(2),
})
export const registerRequest = message({
  version: string(1),
  /** The name of its socket, beside the kubelet's. */
  endpoint: string(2),
  resourceName: string(3),
  options: nested(4, pluginOptions),
})

export const topology = message({ nodes: list(1, message({ id: integer(1) })) })
const device = message({ id: string(1), health: string(2), topology: nested(3, topology) })
export const listAndWatchResponse = message({ devices: list(1, device) })

export const preferredAllocationRequest = message({
  containerRequests: list(
    1,
    message({
      availableDeviceIds: strings(1),
      mustIncludeDeviceIds: strings(2),
      allocationSize: integer(3),
    }),
  ),
})
export const preferredAllocationResponse = message({
  containerResponses: list(1, message({ deviceIds: strings(1) })),
})

export const allocateRequest = message({
  containerRequests: list(1, message({ devicesIds: strings(1) })),
})
export const containerAllocateResponse = message({
  envs: stringMap(1),
  mounts: list(2, message({ containerPath: string(1), hostPath: string(2), readOnly: boolean(3) })),
  devices: list(
    3,
    message({ containerPath: string(1), hostPath: string(2), permissions: string(3) }),
  ),
  annotations: stringMap(4),
  cdiDevices: list(5, message({ name: string(1) })),
})
export type ContainerAllocateResponse = TypeOf<typeof containerAllocateResponse>
export const allocateResponse = message({ containerResponses: list(1, containerAllocateResponse) })
export const preStartContainerRequest = message({ devicesIds: strings(1) })
