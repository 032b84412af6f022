import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { type ResourceQuota, resourceQuotaShape } from './resource-quota.schema.ts'
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from './resource-quota.validation.ts'

export type * from './resource-quota.schema.ts'

const isLimit = (resource: string) => resource.startsWith('limits.')

export const resourceQuota = defineKind<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  scope: 'Namespaced',
  returnsDeleted: true,
  shape: resourceQuotaShape,
  takesAnyPrefix: true,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  validateStatusUpdate: validateResourceQuotaStatus,
  columns: [
    nameColumn,
    column('Request', 'Used and allowed of requests and counts.', object =>
      usage(object, resource => !isLimit(resource)),
    ),
    column('Limit', 'Used and allowed of limits.', object => usage(object, isLimit)),
    ageColumn,
  ],
  subresources: { status: true },
})

/** `pods: 1/4, services: 0/2` */
function usage({ status }: ResourceQuota, isShown: (resource: string) => boolean): string {
  const { hard = {}, used = {} } = status
  return Object.keys(hard)
    .filter(isShown)
    .toSorted()
    .map(resource => `${resource}: ${used[resource] ?? '0'}/${hard[resource]}`)
    .join(', ')
}
