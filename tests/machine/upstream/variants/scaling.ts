/** Autoscalers, by each sort of metric. */
import type { Plain } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import { selector } from './selector.ts'
import type { Variant, Variants } from './variant.ts'

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }

const metric = { name: 'queries', selector }
const described = { apiVersion: 'v1', kind: 'Service', name: 'web' }
const current = { value: '3', averageValue: '1500m' }
const metrics: readonly Plain[] = [
  {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
  },
  {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } },
  },
  {
    type: 'ContainerResource',
    containerResource: {
      name: 'cpu',
      container: 'main',
      target: { type: 'Utilization', averageUtilization: 60 },
    },
  },
  { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '1k' } } },
  {
    type: 'Object',
    object: { metric, describedObject: described, target: { type: 'Value', value: '2k' } },
  },
  {
    type: 'Object',
    object: {
      metric,
      describedObject: described,
      target: { type: 'AverageValue', averageValue: '2k' },
    },
  },
  { type: 'External', external: { metric, target: { type: 'Value', value: '30' } } },
  { type: 'External', external: { metric, target: { type: 'AverageValue', averageValue: '30' } } },
]
const currentMetrics: readonly Plain[] = [
  {
    type: 'Resource',
    resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '100m' } },
  },
  {
    type: 'ContainerResource',
    containerResource: {
      name: 'cpu',
      container: 'main',
      current: { averageUtilization: 40, averageValue: '1' },
    },
  },
  { type: 'Pods', pods: { metric, current: { averageValue: '1k' } } },
  { type: 'Object', object: { metric, describedObject: described, current } },
  { type: 'External', external: { metric, current } },
]
const scaling = {
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 60 },
    { type: 'Percent', value: 10, periodSeconds: 60 },
  ],
  selectPolicy: 'Min',
  stabilizationWindowSeconds: 300,
}
const scaled = {
  observedGeneration: 1,
  lastScaleTime: '2026-01-02T03:04:05Z',
  currentReplicas: 2,
  desiredReplicas: 3,
  currentMetrics,
  conditions: [
    {
      type: 'AbleToScale',
      status: 'True',
      reason: 'R',
      message: 'm',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    },
  ],
}

export const scalingVariants: Variants = {
  'autoscaling/v2 HorizontalPodAutoscaler': [
    {
      title: 'metrics',
      object: {
        spec: {
          scaleTargetRef,
          minReplicas: 2,
          maxReplicas: 8,
          metrics,
          behavior: { scaleUp: { ...scaling, tolerance: '50m' }, scaleDown: scaling },
        },
      },
      status: scaled,
      change: { spec: { maxReplicas: 9 } },
    },
    ...metrics.map(
      (each): Variant => ({
        title: JSON.stringify(each).slice(0, 60),
        object: { spec: { scaleTargetRef, maxReplicas: 8, metrics: [each] } },
        change: { spec: { maxReplicas: 9 } },
      }),
    ),
  ],
  'autoscaling/v1 HorizontalPodAutoscaler': [
    {
      title: 'target',
      object: {
        spec: {
          scaleTargetRef,
          minReplicas: 2,
          maxReplicas: 8,
          targetCPUUtilizationPercentage: 70,
        },
      },
      change: { spec: { maxReplicas: 9 } },
    },
  ],
}
