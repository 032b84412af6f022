/** The messages of the pod resources API as tables of field numbers (kubernetes/kubelet, podresources/v1). */
import { integer, integers, list, message, nested, string, strings } from '#base/protobuf.ts'
import { topology } from '../devices/messages.ts'

const containerDevices = message({
  resourceName: string(1),
  deviceIds: strings(2),
  topology: nested(3, topology),
})
const containerMemory = message({
  memoryType: string(1),
  size: integer(2),
  topology: nested(3, topology),
})
const claimResource = message({
  cdiDevices: list(1, message({ name: string(1) })),
  driverName: string(2),
  poolName: string(3),
  deviceName: string(4),
  shareId: string(5),
})
const dynamicResource = message({
  claimName: string(2),
  claimNamespace: string(3),
  claimResources: list(4, claimResource),
})
export const podResources = message({
  name: string(1),
  namespace: string(2),
  containers: list(
    3,
    message({
      name: string(1),
      devices: list(2, containerDevices),
      cpuIds: integers(3),
      memory: list(4, containerMemory),
      dynamicResources: list(5, dynamicResource),
    }),
  ),
})
export const listResponse = message({ podResources: list(1, podResources) })
export const allocatableResponse = message({
  devices: list(1, containerDevices),
  cpuIds: integers(2),
  memory: list(3, containerMemory),
})
export const getRequest = message({ podName: string(1), podNamespace: string(2) })
export const getResponse = message({ podResources: nested(1, podResources) })
