import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Event as CoreEvent, event as coreEvent } from '../../core/v1/event.ts'
import { created, lines, rowOf } from '../../core/v1/testing.ts'
import { fromCoreEvent, toCoreEvent } from './conversion.ts'
import { event } from './event.ts'

/** None is null, though its type, which is that of what clients write, does not say so. */
const time = fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-02T02:02:02Z', null as never)
const text = fc.string({ minLength: 1 })
const reference = fc.record(
  { kind: text, name: text, namespace: text },
  { requiredKeys: [], noNullPrototype: true },
)
const anyCoreEvent: fc.Arbitrary<CoreEvent> = fc
  .record(
    {
      involvedObject: reference,
      reportingComponent: fc.string(),
      reportingInstance: fc.string(),
      source: fc.record(
        { component: text, host: text },
        { requiredKeys: [], noNullPrototype: true },
      ),
      reason: text,
      message: text,
      firstTimestamp: time,
      lastTimestamp: time,
      count: fc.integer({ min: 1 }),
      type: text,
      eventTime: time,
      series: fc.record(
        { count: fc.integer({ min: 1 }), lastObservedTime: time },
        { noNullPrototype: true },
      ),
      action: text,
      related: reference,
    },
    {
      requiredKeys: [
        'involvedObject',
        'reportingComponent',
        'reportingInstance',
        'source',
        'firstTimestamp',
        'lastTimestamp',
        'eventTime',
      ],
      noNullPrototype: true,
    },
  )
  .map(fields => ({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, ...fields }))

test('no event loses anything on its way to the other group and back', () => {
  fc.assert(
    fc.property(anyCoreEvent, original => {
      assert.deepEqual(toCoreEvent(fromCoreEvent(original)), original)
    }),
  )
})

const core = (fields: object) =>
  created(coreEvent, {
    metadata: { name: 'web.1', namespace: 'default' },
    involvedObject: {
      kind: 'Pod',
      name: 'web',
      namespace: 'default',
      fieldPath: 'spec.containers{web}',
    },
    ...fields,
  })

test('kubectl get shows when, what, about whom and by whom', () => {
  const object = core({
    reason: 'Pulled',
    message: ' done \n',
    type: 'Normal',
    count: 3,
    source: { component: 'kubelet', host: 'n1' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:59:30Z',
  })
  const row = {
    'Last Seen': '30s',
    Type: 'Normal',
    Reason: 'Pulled',
    Object: 'pod/web',
    Subobject: 'spec.containers{web}',
    Source: 'kubelet, n1',
    Message: 'done',
    'First Seen': '60m',
    Count: 3,
    Name: 'web.1',
  }
  assert.deepEqual(rowOf(coreEvent, object), row)
  assert.deepEqual(rowOf(event, fromCoreEvent(object)), row)
})

test('an event of the newer style is counted by its series', () => {
  const row = rowOf(
    coreEvent,
    core({
      eventTime: '2026-01-01T00:58:00.000000Z',
      series: { count: 9, lastObservedTime: '2026-01-01T00:59:59.000000Z' },
      reportingComponent: 'scheduler',
    }),
  )
  assert.deepEqual(
    [row['Last Seen'], row['First Seen'], row.Count, row.Source],
    ['1s', '2m', 9, 'scheduler'],
  )
})

test('an event lives in the namespace of its object', () => {
  assert.deepEqual(lines(coreEvent.validate(core({}))), [])
  assert.deepEqual(
    lines(coreEvent.validate(core({ involvedObject: { kind: 'Node', name: 'n' } }))),
    [],
  )
  assert.deepEqual(
    lines(coreEvent.validate(core({ involvedObject: { kind: 'Pod', namespace: 'other' } }))),
    ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
  )
})

test('the newer group asks for more', () => {
  const problems = lines(event.validate(fromCoreEvent(core({}))))
  for (const field of ['eventTime', 'reportingController', 'reportingInstance', 'action', 'reason'])
    assert.ok(problems.includes(`${field}: Required value`), problems.join('\n'))
})

test('field selectors of both groups read the same', () => {
  const object = core({ reason: 'Pulled', source: { component: 'kubelet' } })
  assert.equal(coreEvent.fieldSelectors['involvedObject.name']?.(object), 'web')
  assert.equal(coreEvent.fieldSelectors.source?.(object), 'kubelet')
  assert.equal(event.fieldSelectors['regarding.name']?.(fromCoreEvent(object)), 'web')
})
