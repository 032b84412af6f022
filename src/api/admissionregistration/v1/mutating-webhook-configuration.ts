import { prepareExpressions } from '../../cel/expressions.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import {
  type MutatingWebhookConfiguration,
  mutatingWebhookConfigurationShape,
} from './webhooks.schema.ts'
import { validateChangedWebhooks, validateNewWebhooks } from './webhooks.validation.ts'

export const mutatingWebhookConfiguration = defineKind<MutatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  categories: ['api-extensions'],
  scope: 'Cluster',
  shape: mutatingWebhookConfigurationShape,
  hasGeneration: true,
  prepareWrites: prepareExpressions,
  validateCreate: validateNewWebhooks,
  validateUpdate: validateChangedWebhooks,
  columns: [
    nameColumn,
    column('Webhooks', 'How many webhooks it has.', object => object.webhooks?.length ?? 0, {
      type: 'integer',
    }),
    ageColumn,
  ],
})
