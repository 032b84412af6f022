/** What an autoscaler looks at: where its metrics come from, what they should be and what they are. */
import { labelSelector } from '../../machinery/metadata.ts'
import {
  int32,
  quantity,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const crossVersionObjectReference = shape(
  'io.k8s.api.autoscaling.v2.CrossVersionObjectReference',
  'Names an object of any kind in the same namespace.',
  {
    kind: string(1).required().doc('Kind of the object, such as Deployment.'),
    name: string(2).required().doc('Name of the object.'),
    apiVersion: string(3).doc('Group and version of its kind, such as apps/v1.'),
  },
)
export type CrossVersionObjectReference = ValueOfShape<typeof crossVersionObjectReference>

export const metricTarget = shape(
  'io.k8s.api.autoscaling.v2.MetricTarget',
  'What a metric should be.',
  {
    type: string(1)
      .required()
      .doc('Which of the values counts: Utilization, Value or AverageValue.'),
    value: quantity(2).optional().doc('What the metric as a whole should be.'),
    averageValue: quantity(3).optional().doc('What it should be divided by the number of pods.'),
    averageUtilization: int32(4)
      .optional()
      .doc('What it should be in percent of what the pods request; for resources only.'),
  },
)
export type MetricTarget = ValueOfShape<typeof metricTarget>

export const metricIdentifier = shape(
  'io.k8s.api.autoscaling.v2.MetricIdentifier',
  'Names a metric.',
  {
    name: string(1).required().doc('Name of the metric.'),
    selector: struct(2, labelSelector)
      .optional()
      .doc('Narrows it down by labels that the metrics server knows.'),
  },
)
export type MetricIdentifier = ValueOfShape<typeof metricIdentifier>

export const objectMetricSource = shape(
  'io.k8s.api.autoscaling.v2.ObjectMetricSource',
  'A metric that describes one object, such as the hits of an Ingress.',
  {
    describedObject: struct(1, crossVersionObjectReference).required().doc('The object.'),
    target: struct(2, metricTarget).required().doc('What the metric should be.'),
    metric: struct(3, metricIdentifier).required().doc('The metric.'),
  },
)
export type ObjectMetricSource = ValueOfShape<typeof objectMetricSource>

export const podsMetricSource = shape(
  'io.k8s.api.autoscaling.v2.PodsMetricSource',
  'A metric of each pod, averaged over all of them.',
  {
    metric: struct(1, metricIdentifier).required().doc('The metric.'),
    target: struct(2, metricTarget).required().doc('What the average should be.'),
  },
)
export type PodsMetricSource = ValueOfShape<typeof podsMetricSource>

export const resourceMetricSource = shape(
  'io.k8s.api.autoscaling.v2.ResourceMetricSource',
  'What the pods use of a resource.',
  {
    name: string(1).required().doc('The resource, such as cpu.'),
    target: struct(2, metricTarget).required().doc('What the use should be.'),
  },
)
export type ResourceMetricSource = ValueOfShape<typeof resourceMetricSource>

export const containerResourceMetricSource = shape(
  'io.k8s.api.autoscaling.v2.ContainerResourceMetricSource',
  'What one container of each pod uses of a resource.',
  {
    name: string(1).required().doc('The resource, such as cpu.'),
    target: struct(2, metricTarget).required().doc('What the use should be.'),
    container: string(3).required().doc('Name of the container.'),
  },
)
export type ContainerResourceMetricSource = ValueOfShape<typeof containerResourceMetricSource>

export const externalMetricSource = shape(
  'io.k8s.api.autoscaling.v2.ExternalMetricSource',
  'A metric of something outside the cluster, such as the length of a queue.',
  {
    metric: struct(1, metricIdentifier).required().doc('The metric.'),
    target: struct(2, metricTarget).required().doc('What the metric should be.'),
  },
)
export type ExternalMetricSource = ValueOfShape<typeof externalMetricSource>

export const metricSpec = shape(
  'io.k8s.api.autoscaling.v2.MetricSpec',
  'One metric to scale by; exactly the field of its type is set.',
  {
    type: string(1)
      .required()
      .doc('Where it comes from: ContainerResource, External, Object, Pods or Resource.'),
    object: struct(2, objectMetricSource).optional().doc('A metric that describes one object.'),
    pods: struct(3, podsMetricSource).optional().doc('A metric of each pod.'),
    resource: struct(4, resourceMetricSource).optional().doc('What the pods use of a resource.'),
    containerResource: struct(7, containerResourceMetricSource)
      .optional()
      .doc('What one container of each pod uses of a resource.'),
    external: struct(5, externalMetricSource)
      .optional()
      .doc('A metric of something outside the cluster.'),
  },
)
export type MetricSpec = ValueOfShape<typeof metricSpec>

export const metricValueStatus = shape(
  'io.k8s.api.autoscaling.v2.MetricValueStatus',
  'What a metric is.',
  {
    value: quantity(1).optional().doc('The metric as a whole.'),
    averageValue: quantity(2).optional().doc('The metric divided by the number of pods.'),
    averageUtilization: int32(3).optional().doc('The metric in percent of what the pods request.'),
  },
)
export type MetricValueStatus = ValueOfShape<typeof metricValueStatus>

export const objectMetricStatus = shape(
  'io.k8s.api.autoscaling.v2.ObjectMetricStatus',
  'What a metric of one object is.',
  {
    metric: struct(1, metricIdentifier).required().doc('The metric.'),
    current: struct(2, metricValueStatus).required().doc('What it is.'),
    describedObject: struct(3, crossVersionObjectReference).required().doc('The object.'),
  },
)
export type ObjectMetricStatus = ValueOfShape<typeof objectMetricStatus>

export const podsMetricStatus = shape(
  'io.k8s.api.autoscaling.v2.PodsMetricStatus',
  'What a metric of each pod is on average.',
  {
    metric: struct(1, metricIdentifier).required().doc('The metric.'),
    current: struct(2, metricValueStatus).required().doc('What it is.'),
  },
)
export type PodsMetricStatus = ValueOfShape<typeof podsMetricStatus>

export const resourceMetricStatus = shape(
  'io.k8s.api.autoscaling.v2.ResourceMetricStatus',
  'How much of a resource the pods use.',
  {
    name: string(1).required().doc('The resource.'),
    current: struct(2, metricValueStatus).required().doc('How much they use.'),
  },
)
export type ResourceMetricStatus = ValueOfShape<typeof resourceMetricStatus>

export const containerResourceMetricStatus = shape(
  'io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus',
  'How much of a resource one container of each pod uses.',
  {
    name: string(1).required().doc('The resource.'),
    current: struct(2, metricValueStatus).required().doc('How much it uses.'),
    container: string(3).required().doc('Name of the container.'),
  },
)
export type ContainerResourceMetricStatus = ValueOfShape<typeof containerResourceMetricStatus>

export const externalMetricStatus = shape(
  'io.k8s.api.autoscaling.v2.ExternalMetricStatus',
  'What a metric of something outside the cluster is.',
  {
    metric: struct(1, metricIdentifier).required().doc('The metric.'),
    current: struct(2, metricValueStatus).required().doc('What it is.'),
  },
)
export type ExternalMetricStatus = ValueOfShape<typeof externalMetricStatus>

export const metricStatus = shape(
  'io.k8s.api.autoscaling.v2.MetricStatus',
  'What one metric was when it was last read; exactly the field of its type is set.',
  {
    type: string(1)
      .required()
      .doc('Where it comes from: ContainerResource, External, Object, Pods or Resource.'),
    object: struct(2, objectMetricStatus).optional().doc('A metric that describes one object.'),
    pods: struct(3, podsMetricStatus).optional().doc('A metric of each pod.'),
    resource: struct(4, resourceMetricStatus).optional().doc('What the pods use of a resource.'),
    containerResource: struct(7, containerResourceMetricStatus)
      .optional()
      .doc('What one container of each pod uses of a resource.'),
    external: struct(5, externalMetricStatus)
      .optional()
      .doc('A metric of something outside the cluster.'),
  },
)
export type MetricStatus = ValueOfShape<typeof metricStatus>
