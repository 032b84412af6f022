import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  int32,
  microTime,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { validateLease } from './lease.validation.ts'

export const leaseSpec = shape(
  'io.k8s.api.coordination.v1.LeaseSpec',
  'Who holds a lease, and since when.',
  {
    holderIdentity: string(1).optional().doc('Who holds it.'),
    leaseDurationSeconds: int32(2)
      .optional()
      .doc('How long after renewTime others must wait before they take it.'),
    acquireTime: microTime(3).optional().doc('When the holder took it.'),
    renewTime: microTime(4).optional().doc('When the holder last confirmed it.'),
    leaseTransitions: int32(5).optional().doc('How often it changed hands.'),
    strategy: string(6).optional().doc('How a coordinated election chooses the holder.'),
    preferredHolder: string(7)
      .optional()
      .doc('Who should hold it instead; the holder then steps down.'),
  },
)
export type LeaseSpec = ValueOfShape<typeof leaseSpec>

export const leaseShape = objectShape(
  'io.k8s.api.coordination.v1.Lease',
  'A claim to something for a while, such as leadership, or a sign of life of a node.',
  {
    spec: struct(2, leaseSpec).always().doc('Who holds it, and since when.'),
  },
)
export type Lease = ObjectOfShape<typeof leaseShape>

export const lease = defineKind<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  shape: leaseShape,
  takesAnyPrefix: true,
  validate: validateLease,
  columns: [
    nameColumn,
    column('Holder', 'Who holds the lease.', object => object.spec.holderIdentity ?? ''),
    ageColumn,
  ],
})
