/** What a claim was given, and who uses it. */

import { nodeSelector } from '../../core/v1/pod/schema.affinity.ts'
import { RAW_EXTENSION } from '../../machinery/any-types.ts'
import { condition } from '../../machinery/metadata.ts'
import {
  any,
  boolean,
  list,
  map,
  quantity,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { deviceAllocationConfiguration } from './configuration.schema.ts'
import { deviceToleration } from './requests.schema.ts'

const DRIVER = 'Driver of the device.'
const POOL = 'Pool that the device is in, unique for the driver.'
const DEVICE = 'Name of the device in its pool.'
const SHARE = 'Tells apart several shares of one device.'

export const deviceRequestAllocationResult = shape(
  'io.k8s.api.resource.v1.DeviceRequestAllocationResult',
  'One device, or a share of one, that a request was given.',
  {
    request: string(1).required().doc('The request that it answers, as `main` or `main/sub`.'),
    driver: string(2).required().doc(DRIVER),
    pool: string(3).required().doc(POOL),
    device: string(4).required().doc(DEVICE),
    adminAccess: boolean(5).optional().doc('Whether it is shared with its real user.'),
    tolerations: list(6, deviceToleration)
      .atomic()
      .doc('The tolerations of the request when it was given.'),
    bindingConditions: list(7, string())
      .atomic()
      .doc('Conditions that must be true before the pod is bound.'),
    bindingFailureConditions: list(8, string())
      .atomic()
      .doc('Conditions of which each means that the pod must look elsewhere.'),
    shareID: string(9).optional().doc(SHARE),
    consumedCapacity: map(10, quantity()).doc('How much of each capacity this share takes.'),
  },
)

export type DeviceRequestAllocationResult = ValueOfShape<typeof deviceRequestAllocationResult>

export const deviceAllocationResult = shape(
  'io.k8s.api.resource.v1.DeviceAllocationResult',
  'The devices that a claim was given.',
  {
    results: list(1, deviceRequestAllocationResult).atomic().doc('The devices.'),
    config: list(2, deviceAllocationConfiguration)
      .atomic()
      .doc('Settings of classes and claim, in the order in which drivers apply them.'),
  },
)

export const allocationResult = shape(
  'io.k8s.api.resource.v1.AllocationResult',
  'What a claim was given, and where.',
  {
    devices: struct(1, deviceAllocationResult).always().doc('The devices.'),
    nodeSelector: struct(3, nodeSelector)
      .optional()
      .doc('The nodes on which pods can use it; all if absent.'),
    allocationTimestamp: time(5).optional().doc('When it was given.'),
  },
)

export type AllocationResult = ValueOfShape<typeof allocationResult>

export const consumerReference = shape(
  'io.k8s.api.resource.v1.ResourceClaimConsumerReference',
  'Names an object in the same namespace that may use the claim.',
  {
    apiGroup: string(1).doc('Group of its resource; empty for the core group.'),
    resource: string(3).required().doc('Plural of its resource, such as pods.'),
    name: string(4).required().doc('Its name.'),
    uid: string(5).required().doc('Its UID, which tells it from others of the same name.'),
  },
)

export type ConsumerReference = ValueOfShape<typeof consumerReference>

export const networkDeviceData = shape(
  'io.k8s.api.resource.v1.NetworkDeviceData',
  'What a network device is in its pod.',
  {
    interfaceName: string(1).doc('Name of the interface, at most 256 bytes.'),
    ips: list(2, string()).atomic().doc('Its addresses with prefix length, at most 16.'),
    hardwareAddress: string(3).doc('Its hardware address, at most 128 bytes.'),
  },
)

export const allocatedDeviceStatus = shape(
  'io.k8s.api.resource.v1.AllocatedDeviceStatus',
  "A driver's report on a device in use.",
  {
    driver: string(1).required().doc(DRIVER),
    pool: string(2).required().doc(POOL),
    device: string(3).required().doc(DEVICE),
    shareID: string(7).optional().doc(SHARE),
    conditions: list(4, condition).always().listMap('type').doc('Its state, at most 8 entries.'),
    data: any(5)
      .of(RAW_EXTENSION)
      .optional()
      .doc('Whatever the driver tells, a JSON object of at most 10 KiB.'),
    networkData: struct(6, networkDeviceData).optional().doc('More about a network device.'),
  },
)

export type AllocatedDeviceStatus = ValueOfShape<typeof allocatedDeviceStatus>

export const claimStatus = shape(
  'io.k8s.api.resource.v1.ResourceClaimStatus',
  'What became of a claim.',
  {
    allocation: struct(1, allocationResult)
      .optional()
      .doc('What it was given; never changes but to be taken away.'),
    reservedFor: list(2, consumerReference)
      .listMap('uid')
      .mergeKey('uid')
      .doc('Who may use it now, at most 256; must be empty before it can be taken away.'),
    devices: list(4, allocatedDeviceStatus)
      .listMap('driver', 'device', 'pool', 'shareID')
      .doc('Reports of the drivers on the devices.'),
  },
)

export type ClaimStatus = ValueOfShape<typeof claimStatus>
