import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { withoutRoundTrip } from '../v1/round-trip.ts'
import { shownMetrics } from './horizontal-pod-autoscaler.columns.ts'
import {
  type HorizontalPodAutoscaler,
  type HPAScalingRules,
  horizontalPodAutoscalerShape,
} from './horizontal-pod-autoscaler.schema.ts'
import {
  validateAutoscaler,
  validateAutoscalerStatus,
} from './horizontal-pod-autoscaler.validation.ts'

export type * from './horizontal-pod-autoscaler.schema.ts'
export type * from './metrics.schema.ts'

export const horizontalPodAutoscaler = defineKind<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  scope: 'Namespaced',
  takesAnyPrefix: true,
  shape: horizontalPodAutoscalerShape,
  subresources: { status: true },
  defaults: defaultAutoscaler,
  prepareForCreate: draft => {
    draft.status = { desiredReplicas: 0, currentMetrics: [] }
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validateAutoscaler,
  validateStatusUpdate: validateAutoscalerStatus,
  columns: [
    nameColumn,
    column(
      'Reference',
      'What is scaled.',
      ({
        spec: {
          scaleTargetRef: { kind, name },
        },
      }) => [kind, name].join('/'),
    ),
    column('Targets', 'What the metrics are, and what they should be.', ({ spec, status }) =>
      shownMetrics(spec.metrics ?? [], status.currentMetrics),
    ),
    column('MinPods', 'The fewest replicas.', ({ spec }) => `${spec.minReplicas ?? '<unset>'}`),
    column('MaxPods', 'The most replicas.', ({ spec }) => spec.maxReplicas),
    column('Replicas', 'How many replicas there are.', ({ status }) => status.currentReplicas ?? 0),
    ageColumn,
  ],
})

/** How much cpu is used when nothing else is said, in percent of what is requested. */
const CPU_PERCENT = 80
const PERIOD_SECONDS = 15
/** Four pods or as many as there are, whichever is more. */
const SCALE_UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: PERIOD_SECONDS },
    { type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS },
  ],
}
/** The window is a setting of the controller. */
const SCALE_DOWN: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS }],
}

function defaultAutoscaler(draft: HorizontalPodAutoscaler): void {
  const { spec } = draft
  draft.metadata = withoutRoundTrip(draft.metadata)
  if (!spec.metrics?.length)
    spec.metrics = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_PERCENT } },
      },
    ]
  const { behavior } = spec
  if (!behavior) return
  spec.behavior = {
    scaleUp: filledUp(behavior.scaleUp, SCALE_UP),
    scaleDown: filledUp(behavior.scaleDown, SCALE_DOWN),
  }
}

/** In the order of the schema, so that equal autoscalers are the same text in v1. */
function filledUp(given: HPAScalingRules = {}, usual: HPAScalingRules): HPAScalingRules {
  const window = given.stabilizationWindowSeconds ?? usual.stabilizationWindowSeconds
  return {
    ...(window === undefined ? {} : { stabilizationWindowSeconds: window }),
    ...structuredClone(usual),
    ...given,
  }
}
