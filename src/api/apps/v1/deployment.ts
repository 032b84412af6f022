import { defaultPodTemplate } from '../../core/v1/pod/defaults.ts'
import { sameValue } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import { workloadColumns } from './columns.ts'
import { type Deployment, deploymentShape } from './deployment.schema.ts'
import {
  validateDeployment,
  validateDeploymentStatus,
  validateDeploymentUpdate,
} from './deployment.validation.ts'
import { nameWarnings, templateWarnings } from './warnings.ts'

export type * from './deployment.schema.ts'

export const deployment = defineKind<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  scope: 'Namespaced',
  takesAnyPrefix: true,
  shape: deploymentShape,
  hasGeneration: true,
  defaults: defaultDeployment,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
    // Replica sets get copies of the annotations, so these are part of what is wanted.
    const { annotations } = draft.metadata
    if (!sameValue(annotations, previous.metadata.annotations))
      draft.metadata.generation = (previous.metadata.generation ?? 0) + 1
  },
  prepareForStatusUpdate: (draft, previous) => {
    const { labels } = previous.metadata
    if (labels) draft.metadata.labels = labels
    else delete draft.metadata.labels
  },
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  validateStatusUpdate: validateDeploymentStatus,
  warnings: (object, previous) => [
    ...nameWarnings(object, previous),
    ...templateWarnings(object, previous),
  ],
  columns: [
    nameColumn,
    column(
      'Ready',
      'How many replicas are ready, of how many.',
      ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ),
    column(
      'Up-to-date',
      'How many replicas have the newest template.',
      ({ status }) => status.updatedReplicas ?? 0,
    ),
    column(
      'Available',
      'How many replicas have been ready long enough.',
      ({ status }) => status.availableReplicas ?? 0,
    ),
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

/** How much a rolling update may fall short of, and go beyond, the wanted replicas. */
const ROLLING_UPDATE_LEEWAY = '25%'
const REVISION_HISTORY_LIMIT = 10
const PROGRESS_DEADLINE_SECONDS = 600

function defaultDeployment(draft: Deployment): void {
  const { spec } = draft
  spec.replicas ??= 1
  spec.strategy.type ||= 'RollingUpdate'
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {}
    spec.strategy.rollingUpdate.maxUnavailable ??= ROLLING_UPDATE_LEEWAY
    spec.strategy.rollingUpdate.maxSurge ??= ROLLING_UPDATE_LEEWAY
  }
  spec.revisionHistoryLimit ??= REVISION_HISTORY_LIMIT
  spec.progressDeadlineSeconds ??= PROGRESS_DEADLINE_SECONDS
  defaultPodTemplate(spec.template)
}
