/** Settings for the driver of a device, which only that driver understands. */
import { RAW_EXTENSION } from '../../machinery/any-types.ts'
import { any, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const opaqueDeviceConfiguration = shape(
  'io.k8s.api.resource.v1.OpaqueDeviceConfiguration',
  'Settings in the words of one driver; others leave them alone.',
  {
    driver: string(1).required().doc('The driver that is to read them.'),
    parameters: any(2).of(RAW_EXTENSION).required().doc('Any JSON object, at most 10 KiB.'),
  },
)

/** `opaque` in JSON; in protobuf inside a message of its own. */
const opaque = struct(1, opaqueDeviceConfiguration).optional().doc('Settings for one driver.')

const nestedIn = (number: number) => [
  { number, shapeName: 'io.k8s.api.resource.v1.DeviceConfiguration', fields: ['opaque'] },
]

const REQUESTS = 'The requests that it is for, as `main` or `main/sub`; all if empty.'

export const deviceClassConfiguration = shape(
  'io.k8s.api.resource.v1.DeviceClassConfiguration',
  'Settings that every device of a class gets.',
  { opaque },
  { inlined: nestedIn(1) },
)

export type DeviceConfiguration = ValueOfShape<typeof deviceClassConfiguration>

export const deviceClaimConfiguration = shape(
  'io.k8s.api.resource.v1.DeviceClaimConfiguration',
  'Settings for the devices of some requests of a claim.',
  { requests: list(1, string()).atomic().doc(REQUESTS), opaque },
  { inlined: nestedIn(2) },
)

export type DeviceClaimConfiguration = ValueOfShape<typeof deviceClaimConfiguration>

export const deviceAllocationConfiguration = shape(
  'io.k8s.api.resource.v1.DeviceAllocationConfiguration',
  'Settings that came with an allocation.',
  {
    source: string(1)
      .enum('FromClaim', 'FromClass')
      .required()
      .doc('Whether they are of the class or of the claim.'),
    requests: list(2, string()).atomic().doc(REQUESTS),
    opaque,
  },
  { inlined: nestedIn(3) },
)

export type DeviceAllocationConfiguration = ValueOfShape<typeof deviceAllocationConfiguration>

export const deviceConstraint = shape(
  'io.k8s.api.resource.v1.DeviceConstraint',
  'Ties devices of several requests together.',
  {
    requests: list(1, string()).atomic().doc(REQUESTS),
    matchAttribute: string(2)
      .optional()
      .doc('All devices must have this attribute, with the same value.'),
    distinctAttribute: string(3)
      .optional()
      .doc('All devices must have this attribute, each with another value.'),
  },
)

export type DeviceConstraint = ValueOfShape<typeof deviceConstraint>
