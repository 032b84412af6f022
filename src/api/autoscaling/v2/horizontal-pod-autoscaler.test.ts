import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'

const target = { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }
const base = { scaleTargetRef: target, maxReplicas: 5 }
const make = (spec: object) => created(horizontalPodAutoscaler, { spec: { ...base, ...spec } })
const problems = (spec: object) => lines(horizontalPodAutoscaler.validate(make(spec)))
const utilization = (averageUtilization: number) => ({ type: 'Utilization', averageUtilization })
const cpu = (percent: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: utilization(percent) },
})

test('an autoscaler keeps at least one replica and 80% of cpu', () => {
  const { spec, status, metadata } = created(horizontalPodAutoscaler, {
    spec: base,
    status: { desiredReplicas: 7 },
  })
  assert.equal(spec.minReplicas, 1)
  assert.deepEqual(spec.metrics, [cpu(80)])
  assert.equal(spec.behavior, undefined)
  assert.deepEqual(status, { desiredReplicas: 0, currentMetrics: [] })
  assert.equal(metadata.generation, undefined)
  assert.equal(horizontalPodAutoscaler.hasGeneration, false)
  assert.deepEqual(problems({}), [])
})

test('a behavior is filled up on both sides', () => {
  const { behavior } = make({ behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }).spec
  assert.deepEqual(behavior, {
    scaleUp: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [
        { type: 'Pods', value: 4, periodSeconds: 15 },
        { type: 'Percent', value: 100, periodSeconds: 15 },
      ],
    },
    scaleDown: {
      stabilizationWindowSeconds: 60,
      selectPolicy: 'Max',
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    },
  })
})

test('annotations that stand for fields of v2 in v1 are not kept in v2', () => {
  const { metadata } = created(horizontalPodAutoscaler, {
    metadata: {
      name: 'web',
      annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '[]', note: 'mine' },
    },
    spec: base,
  })
  assert.deepEqual(metadata.annotations, { note: 'mine' })
})

test('an ordinary update leaves the status', () => {
  const previous = { ...make({}), status: { desiredReplicas: 3, currentMetrics: [] } }
  const next = updated(horizontalPodAutoscaler, previous, {
    spec: { ...base, maxReplicas: 9 },
    status: { desiredReplicas: 1 },
  })
  assert.equal(next.status.desiredReplicas, 3)
  assert.equal(next.spec.maxReplicas, 9)
})

const metric = (type: string, fields: object) => ({ metrics: [{ type, ...fields }] })
const resource = (fields: object) => metric('Resource', { resource: { name: 'cpu', ...fields } })
const wrong: [string, object, string[]][] = [
  [
    'no replicas',
    { minReplicas: 0, maxReplicas: 0 },
    [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.maxReplicas: Required value: must be set and greater than 0',
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ],
  ],
  [
    'fewer at most than at least',
    { minReplicas: 6 },
    ['spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`'],
  ],
  [
    'a target without kind, name and group',
    { scaleTargetRef: {} },
    [
      'spec.scaleTargetRef.kind: Required value',
      'spec.scaleTargetRef.name: Required value',
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
    ],
  ],
  [
    'a target without a group, and metrics that cannot be read: in the order of their fields',
    {
      minReplicas: 0,
      scaleTargetRef: { ...target, apiVersion: 'v1' },
      metrics: [
        {
          type: 'Pods',
          pods: { metric: { name: '' }, target: { type: 'AverageValue', averageValue: '1' } },
        },
      ],
    },
    [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group',
      'spec.metrics[0].pods.metric.name: Required value: must specify a metric name',
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ],
  ],
  [
    'a target whose name is a path',
    { scaleTargetRef: { ...target, name: 'a/b' } },
    ['spec.scaleTargetRef.name: Invalid value: "a/b": may not contain \'/\''],
  ],
  [
    'a version of three parts',
    { scaleTargetRef: { ...target, apiVersion: 'a/b/c' } },
    [
      'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
    ],
  ],
  [
    'a metric of no type',
    { metrics: [{}] },
    [
      'spec.metrics[0].type: Required value: must specify a metric source type',
      'spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
      'spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
    ],
  ],
  [
    'a metric without its source',
    metric('Pods', {}),
    ['spec.metrics[0].pods: Required value: must populate information for the given metric source'],
  ],
  [
    'a metric with a second source',
    metric('Resource', { ...cpu(5), pods: { metric: { name: 'q' }, target: { averageValue: 1 } } }),
    [
      'spec.metrics[0].pods.target.type: Required value: must specify a metric target type',
      'spec.metrics[0].pods.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
      'spec.metrics[0].pods: Forbidden: must populate the given metric source only',
    ],
  ],
  [
    'a resource without a target',
    resource({ target: { type: 'Utilization' } }),
    [
      'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
    ],
  ],
  [
    'a resource with two targets, both of nothing',
    resource({ target: { ...utilization(0), averageValue: '0' } }),
    [
      'spec.metrics[0].resource.target.averageValue: Invalid value: "0": must be positive',
      'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
      'spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization',
    ],
  ],
  [
    'a resource of no name',
    metric('Resource', { resource: { target: utilization(5) } }),
    ['spec.metrics[0].resource.name: Required value: must specify a resource name'],
  ],
  [
    'a resource that containers have not',
    metric('ContainerResource', {
      containerResource: { name: 'gpu', container: 'a', target: utilization(5) },
    }),
    [
      'spec.metrics[0].containerResource.name: Invalid value: "gpu": must be a standard resource type or fully qualified',
      'spec.metrics[0].containerResource.name: Invalid value: "gpu": must be a standard resource for containers',
    ],
  ],
  [
    'a container of no name',
    metric('ContainerResource', { containerResource: { name: 'cpu', target: utilization(5) } }),
    ['spec.metrics[0].containerResource.container: Required value: must specify a container'],
  ],
  [
    'pods without an average',
    metric('Pods', { pods: { metric: {}, target: { type: 'Value', value: '1' } } }),
    [
      'spec.metrics[0].pods.metric.name: Required value: must specify a metric name',
      'spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue',
    ],
  ],
  [
    'an object without a value',
    metric('Object', {
      object: {
        describedObject: { ...target, apiVersion: 'a/b/c' },
        metric: { name: 'a%b' },
        target: { type: 'Value' },
      },
    }),
    [
      'spec.metrics[0].object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      'spec.metrics[0].object.metric.name: Invalid value: "a%b": may not contain \'%\'',
      'spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue',
    ],
  ],
  [
    'something external without a value',
    metric('External', { external: { metric: { name: 'q' }, target: { type: 'Value' } } }),
    [
      'spec.metrics[0].external.target.averageValue: Required value: must set either a target value for metric or a per-pod target',
    ],
  ],
  [
    'something external with two values',
    metric('External', {
      external: { metric: { name: 'q' }, target: { type: 'Value', value: '1', averageValue: '1' } },
    }),
    [
      'spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
    ],
  ],
  [
    'rules beyond all measure',
    {
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 3601,
          selectPolicy: 'Most',
          policies: [{ type: 'All', value: 0, periodSeconds: 1801 }],
          tolerance: '-1',
        },
        scaleDown: { stabilizationWindowSeconds: -1, policies: [{ type: 'Pods', value: 1 }] },
      },
    },
    [
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
      'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"',
      'spec.behavior.scaleUp.policies[0].type: Unsupported value: "All": supported values: "Percent", "Pods"',
      'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
      'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
      'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero',
      'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 0: must be greater than zero',
    ],
  ],
]
for (const [name, spec, expected] of wrong)
  test(`refused: ${name}`, () => assert.deepEqual(problems(spec), expected))

