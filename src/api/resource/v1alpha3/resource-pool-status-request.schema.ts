import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition, objectMeta } from '../../machinery/metadata.ts'
import {
  int32,
  int64,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

const resourcePoolStatusRequestSpec = shape(
  'io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequestSpec',
  'Which pools are asked about.',
  {
    driver: string(1).required().doc('Pools of this driver.'),
    poolName: string(2).optional().doc('The one pool of this name; all if absent.'),
    limit: int32(3).optional().default(100).doc('How many pools are told at most, 1 to 1000.'),
  },
)

export const poolStatus = shape(
  'io.k8s.api.resource.v1alpha3.PoolStatus',
  'How much of a pool is in use.',
  {
    driver: string(1).required().mayBeAbsent().doc('Driver of the pool.'),
    poolName: string(2).required().mayBeAbsent().doc('Name of the pool.'),
    generation: int64(9).required().doc('The newest generation that was seen.'),
    resourceSliceCount: int32(8).optional().doc('How many slices make it up.'),
    totalDevices: int32(4).optional().doc('How many devices it has.'),
    allocatedDevices: int32(5).optional().doc('How many of them claims have.'),
    availableDevices: int32(6).optional().doc('How many of them can be had.'),
    unavailableDevices: int32(7)
      .optional()
      .doc('How many of them can not be had though nobody has them, for a taint or so.'),
    nodeName: string(3).optional().doc('The node that it is on, if it is on one.'),
    validationError: string(10)
      .optional()
      .doc('Why it could not be counted, at most 256 bytes; the numbers may be absent then.'),
  },
)
export type PoolStatus = ValueOfShape<typeof poolStatus>

const resourcePoolStatusRequestStatus = shape(
  'io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequestStatus',
  'The answer; once given it never changes.',
  {
    poolCount: int32(6).requiredPointer().doc('How many pools there are, told or not.'),
    pools: list(2, poolStatus).atomic().doc('The pools by driver and name, as many as asked for.'),
    conditions: list(3, condition)
      .listMap('type')
      .mergeKey('type')
      .doc('Complete or Failed, at most 10 entries.'),
  },
)

export const resourcePoolStatusRequestShape = objectShape(
  'io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequest',
  'Asks once how much of the pools of a driver is in use.',
  {
    metadata: struct(1, objectMeta).required().doc('Name, labels and what else every object has.'),
    spec: struct(2, resourcePoolStatusRequestSpec)
      .required()
      .doc('Which pools are asked about; never changes.'),
    status: struct(3, resourcePoolStatusRequestStatus).optional().doc('The answer.'),
  },
)
export type ResourcePoolStatusRequest = ObjectOfShape<typeof resourcePoolStatusRequestShape>
