/** One part of a pool of devices; a pool that does not fit into one slice has several. */
import { nodeSelector } from '../../core/v1/pod/schema.affinity.ts'
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  int64,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { counterSet } from './capacity.schema.ts'
import { device } from './devices.schema.ts'

export const resourcePool = shape(
  'io.k8s.api.resource.v1.ResourcePool',
  'The pool that a slice is a part of.',
  {
    name: string(1).required().doc('Its name, often that of the node; never changes.'),
    generation: int64(2)
      .required()
      .doc('Grows with every change; only slices of the newest count.'),
    resourceSliceCount: int64(3).required().doc('How many slices make up this generation.'),
  },
)

export type ResourcePool = ValueOfShape<typeof resourcePool>

export const resourceSliceSpec = shape(
  'io.k8s.api.resource.v1.ResourceSliceSpec',
  'Devices, or counters that devices share, and the nodes that can use them.',
  {
    driver: string(1).required().doc('The driver that publishes it; never changes.'),
    pool: struct(2, resourcePool).required().doc('The pool that it is a part of.'),
    nodeName: string(3).optional().doc('The one node that has the devices; never changes.'),
    nodeSelector: struct(4, nodeSelector)
      .optional()
      .doc('The nodes that can use the devices, in exactly one term.'),
    allNodes: boolean(5).optional().doc('True where any node can use the devices.'),
    devices: list(6, device)
      .atomic()
      .doc('The devices, at most 128; 64 if one has taints or draws from counters.'),
    perDeviceNodeSelection: boolean(7).optional().doc('True where each device names its nodes.'),
    sharedCounters: list(8, counterSet)
      .atomic()
      .doc('Counters of the pool, at most 8 sets; in slices without devices.'),
  },
)

export const resourceSliceShape = objectShape(
  'io.k8s.api.resource.v1.ResourceSlice',
  'Devices of one driver, as the driver publishes them.',
  {
    spec: struct(2, resourceSliceSpec).required().doc('The devices, and where they can be used.'),
  },
)
export type ResourceSlice = ObjectOfShape<typeof resourceSliceShape>
