import { defaultPodTemplate } from '../../core/v1/pod/defaults.ts'
import { immutable, notNegative } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import { workloadColumns } from './columns.ts'
import { type ReplicaSet, replicaSetShape } from './replica-set.schema.ts'
import { availableAreReady, validateCounts, validateReplicated } from './validation.ts'
import { nameWarnings, templateWarnings } from './warnings.ts'

export type * from './replica-set.schema.ts'

export const replicaSet = defineKind<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  scope: 'Namespaced',
  takesAnyPrefix: true,
  shape: replicaSetShape,
  hasGeneration: true,
  defaults: draft => {
    draft.spec.replicas ??= 1
    defaultPodTemplate(draft.spec.template)
  },
  prepareForCreate: draft => {
    draft.status = { replicas: 0 }
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: ({ spec }) => [
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateReplicated(spec),
  ],
  validateUpdate: (next, previous) =>
    immutable('spec.selector', next.spec.selector, previous.spec.selector),
  validateStatusUpdate: ({ status }) => [
    ...validateCounts(status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']),
    ...availableAreReady(status),
  ],
  fieldSelectors: { 'status.replicas': object => String(object.status.replicas) },
  warnings: (object, previous) => [
    ...nameWarnings(object, previous),
    ...templateWarnings(object, previous),
  ],
  columns: [
    nameColumn,
    column('Desired', 'How many replicas are wanted.', ({ spec }) => spec.replicas ?? 0, {
      type: 'integer',
    }),
    column('Current', 'How many replicas exist.', ({ status }) => status.replicas, {
      type: 'integer',
    }),
    column('Ready', 'How many replicas are ready.', ({ status }) => status.readyReplicas ?? 0, {
      type: 'integer',
    }),
    ageColumn,
    ...workloadColumns,
  ],
  subresources: {
    status: true,
    scale: {
      specReplicas: object => object.spec.replicas ?? 0,
      statusReplicas: object => object.status.replicas ?? 0,
      selector: object => labelMatcherOf(object.spec.selector).toString(),
      withReplicas: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
    },
  },
})
