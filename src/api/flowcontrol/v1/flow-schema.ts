import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { type FlowSchema, flowSchemaShape } from './flow-schema.schema.ts'
import { validateFlowSchema } from './flow-schema.validation.ts'
import { validateConditionTypes } from './validation.ts'

export type * from './flow-schema.schema.ts'

export const flowSchema = defineKind<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  shape: flowSchemaShape,
  hasGeneration: true,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validateFlowSchema,
  validateStatusUpdate: ({ status }) => validateConditionTypes(status.conditions),
  subresources: { status: true },
  // As they are tried. The list is in the order of names, which decide among equals.
  compareRows: (one, other) => one.spec.matchingPrecedence - other.spec.matchingPrecedence,
  columns: [
    nameColumn,
    column(
      'PriorityLevel',
      'The priority level that handles the requests.',
      ({ spec }) => spec.priorityLevelConfiguration.name,
    ),
    column(
      'MatchingPrecedence',
      'The lowest number among the schemas that fit wins.',
      ({ spec }) => spec.matchingPrecedence,
    ),
    column(
      'DistinguisherMethod',
      'How the requests are told apart into flows.',
      ({ spec }) => spec.distinguisherMethod?.type ?? '<none>',
    ),
    ageColumn,
    column(
      'MissingPL',
      'Whether the priority level is missing.',
      ({ status }) => status.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ),
  ],
})
