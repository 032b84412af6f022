import { prepareExpressions } from '../../cel/expressions.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { defaultRequests } from './defaults.ts'
import { type ResourceClaim, resourceClaimShape } from './resource-claim.schema.ts'
import { dropReportsOfFreedDevices, validateClaimStatus } from './resource-claim.status.ts'
import { validateClaim, validateClaimUpdate } from './resource-claim.validation.ts'

export type { ResourceClaim }

export const resourceClaim = defineKind<ResourceClaim>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  returnsDeleted: true,
  shape: resourceClaimShape,
  subresources: { status: true },
  defaults: draft => defaultRequests(draft.spec.devices.requests),
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  prepareForStatusUpdate: dropReportsOfFreedDevices,
  prepareWrites: prepareExpressions,
  validateCreate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
  columns: [
    nameColumn,
    column('State', 'Whether it waits, is allocated, reserved or on its way out.', stateOf),
    ageColumn,
  ],
})

function stateOf({ metadata, status }: ResourceClaim): string {
  const { allocation, reservedFor = [] } = status
  const states = metadata.deletionTimestamp ? ['deleted'] : []
  if (allocation) states.push('allocated')
  else if (!metadata.deletionTimestamp) states.push('pending')
  if (allocation && reservedFor.length > 0) states.push('reserved')
  return states.join(',')
}