test('a replication controller needs no group', () => {
  assert.deepEqual(problems({ scaleTargetRef: { kind: 'ReplicationController', name: 'web' } }), [])
})

test('versions that were once accepted stay acceptable until they are changed', () => {
  const update = (next: object, previous: object) =>
    lines(horizontalPodAutoscaler.validate(make(next), make(previous))).filter(line =>
      line.includes('apiVersion'),
    )
  const old = { scaleTargetRef: { kind: 'Thing', name: 'a', apiVersion: 'v1' } }
  assert.deepEqual(update({ ...old, maxReplicas: 2 }, old), [])
  assert.deepEqual(update({ scaleTargetRef: { ...old.scaleTargetRef, apiVersion: 'v2' } }, old), [
    'spec.scaleTargetRef.apiVersion: Invalid value: "v2": apiVersion must specify API group',
  ])
  const described = (apiVersion: string) =>
    metric('Object', { object: { describedObject: { ...target, apiVersion } } })
  assert.deepEqual(update(described('a/b/d'), described('a/b/c')), [])
  assert.equal(update(described('a/b/d'), described('v1')).length, 1)
})

test('counts of a status are not negative', () => {
  const object = make({})
  const next = {
    ...object,
    status: { currentReplicas: -1, desiredReplicas: -1, currentMetrics: [] },
  }
  assert.deepEqual(lines(horizontalPodAutoscaler.validateStatusUpdate(next, object)), [
    'status.currentReplicas: Invalid value: -1: must be greater than or equal to 0',
    'status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0',
  ])
})

test('kubectl get shows metrics beside their targets', () => {
  const object = make({ metrics: [cpu(80)] })
  const current = { averageUtilization: 12, averageValue: '5m' }
  const status = {
    desiredReplicas: 2,
    currentReplicas: 2,
    currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current } }],
  }
  assert.deepEqual(rowOf(horizontalPodAutoscaler, { ...object, status }), {
    Name: 'web',
    Reference: 'Deployment/web',
    Targets: 'cpu: 12%/80%',
    MinPods: '1',
    MaxPods: 5,
    Replicas: 2,
    Age: '<unknown>',
  })
  const targets = (...metrics: object[]) =>
    rowOf(horizontalPodAutoscaler, make({ metrics })).Targets
  const name = { name: 'q' }
  const [value, average] = [
    { type: 'Value', value: '7' },
    { type: 'AverageValue', averageValue: '3' },
  ]
  const object1 = { type: 'Object', object: { describedObject: target, metric: name } }
  assert.equal(targets({ ...object1, object: { ...object1.object, target: value } }), '<unknown>/7')
  assert.equal(
    targets({ ...object1, object: { ...object1.object, target: average } }),
    '<unknown>/3 (avg)',
  )
  assert.equal(
    targets(
      { type: 'Pods', pods: { metric: name, target: average } },
      {
        type: 'ContainerResource',
        containerResource: { name: 'memory', container: 'a', target: average },
      },
      { type: 'External', external: { metric: name, target: value } },
      cpu(1),
    ),
    '<unknown>/3, memory: <unknown>/3 + 2 more...',
  )
  assert.equal(targets({ type: 'Moon' }), '<unknown type>')
})
