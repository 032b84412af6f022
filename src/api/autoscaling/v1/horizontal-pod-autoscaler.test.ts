import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { created, defaulted, rowOf } from '../../core/v1/testing.ts'
import { decodeObject } from '../../machinery/decode.ts'
import { horizontalPodAutoscaler as v2 } from '../v2/horizontal-pod-autoscaler.ts'
import { fromStored, toStored } from './conversion.ts'
import { horizontalPodAutoscaler as v1 } from './horizontal-pod-autoscaler.ts'
import { ROUND_TRIP } from './round-trip.ts'

const scaleTargetRef = { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }
const base = { scaleTargetRef, maxReplicas: 5 }
const cpu = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})
const memory = {
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
}
const stored = (spec: object, status: object = {}) =>
  defaulted(v2, { spec: { ...base, ...spec }, status })
const annotated = (annotations: Record<string, string>, spec: object = {}) =>
  toStored(defaulted(v1, { metadata: { name: 'web', annotations }, spec: { ...base, ...spec } }))

test('v1 says how much cpu, in a field of its own', () => {
  const object = defaulted(v1, { spec: { ...base, targetCPUUtilizationPercentage: 60 } })
  assert.equal(object.spec.minReplicas, 1)
  assert.deepEqual(toStored(object).spec, { ...base, minReplicas: 1, metrics: [cpu(60)] })
  assert.deepEqual(fromStored(toStored(object)), object)
})

test('nothing said is 80% of cpu', () => {
  assert.deepEqual(toStored(defaulted(v1, { spec: base })).spec.metrics, [cpu(80)])
})

test('other metrics stand in an annotation, in the words of v1', () => {
  const { spec, metadata } = fromStored(stored({ metrics: [memory, cpu(60)] }))
  assert.equal(spec.targetCPUUtilizationPercentage, 60)
  assert.deepEqual(JSON.parse(metadata.annotations?.[ROUND_TRIP.metrics] ?? ''), [
    { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
  ])
})

test('every source has words of its own in v1', () => {
  const metric = { name: 'q', selector: { matchLabels: { a: 'b' } } }
  const [value, average] = [
    { type: 'Value', value: '7' },
    { type: 'AverageValue', averageValue: '3' },
  ]
  const metrics = [
    { type: 'Object', object: { describedObject: scaleTargetRef, metric, target: value } },
    { type: 'Pods', pods: { metric, target: average } },
    { type: 'External', external: { metric, target: value } },
    {
      type: 'ContainerResource',
      containerResource: { name: 'memory', container: 'a', target: average },
    },
  ]
  const object = stored({ metrics })
  const shown = fromStored(object)
  const selector = metric.selector
  assert.deepEqual(JSON.parse(shown.metadata.annotations?.[ROUND_TRIP.metrics] ?? ''), [
    {
      type: 'Object',
      object: { target: scaleTargetRef, metricName: 'q', selector, targetValue: '7' },
    },
    { type: 'Pods', pods: { metricName: 'q', selector, targetAverageValue: '3' } },
    { type: 'External', external: { metricName: 'q', metricSelector: selector, targetValue: '7' } },
    {
      type: 'ContainerResource',
      containerResource: { name: 'memory', container: 'a', targetAverageValue: '3' },
    },
  ])
  assert.deepEqual(toStored(shown), object)
})

test('the behavior stands in an annotation, under the names that upstream gives', () => {
  const object = stored({ behavior: { scaleUp: { tolerance: '100m' } } })
  const shown = fromStored(object)
  const written = JSON.parse(shown.metadata.annotations?.[ROUND_TRIP.behavior] ?? '')
  assert.deepEqual(written.ScaleUp, {
    StabilizationWindowSeconds: 0,
    SelectPolicy: 'Max',
    Policies: [
      { Type: 'Pods', Value: 4, PeriodSeconds: 15 },
      { Type: 'Percent', Value: 100, PeriodSeconds: 15 },
    ],
    Tolerance: '100m',
  })
  assert.deepEqual(written.ScaleDown, {
    StabilizationWindowSeconds: null,
    SelectPolicy: 'Max',
    Policies: [{ Type: 'Percent', Value: 100, PeriodSeconds: 15 }],
    Tolerance: null,
  })
  assert.deepEqual(toStored(shown), object)
})

test('conditions and current metrics stand in annotations', () => {
  const status = {
    desiredReplicas: 2,
    currentReplicas: 1,
    conditions: [{ type: 'AbleToScale', status: 'True', lastTransitionTime: null }],
    currentMetrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', current: { averageUtilization: 9, averageValue: '3m' } },
      },
    ],
  }
  const shown = fromStored(stored({ metrics: [cpu(50)] }, status))
  assert.equal(shown.status.currentCPUUtilizationPercentage, 9)
  const { annotations = {} } = shown.metadata
  assert.deepEqual(Object.keys(annotations), [ROUND_TRIP.conditions, ROUND_TRIP.currentMetrics])
  assert.deepEqual(JSON.parse(annotations[ROUND_TRIP.currentMetrics] ?? ''), [
    {
      type: 'Resource',
      resource: { name: 'cpu', currentAverageUtilization: 9, currentAverageValue: '3m' },
    },
  ])
  assert.deepEqual(toStored(shown).status, status)
})

