import { availableAreReady, validateCounts } from '../../apps/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { defineKind } from '../../machinery/kind.ts'
import { subdomainOfAnyPrefix } from '../../machinery/names.ts'
import { defaultPodTemplate } from './pod/defaults.ts'
import { validateLastingTemplate } from './pod/validation.ts'
import { podWarnings } from './pod/warnings.ts'
import {
  type ReplicationController,
  replicationControllerShape,
} from './replication-controller.schema.ts'
import { labelsText } from './validation.selectors.ts'
import { notNegative } from './validation.ts'

export type * from './replication-controller.schema.ts'

export const replicationController = defineKind<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  scope: 'Namespaced',
  nameRule: subdomainOfAnyPrefix,
  takesAnyPrefix: true,
  shape: replicationControllerShape,
  hasGeneration: true,
  defaults: takeLabelsOfTemplate,
  prepareForCreate: draft => {
    draft.status = { replicas: 0 }
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validateReplicationController,
  validateStatusUpdate: ({ status }) => [
    ...validateCounts(status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']),
    ...availableAreReady(status),
  ],
  warnings: ({ spec: { template } }, previous) =>
    template && !previous
      ? podWarnings('spec.template.spec', template.spec, template.metadata.annotations)
      : [],
  fieldSelectors: { 'status.replicas': ({ status }) => String(status.replicas) },
  columns: [
    nameColumn,
    column('Desired', 'How many pods are wanted.', ({ spec }) => spec.replicas ?? 0, {
      type: 'integer',
    }),
    column('Current', 'How many pods there are.', ({ status }) => status.replicas, {
      type: 'integer',
    }),
    column('Ready', 'How many pods are ready.', ({ status }) => status.readyReplicas ?? 0, {
      type: 'integer',
    }),
    ageColumn,
    column('Containers', 'Names of the containers in the template.', containerTexts('name'), {
      priority: 1,
    }),
    column('Images', 'Images of the containers in the template.', containerTexts('image'), {
      priority: 1,
    }),
    column(
      'Selector',
      'Labels of the pods that belong to it.',
      ({ spec }) => labelsText(spec.selector),
      { priority: 1 },
    ),
  ],
  subresources: {
    status: true,
    scale: {
      specReplicas: ({ spec }) => spec.replicas ?? 0,
      statusReplicas: ({ status }) => status.replicas,
      selector: ({ spec }) => (spec.selector ? labelsText(spec.selector) : ''),
      withReplicas: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
    },
  },
})

function takeLabelsOfTemplate({ metadata, spec }: ReplicationController): void {
  const isEmpty = (labels: object | undefined) => Object.keys(labels ?? {}).length === 0
  if (!spec.template) return
  const { labels } = spec.template.metadata
  if (labels) {
    if (isEmpty(spec.selector)) spec.selector = { ...labels }
    if (isEmpty(metadata.labels)) metadata.labels = { ...labels }
  }
  defaultPodTemplate(spec.template)
}

function validateReplicationController({ spec }: ReplicationController): readonly FieldError[] {
  const { selector = {}, template } = spec
  const wanted = Object.entries(selector)
  const errors = [...notNegative('spec.minReadySeconds', spec.minReadySeconds)]
  if (wanted.length === 0) errors.push(required('spec.selector'))
  errors.push(...notNegative('spec.replicas', spec.replicas))
  if (!template) return [...errors, required('spec.template')]
  const { labels = {} } = template.metadata
  if (wanted.some(([key, value]) => labels[key] !== value))
    errors.push(
      invalid(
        'spec.template.metadata.labels',
        template.metadata.labels,
        '`selector` does not match template `labels`',
      ),
    )
  return [...errors, ...validateLastingTemplate('spec.template', template, 'ReplicationController')]
}

function containerTexts(field: 'name' | 'image') {
  return ({ spec }: ReplicationController) =>
    (spec.template?.spec.containers ?? []).map(container => container[field] ?? '').join(',')
}
