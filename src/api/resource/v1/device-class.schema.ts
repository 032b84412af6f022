import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list, shape, string, struct } from '../../machinery/schema.ts'
import { deviceClassConfiguration } from './configuration.schema.ts'
import { deviceSelector } from './requests.schema.ts'

export const deviceClassSpec = shape(
  'io.k8s.api.resource.v1.DeviceClassSpec',
  'What devices of a class are.',
  {
    selectors: list(1, deviceSelector)
      .atomic()
      .doc('Conditions that each device must meet, at most 32.'),
    config: list(2, deviceClassConfiguration)
      .atomic()
      .doc('Settings that each device gets, at most 32.'),
    extendedResourceName: string(4)
      .optional()
      .doc('An extended resource that pods can ask for instead of making a claim.'),
  },
)

export const deviceClassShape = objectShape(
  'io.k8s.api.resource.v1.DeviceClass',
  'A sort of devices that claims can ask for, chosen and set up by an administrator.',
  {
    spec: struct(2, deviceClassSpec).required().doc('What its devices are.'),
  },
)
export type DeviceClass = ObjectOfShape<typeof deviceClassShape>