test('a client of v1 changes the cpu and keeps the rest', () => {
  for (const metrics of [
    [memory, cpu(60)],
    [cpu(60), memory],
    [cpu(60), memory, cpu(70)],
  ]) {
    const shown = fromStored(stored({ metrics }))
    const change = (targetCPUUtilizationPercentage?: number) =>
      toStored({
        ...shown,
        spec: {
          ...base,
          minReplicas: 1,
          ...(targetCPUUtilizationPercentage ? { targetCPUUtilizationPercentage } : {}),
        },
      }).spec.metrics
    const first = metrics.findIndex(({ resource }) => resource.name === 'cpu')
    assert.deepEqual(change(90), metrics.with(first, cpu(90)))
    assert.deepEqual(change(), [memory])
  }
})

test('annotations that are not what they should be count for nothing', () => {
  for (const text of ['', '{', '{}', '[1]', 'null', '[{"type":1}]', '[{"type":"Pods","pods":5}]']) {
    const object = annotated({
      [ROUND_TRIP.metrics]: text,
      [ROUND_TRIP.behavior]: text,
      [ROUND_TRIP.conditions]: text,
      [ROUND_TRIP.currentMetrics]: text,
      note: 'mine',
    })
    assert.deepEqual(object.metadata.annotations, { note: 'mine' }, text)
    assert.equal(object.spec.behavior, undefined, text)
    // What it reads as has the right types, whatever it may mean.
    assert.deepEqual(decodeObject(v2, object).unknownFields, [], text)
  }
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  assert.equal(annotated({ [ROUND_TRIP.behavior]: deep }).spec.behavior, undefined)
  assert.deepEqual(annotated({ [ROUND_TRIP.metrics]: deep }).spec.metrics, [cpu(80)])
})

const amount = fc.constantFrom('0', '1', '500m', '1Gi')
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const name = fc.constantFrom('cpu', 'memory', 'q')
const values = fc.record(
  { value: amount, averageValue: amount, averageUtilization: fc.constantFrom(0, 50) },
  { requiredKeys: [] },
)
const targets = fc
  .tuple(fc.constantFrom('', 'Utilization', 'Value', 'AverageValue'), values)
  .map(([type, rest]) => ({ type, ...rest }))
const metric = fc.record(
  { name, selector: fc.constant({ matchLabels: { a: 'b' } }) },
  { requiredKeys: ['name'] },
)
const described = fc.constant(scaleTargetRef)
const sources = (field: 'target' | 'current', value: fc.Arbitrary<object>) => {
  const fields = { [field]: value }
  return fc.record(
    {
      type: fc.constantFrom('Object', 'Pods', 'Resource', 'ContainerResource', 'External'),
      object: fc.record({ describedObject: described, metric, ...fields }),
      pods: fc.record({ metric, ...fields }),
      resource: fc.record({ name, ...fields }),
      containerResource: fc.record({ name, container: name, ...fields }),
      external: fc.record({ metric, ...fields }),
    },
    { requiredKeys: ['type'] },
  )
}
const rules = fc.record(
  {
    stabilizationWindowSeconds: fc.constantFrom(0, 5),
    selectPolicy: fc.constantFrom('Max', 'Min'),
    policies: fc.array(fc.constant({ type: 'Pods', value: 1, periodSeconds: 5 }), { maxLength: 2 }),
    tolerance: amount,
  },
  { requiredKeys: [] },
)
const objects = fc.record({
  metadata: fc.record(
    { name: fc.constant('web'), annotations: fc.constantFrom({}, { note: 'mine' }) },
    { requiredKeys: ['name'] },
  ),
  spec: fc.record(
    {
      scaleTargetRef: described,
      maxReplicas: fc.constant(5),
      minReplicas: fc.constantFrom(0, 2),
      metrics: fc.array(fc.oneof(sources('target', targets), fc.constant(cpu(60))), {
        maxLength: 3,
      }),
      behavior: fc.record({ scaleUp: rules, scaleDown: rules }, { requiredKeys: [] }),
    },
    { requiredKeys: ['scaleTargetRef', 'maxReplicas'] },
  ),
  status: fc.record(
    {
      observedGeneration: maybe(fc.constantFrom(0, 3)),
      currentReplicas: fc.constantFrom(0, 2),
      desiredReplicas: fc.constant(2),
      currentMetrics: fc.array(sources('current', values), { maxLength: 2 }),
      conditions: fc.array(fc.constant({ type: 'A', status: 'True', reason: 'B' }), {
        maxLength: 1,
      }),
    },
    { requiredKeys: ['desiredReplicas'] },
  ),
})

test('nothing is lost on the way from v2 to v1 and back, whatever it says', () => {
  fc.assert(
    fc.property(objects, body => {
      const object = defaulted(v2, body)
      const shown = fromStored(object)
      assert.deepEqual(toStored(shown), object)
      // What is shown is a right object of v1, and stays it once it was sent back.
      assert.deepEqual(defaulted(v1, { ...shown }), shown)
      assert.deepEqual(fromStored(toStored(shown)), shown)
    }),
    { numRuns: 300 },
  )
})

test('the table is that of v2', () => {
  const object = created(v2, { spec: { ...base, metrics: [memory] } })
  assert.deepEqual(rowOf(v1, fromStored(object)), rowOf(v2, object))
})

test('what is written into annotations has the order of upstream, and tables are without it', () => {
  const currentMetrics = [
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 7 } } },
  ]
  const { metadata } = fromStored(stored({}, { currentMetrics }))
  assert.equal(
    metadata.annotations?.[ROUND_TRIP.currentMetrics],
    '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"0"}}]',
  )
  const own = { name: 'web', annotations: { ...metadata.annotations, mine: 'x' } }
  assert.deepEqual(v1.metadataAlone(own), { name: 'web', annotations: { mine: 'x' } })
})
