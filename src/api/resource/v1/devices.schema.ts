/** Devices as drivers publish them: attributes and capacities to choose by, where they can be used, what is wrong with them. */
import { nodeSelector } from '../../core/v1/pod/schema.affinity.ts'
import {
  boolean,
  int64,
  list,
  map,
  quantity,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { deviceCapacity, deviceCounterConsumption } from './capacity.schema.ts'

export const deviceAttribute = shape(
  'io.k8s.api.resource.v1.DeviceAttribute',
  'A property of a device, of one of these types.',
  {
    int: int64(2).optional().doc('A number.'),
    bool: boolean(3).optional().doc('A truth value.'),
    string: string(4).optional().doc('A text of at most 64 bytes.'),
    version: string(5).optional().doc('A version by semver.org 2.0.0, at most 64 bytes.'),
    ints: list(6, int64()).atomic().doc('Several numbers, a set.'),
    bools: list(7, boolean()).atomic().doc('Several truth values, a set.'),
    strings: list(8, string()).atomic().doc('Several texts of at most 64 bytes, a set.'),
    versions: list(9, string()).atomic().doc('Several versions of at most 64 bytes, a set.'),
  },
)

export type DeviceAttribute = ValueOfShape<typeof deviceAttribute>

export const deviceTaint = shape(
  'io.k8s.api.resource.v1.DeviceTaint',
  'Keeps away claims that do not tolerate it.',
  {
    key: string(1).required().doc('Its key, formed as that of a label.'),
    value: string(2).doc('Its value, formed as that of a label.'),
    effect: string(3)
      .enum('NoExecute', 'NoSchedule', 'None')
      .required()
      .doc('NoSchedule for new pods, NoExecute also for running ones, None to tell only.'),
    timeAdded: time(4).optional().doc('When it was added; set by the server if absent.'),
  },
)

export type DeviceTaint = ValueOfShape<typeof deviceTaint>

export const nodeAllocatableResourceMapping = shape(
  'io.k8s.api.resource.v1.NodeAllocatableResourceMapping',
  'How much of a resource of the node a device takes.',
  {
    capacityKey: string(1).optional().doc('The capacity that it is counted by.'),
    allocationMultiplier: quantity(2)
      .optional()
      .doc('How much of the resource one unit of the capacity, or one device, takes.'),
  },
)

export const device = shape('io.k8s.api.resource.v1.Device', 'One device.', {
  name: string(1).required().doc('Its name, a DNS label, unique in the pool.'),
  attributes: map(2, deviceAttribute).doc('Properties by name; with the capacities at most 32.'),
  capacity: map(3, deviceCapacity).doc('Amounts by name.'),
  consumesCounters: list(4, deviceCounterConsumption)
    .atomic()
    .doc('What it draws from shared counters, at most 2 sets.'),
  nodeName: string(5).optional().doc('The one node that it can be used from.'),
  nodeSelector: struct(6, nodeSelector).optional().doc('The nodes that it can be used from.'),
  allNodes: boolean(7).optional().doc('True where any node can use it.'),
  taints: list(8, deviceTaint).atomic().doc('Reasons to avoid it, at most 16.'),
  bindsToNode: boolean(9)
    .optional()
    .doc('Whether giving it to a claim ties the claim to the chosen node.'),
  bindingConditions: list(10, string())
    .atomic()
    .doc('Conditions that must be true before a pod that uses it is bound, at most 4.'),
  bindingFailureConditions: list(11, string())
    .atomic()
    .doc('Conditions of which each means that it can not be had, at most 4.'),
  allowMultipleAllocations: boolean(12).optional().doc('Whether several requests can share it.'),
  nodeAllocatableResourceMappings: map(13, nodeAllocatableResourceMapping).doc(
    'What it takes of resources of the node, such as cpu and memory.',
  ),
})
export type Device = ValueOfShape<typeof device>
