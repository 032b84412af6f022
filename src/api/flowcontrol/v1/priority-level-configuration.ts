import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import {
  type PriorityLevelConfiguration,
  priorityLevelConfigurationShape,
} from './priority-level-configuration.schema.ts'
import { validatePriorityLevel } from './priority-level-configuration.validation.ts'
import { validateConditionTypes } from './validation.ts'

export type * from './priority-level-configuration.schema.ts'

const NONE = '<none>'
const queuing = ({ spec }: PriorityLevelConfiguration) => spec.limited?.limitResponse.queuing

export const priorityLevelConfiguration = defineKind<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  shape: priorityLevelConfigurationShape,
  hasGeneration: true,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validatePriorityLevel,
  validateStatusUpdate: ({ status }) => validateConditionTypes(status.conditions),
  subresources: { status: true },
  columns: [
    nameColumn,
    column('Type', 'Limited or Exempt.', ({ spec }) => spec.type),
    column(
      'NominalConcurrencyShares',
      'Its part of the server, in shares.',
      ({ spec }) => spec.limited?.nominalConcurrencyShares ?? NONE,
    ),
    column('Queues', 'How many queues it has.', object => queuing(object)?.queues ?? NONE),
    column(
      'HandSize',
      'Among how many queues a flow chooses.',
      object => queuing(object)?.handSize ?? NONE,
    ),
    column(
      'QueueLengthLimit',
      'How many requests wait in one queue.',
      object => queuing(object)?.queueLengthLimit ?? NONE,
    ),
    ageColumn,
  ],
})
