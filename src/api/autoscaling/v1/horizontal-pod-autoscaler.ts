import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  int32,
  int64,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { horizontalPodAutoscaler as stored } from '../v2/horizontal-pod-autoscaler.ts'
import { fromStored, toStored } from './conversion.ts'
import { withoutRoundTrip } from './round-trip.ts'

export const crossVersionObjectReference = shape(
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  'Names an object of any kind in the same namespace.',
  {
    kind: string(1).required().doc('Kind of the object, such as Deployment.'),
    name: string(2).required().doc('Name of the object.'),
    apiVersion: string(3).doc('Group and version of its kind, such as apps/v1.'),
  },
  { atomic: true },
)
export type CrossVersionObjectReference = ValueOfShape<typeof crossVersionObjectReference>

export const horizontalPodAutoscalerSpec = shape(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec',
  'What is scaled, and by what.',
  {
    scaleTargetRef: struct(1, crossVersionObjectReference)
      .required()
      .doc('What is scaled: something with a scale subresource.'),
    minReplicas: int32(2).optional().unpublishedDefault(1).doc('The fewest replicas; 1 if absent.'),
    maxReplicas: int32(3).required().doc('The most replicas.'),
    targetCPUUtilizationPercentage: int32(4)
      .optional()
      .doc('How much cpu pods should use on average, in percent of what they request.'),
  },
)
export type HorizontalPodAutoscalerSpec = ValueOfShape<typeof horizontalPodAutoscalerSpec>

export const horizontalPodAutoscalerStatus = shape(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus',
  'What an autoscaler sees and wants.',
  {
    observedGeneration: int64(1).optional().doc('The generation that its controller has seen.'),
    lastScaleTime: time(2).optional().doc('When it last changed the number of replicas.'),
    currentReplicas: int32(3).required().doc('How many replicas it last saw.'),
    desiredReplicas: int32(4).required().doc('How many replicas it last wanted.'),
    currentCPUUtilizationPercentage: int32(5)
      .optional()
      .doc('How much cpu pods use on average, in percent of what they request.'),
  },
)
export type HorizontalPodAutoscalerStatus = ValueOfShape<typeof horizontalPodAutoscalerStatus>

export const horizontalPodAutoscalerShape = objectShape(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  'Keeps the number of replicas of a workload in step with its use of cpu.',
  {
    spec: struct(2, horizontalPodAutoscalerSpec).required().doc('What is scaled, and by what.'),
    status: struct(3, horizontalPodAutoscalerStatus).always().doc('What it sees and wants.'),
  },
)
export type HorizontalPodAutoscaler = ObjectOfShape<typeof horizontalPodAutoscalerShape>

export const horizontalPodAutoscaler = defineKind<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  scope: 'Namespaced',
  takesAnyPrefix: true,
  shape: horizontalPodAutoscalerShape,
  subresources: { status: true },
  storedAs: { kind: stored, toStored, fromStored },
  // The table is the same in both versions.
  columns: stored.columns.map(column => ({
    ...column,
    cell: (object: HorizontalPodAutoscaler, now: number) => column.cell(toStored(object), now),
  })),
  metadataAlone: withoutRoundTrip,
})
