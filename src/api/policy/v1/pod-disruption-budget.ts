import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition, labelSelector } from '../../machinery/metadata.ts'
import {
  int32,
  int64,
  intOrString,
  list,
  map,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { validateBudget, validateBudgetStatus } from './pod-disruption-budget.validation.ts'

export const podDisruptionBudgetSpec = shape(
  'io.k8s.api.policy.v1.PodDisruptionBudgetSpec',
  'How many pods must stay.',
  {
    minAvailable: intOrString(1)
      .optional()
      .doc('How many pods, or percent of them, must stay up; not together with maxUnavailable.'),
    selector: struct(2, labelSelector)
      .optional()
      .patchStrategy('replace')
      .doc('Labels of the pods; empty is all of the namespace, absent none.'),
    maxUnavailable: intOrString(3)
      .optional()
      .doc('How many pods, or percent of them, may be down; not together with minAvailable.'),
    unhealthyPodEvictionPolicy: string(4)
      .enum('AlwaysAllow', 'IfHealthyBudget')
      .optional()
      .doc('Whether running pods that are not ready may always go; IfHealthyBudget if absent.'),
  },
)
export type PodDisruptionBudgetSpec = ValueOfShape<typeof podDisruptionBudgetSpec>

export const podDisruptionBudgetStatus = shape(
  'io.k8s.api.policy.v1.PodDisruptionBudgetStatus',
  'How many pods may go just now.',
  {
    observedGeneration: int64(1).doc('The generation that the counts were made for.'),
    disruptedPods: map(2, time()).doc('When pods were allowed to go that are not gone yet.'),
    disruptionsAllowed: int32(3).always().doc('How many more pods may go now.'),
    currentHealthy: int32(4).always().doc('How many pods are ready.'),
    desiredHealthy: int32(5).always().doc('How many pods must be ready.'),
    expectedPods: int32(6).always().doc('How many pods there should be.'),
    conditions: list(7, condition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state, such as DisruptionAllowed.'),
  },
)
export type PodDisruptionBudgetStatus = ValueOfShape<typeof podDisruptionBudgetStatus>

export const podDisruptionBudgetShape = objectShape(
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'Limits how many pods of a set may be evicted at a time.',
  {
    spec: struct(2, podDisruptionBudgetSpec).always().doc('How many pods must stay.'),
    status: struct(3, podDisruptionBudgetStatus).always().doc('How many may go just now.'),
  },
)
export type PodDisruptionBudget = ObjectOfShape<typeof podDisruptionBudgetShape>

const shown = (value: number | string | undefined) => `${value ?? 'N/A'}`

export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  scope: 'Namespaced',
  nameRule: 'pathSegment',
  takesAnyPrefix: true,
  shape: podDisruptionBudgetShape,
  subresources: { status: true },
  hasGeneration: true,
  prepareForCreate: draft => {
    draft.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: object => validateBudget(object, podDisruptionBudgetSpec),
  validateStatusUpdate: validateBudgetStatus,
  columns: [
    nameColumn,
    column('Min Available', 'How many pods must stay up.', ({ spec }) => shown(spec.minAvailable)),
    column('Max Unavailable', 'How many pods may be down.', ({ spec }) =>
      shown(spec.maxUnavailable),
    ),
    column(
      'Allowed Disruptions',
      'How many more pods may go now.',
      ({ status }) => status.disruptionsAllowed,
      { type: 'integer' },
    ),
    ageColumn,
  ],
})
