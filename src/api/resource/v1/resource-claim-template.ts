import { prepareExpressions } from '../../cel/expressions.ts'
import { ageColumn, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { defaultRequests } from './defaults.ts'
import { type ResourceClaimTemplate, resourceClaimTemplateShape } from './resource-claim.schema.ts'
import { validateTemplate, validateTemplateUpdate } from './resource-claim.validation.ts'

export type { ResourceClaimTemplate }

export const resourceClaimTemplate = defineKind<ResourceClaimTemplate>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  scope: 'Namespaced',
  returnsDeleted: true,
  shape: resourceClaimTemplateShape,
  defaults: draft => defaultRequests(draft.spec.spec.devices.requests),
  prepareWrites: prepareExpressions,
  validateCreate: validateTemplate,
  validateUpdate: validateTemplateUpdate,
  columns: [nameColumn, ageColumn],
})
