import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { objectMeta } from '../../machinery/metadata.ts'
import { list, shape, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { claimStatus } from './claim-status.schema.ts'
import { deviceClaimConfiguration, deviceConstraint } from './configuration.schema.ts'
import { deviceRequest } from './requests.schema.ts'

export const deviceClaim = shape(
  'io.k8s.api.resource.v1.DeviceClaim',
  'Devices that are wanted together, and how they are set up.',
  {
    requests: list(1, deviceRequest)
      .always()
      .atomic()
      .doc('The wishes, at most 32, all to be met.'),
    constraints: list(2, deviceConstraint).atomic().doc('Conditions across devices, at most 32.'),
    config: list(3, deviceClaimConfiguration).atomic().doc('Settings for the drivers, at most 32.'),
  },
)

export const resourceClaimSpec = shape(
  'io.k8s.api.resource.v1.ResourceClaimSpec',
  'What a claim asks for.',
  {
    devices: struct(1, deviceClaim).always().doc('The devices that are wanted.'),
  },
)
export type ResourceClaimSpec = ValueOfShape<typeof resourceClaimSpec>

export const resourceClaimShape = objectShape(
  'io.k8s.api.resource.v1.ResourceClaim',
  'Asks for devices, and holds them for the pods that use it.',
  {
    spec: struct(2, resourceClaimSpec).required().doc('What is wanted; never changes.'),
    status: struct(3, claimStatus).always().doc('What was given, and who uses it.'),
  },
)
export type ResourceClaim = ObjectOfShape<typeof resourceClaimShape>

export const resourceClaimTemplateSpec = shape(
  'io.k8s.api.resource.v1.ResourceClaimTemplateSpec',
  'What every claim that is made of the template looks like.',
  {
    metadata: struct(1, objectMeta).always().doc('Labels and annotations of the claims.'),
    spec: struct(2, resourceClaimSpec).required().doc('What the claims ask for.'),
  },
)

export const resourceClaimTemplateShape = objectShape(
  'io.k8s.api.resource.v1.ResourceClaimTemplate',
  'A pattern from which a claim of its own is made for each pod.',
  {
    spec: struct(2, resourceClaimTemplateSpec).required().doc('The pattern; never changes.'),
  },
)
export type ResourceClaimTemplate = ObjectOfShape<typeof resourceClaimTemplateShape>
