import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  int32,
  int64,
  list,
  quantity,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { crossVersionObjectReference, metricSpec, metricStatus } from './metrics.schema.ts'

export const hpaScalingPolicy = shape(
  'io.k8s.api.autoscaling.v2.HPAScalingPolicy',
  'How much may change in a span of time.',
  {
    type: string(1).required().doc('What value counts: Pods or Percent.'),
    value: int32(2).required().doc('How many pods, or percent of them, may come or go.'),
    periodSeconds: int32(3).required().doc('The span of time, at most 1800 seconds.'),
  },
)
export type HPAScalingPolicy = ValueOfShape<typeof hpaScalingPolicy>

export const hpaScalingRules = shape(
  'io.k8s.api.autoscaling.v2.HPAScalingRules',
  'How fast an autoscaler moves in one direction.',
  {
    stabilizationWindowSeconds: int32(3)
      .optional()
      .doc('Looks so far back and takes the most careful of its recommendations.'),
    selectPolicy: string(1)
      .optional()
      .doc('Which of several policies holds: Max, Min or Disabled, which forbids the direction.'),
    policies: list(2, hpaScalingPolicy).atomic().doc('How much may change, in which time.'),
    tolerance: quantity(4)
      .optional()
      .doc('How far the metric may be off before anything happens, such as 0.1 for a tenth.'),
  },
)
export type HPAScalingRules = ValueOfShape<typeof hpaScalingRules>

export const horizontalPodAutoscalerBehavior = shape(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior',
  'How fast an autoscaler moves.',
  {
    scaleUp: struct(1, hpaScalingRules).optional().doc('How fast pods are added.'),
    scaleDown: struct(2, hpaScalingRules).optional().doc('How fast pods are taken away.'),
  },
)
export type HorizontalPodAutoscalerBehavior = ValueOfShape<typeof horizontalPodAutoscalerBehavior>

export const horizontalPodAutoscalerSpec = shape(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec',
  'What is scaled, and by what.',
  {
    scaleTargetRef: struct(1, crossVersionObjectReference)
      .required()
      .doc('What is scaled: something with a scale subresource.'),
    minReplicas: int32(2).optional().unpublishedDefault(1).doc('The fewest replicas; 1 if absent.'),
    maxReplicas: int32(3).required().doc('The most replicas.'),
    metrics: list(4, metricSpec)
      .atomic()
      .doc('What it scales by; the metric that wants most replicas wins. 80% of cpu if empty.'),
    behavior: struct(5, horizontalPodAutoscalerBehavior).optional().doc('How fast it moves.'),
  },
)
export type HorizontalPodAutoscalerSpec = ValueOfShape<typeof horizontalPodAutoscalerSpec>

export const horizontalPodAutoscalerCondition = shape(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition',
  "One aspect of an autoscaler's state.",
  {
    type: string(1).required().doc('Names the aspect, such as AbleToScale.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)
export type HorizontalPodAutoscalerCondition = ValueOfShape<typeof horizontalPodAutoscalerCondition>

export const horizontalPodAutoscalerStatus = shape(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus',
  'What an autoscaler sees and wants.',
  {
    observedGeneration: int64(1).optional().doc('The generation that its controller has seen.'),
    lastScaleTime: time(2).optional().doc('When it last changed the number of replicas.'),
    currentReplicas: int32(3).doc('How many replicas it last saw.'),
    desiredReplicas: int32(4).required().doc('How many replicas it last wanted.'),
    currentMetrics: list(5, metricStatus)
      .always()
      .atomic()
      .doc('What the metrics were when it last read them.'),
    conditions: list(6, horizontalPodAutoscalerCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state.'),
  },
)
export type HorizontalPodAutoscalerStatus = ValueOfShape<typeof horizontalPodAutoscalerStatus>

export const horizontalPodAutoscalerShape = objectShape(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  'Keeps the number of replicas of a workload in step with metrics.',
  {
    spec: struct(2, horizontalPodAutoscalerSpec).required().doc('What is scaled, and by what.'),
    status: struct(3, horizontalPodAutoscalerStatus).always().doc('What it sees and wants.'),
  },
)
export type HorizontalPodAutoscaler = ObjectOfShape<typeof horizontalPodAutoscalerShape>
