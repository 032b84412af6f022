import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition } from '../../machinery/metadata.ts'
import { list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { validateServiceCidr, validateServiceCidrUpdate } from './service-cidr.validation.ts'

export const serviceCidrSpec = shape(
  'io.k8s.api.networking.v1.ServiceCIDRSpec',
  'Ranges from which services get addresses.',
  {
    cidrs: list(1, string())
      .atomic()
      .doc('One range, or one of each family; one may be added, none changed.'),
  },
)
export type ServiceCidrSpec = ValueOfShape<typeof serviceCidrSpec>

export const serviceCidrStatus = shape(
  'io.k8s.api.networking.v1.ServiceCIDRStatus',
  'Whether the ranges are in use.',
  {
    conditions: list(1, condition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state, such as Ready.'),
  },
)
export type ServiceCidrStatus = ValueOfShape<typeof serviceCidrStatus>

export const serviceCidrShape = objectShape(
  'io.k8s.api.networking.v1.ServiceCIDR',
  'Addresses that services may get.',
  {
    spec: struct(2, serviceCidrSpec).always().doc('The ranges of addresses.'),
    status: struct(3, serviceCidrStatus).always().doc('Whether they are in use.'),
  },
)
export type ServiceCidr = ObjectOfShape<typeof serviceCidrShape>

export const serviceCidr = defineKind<ServiceCidr>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  scope: 'Cluster',
  shape: serviceCidrShape,
  takesAnyPrefix: true,
  subresources: { status: true },
  // A status may come with a new one, as upstream: the server says of its own that it is ready.
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validateCreate: validateServiceCidr,
  validateUpdate: validateServiceCidrUpdate,
  columns: [
    nameColumn,
    column('CIDRs', 'The ranges of addresses.', ({ spec }) => (spec.cidrs ?? []).join(',')),
    ageColumn,
  ],
})
