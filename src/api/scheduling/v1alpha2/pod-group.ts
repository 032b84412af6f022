import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { type PodGroup, podGroupShape } from './pod-group.schema.ts'
import { validatePodGroup, validatePodGroupStatus } from './pod-group.validation.ts'

export type * from './pod-group.schema.ts'

export const podGroup = defineKind<PodGroup>({
  group: 'scheduling.k8s.io',
  version: 'v1alpha2',
  kind: 'PodGroup',
  plural: 'podgroups',
  scope: 'Namespaced',
  shape: podGroupShape,
  subresources: { status: true },
  // Told by the schema, too; again for where its gate is off and the field was dropped.
  defaults: ({ spec }) => {
    spec.disruptionMode ??= 'Pod'
  },
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  // What an update may change depends on feature gates, and is judged where they are known.
  validate: validatePodGroup,
  validateStatusUpdate: validatePodGroupStatus,
  columns: [
    nameColumn,
    column('Policy', 'How its pods are scheduled.', ({ spec }) =>
      spec.schedulingPolicy.gang ? 'Gang' : 'Basic',
    ),
    column(
      'Workload',
      'The workload that it was made from.',
      ({ spec }) => spec.podGroupTemplateRef?.workload?.workloadName ?? '<none>',
    ),
    column('Status', 'What became of its pods.', shownStatus),
    ageColumn,
  ],
})

function shownStatus({ status: { conditions = [] } }: PodGroup): string {
  const condition = (type: string) => conditions.findLast(each => each.type === type)
  const disruption = condition('DisruptionTarget')
  if (disruption) return disruption.reason
  const scheduled = condition('PodGroupScheduled')
  if (!scheduled) return 'Pending'
  return scheduled.status === 'True' ? 'Scheduled' : 'Unschedulable'
}
