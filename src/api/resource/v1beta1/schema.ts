/**
 * The oldest version: fields of exact requests stand in the request itself, those of devices in a part called basic, and
 * an empty name or false means an absent one. All else is as in v1.
 */
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { shapeInVersion } from '../../machinery/other-version.ts'
import {
  boolean,
  Field,
  type Fields,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import * as device from '../v1/devices.schema.ts'
import * as request from '../v1/requests.schema.ts'
import * as claim from '../v1/resource-claim.schema.ts'
import * as slice from '../v1/resource-slice.schema.ts'

const VERSION = 'v1beta1'
const nameOf = (name: string) => `io.k8s.api.resource.${VERSION}.${name}`

/** The same fields under protobuf numbers that are higher by this. */
function shifted<F extends Fields>(fields: F, by: number): F {
  const moved = Object.entries(fields).map(([name, { schema }]) => [
    name,
    new Field({ ...schema, number: (schema.number ?? 0) + by }),
  ])
  return Object.fromEntries(moved)
}

const exact = shapeInVersion(request.exactDeviceRequest, VERSION).fields
const sub = shapeInVersion(request.deviceSubRequest, VERSION).fields
const wish = shapeInVersion(request.deviceRequest, VERSION).fields

const deviceSubRequest = shape(nameOf('DeviceSubRequest'), request.deviceSubRequest.doc, {
  ...sub,
  ...shifted({ tolerations: sub.tolerations, capacity: sub.capacity }, 1),
})

const deviceRequest = shape(nameOf('DeviceRequest'), request.deviceRequest.doc, {
  name: wish.name,
  ...shifted(
    {
      deviceClassName: exact.deviceClassName.always(),
      selectors: exact.selectors,
      allocationMode: exact.allocationMode,
      count: exact.count,
      adminAccess: exact.adminAccess,
    },
    1,
  ),
  firstAvailable: list(7, deviceSubRequest)
    .atomic()
    .doc('Alternatives in order of preference, of which the first possible is taken.'),
  ...shifted({ tolerations: exact.tolerations, capacity: exact.capacity }, 2),
})
export type FlatDeviceRequest = ValueOfShape<typeof deviceRequest>

const deviceClaim = shape(nameOf('DeviceClaim'), claim.deviceClaim.doc, {
  ...shapeInVersion(claim.deviceClaim, VERSION).fields,
  requests: list(1, deviceRequest).always().atomic().doc('The wishes, at most 32, all to be met.'),
})

const resourceClaimSpec = shape(nameOf('ResourceClaimSpec'), claim.resourceClaimSpec.doc, {
  devices: struct(1, deviceClaim).always().doc('The devices that are wanted.'),
})
export type ResourceClaimSpec = ValueOfShape<typeof resourceClaimSpec>

export const resourceClaimShape = objectShape(
  nameOf('ResourceClaim'),
  claim.resourceClaimShape.doc,
  {
    spec: struct(2, resourceClaimSpec).required().doc('What is wanted; never changes.'),
    status: shapeInVersion(claim.resourceClaimShape, VERSION).fields.status,
  },
)
export type ResourceClaim = ObjectOfShape<typeof resourceClaimShape>

const resourceClaimTemplateSpec = shape(
  nameOf('ResourceClaimTemplateSpec'),
  claim.resourceClaimTemplateSpec.doc,
  {
    metadata: claim.resourceClaimTemplateSpec.fields.metadata,
    spec: struct(2, resourceClaimSpec).required().doc('What the claims ask for.'),
  },
)

export const resourceClaimTemplateShape = objectShape(
  nameOf('ResourceClaimTemplate'),
  claim.resourceClaimTemplateShape.doc,
  {
    spec: struct(2, resourceClaimTemplateSpec).required().doc('The pattern; never changes.'),
  },
)
export type ResourceClaimTemplate = ObjectOfShape<typeof resourceClaimTemplateShape>

const { name, ...basic } = shapeInVersion(device.device, VERSION).fields

const basicDevice = shape(nameOf('BasicDevice'), 'What a device is.', shifted(basic, -1))

const wrappedDevice = shape(nameOf('Device'), device.device.doc, {
  name,
  basic: struct(2, basicDevice).optional().doc('Everything else about it.'),
})
export type WrappedDevice = ValueOfShape<typeof wrappedDevice>

const resourceSliceSpec = shape(nameOf('ResourceSliceSpec'), slice.resourceSliceSpec.doc, {
  ...shapeInVersion(slice.resourceSliceSpec, VERSION).fields,
  nodeName: string(3).doc('The one node that has the devices; never changes.'),
  allNodes: boolean(5).doc('True where any node can use the devices.'),
  devices: list(6, wrappedDevice)
    .atomic()
    .doc('The devices, at most 128; 64 if one has taints or draws from counters.'),
})
export type ResourceSliceSpec = ValueOfShape<typeof resourceSliceSpec>

export const resourceSliceShape = objectShape(
  nameOf('ResourceSlice'),
  slice.resourceSliceShape.doc,
  {
    spec: struct(2, resourceSliceSpec).required().doc('The devices, and where they can be used.'),
  },
)
export type ResourceSlice = ObjectOfShape<typeof resourceSliceShape>
