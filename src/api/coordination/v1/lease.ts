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

export const leaseSpec = shape('io.k8s.api.coordination.v1.LeaseSpec', 'coordination.LeaseSpec', {
  holderIdentity: string(1).optional().doc('coordination.LeaseSpec.holderIdentity'),
  leaseDurationSeconds: int32(2).optional().doc('coordination.LeaseSpec.leaseDurationSeconds'),
  acquireTime: microTime(3).optional().doc('coordination.LeaseSpec.acquireTime'),
  renewTime: microTime(4).optional().doc('coordination.LeaseSpec.renewTime'),
  leaseTransitions: int32(5).optional().doc('coordination.LeaseSpec.leaseTransitions'),
  strategy: string(6).optional().doc('coordination.LeaseSpec.strategy'),
  preferredHolder: string(7).optional().doc('coordination.LeaseSpec.preferredHolder'),
})
export type LeaseSpec = ValueOfShape<typeof leaseSpec>

export const leaseShape = objectShape('io.k8s.api.coordination.v1.Lease', 'coordination.Lease', {
  spec: struct(2, leaseSpec).always().doc('coordination.Lease.spec'),
})
export type Lease = ObjectOfShape<typeof leaseShape>

export const lease = defineKind<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  shape: leaseShape,
  columns: [
    nameColumn,
    column('Holder', 'Who holds the lease.', object => object.spec.holderIdentity ?? ''),
    ageColumn,
  ],
})
