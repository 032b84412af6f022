import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Event as CoreEvent, event as coreEvent } from '../../core/v1/event.ts'
import { validateEvent } from '../../core/v1/event.validation.ts'
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

const NEW_API = 'events.k8s.io'
const problems = (group: string, fields: object) => lines(validateEvent(group, core(fields)))
const newStyle = {
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingComponent: 'example.com/c',
  reportingInstance: 'i',
  action: 'A',
  reason: 'R',
  type: 'Normal',
}

test('an event of the older style lives in the namespace of its object', () => {
  assert.deepEqual(problems('', {}), [])
  assert.deepEqual(problems('', { involvedObject: { kind: 'Node', name: 'n' } }), [])
  const elsewhere = { involvedObject: { kind: 'Pod', namespace: 'other' } }
  assert.deepEqual(problems('', elsewhere), [
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ])
  assert.deepEqual(problems('', { ...newStyle, ...elsewhere }), [])
})

test('an event of the newer style says more, under the names of the API that is asked', () => {
  assert.deepEqual(problems('', { ...newStyle, type: 'Other' }), [])
  const bare = { eventTime: newStyle.eventTime, type: 'Normal' }
  for (const [group, reporter] of [
    ['', 'reportingComponent'],
    [NEW_API, 'reportingController'],
  ] as const) {
    const found = problems(group, bare)
    for (const field of [reporter, 'reportingInstance', 'action', 'reason'])
      assert.ok(found.includes(`${field}: Required value`), found.join('\n'))
    assert.equal(found[1], `${reporter}: Invalid value: "": name part must be non-empty`)
  }
})

test('the newer API asks for more', () => {
  assert.deepEqual(problems(NEW_API, newStyle), [])
  assert.deepEqual(problems(NEW_API, { type: 'Normal' }), ['eventTime: Required value'])
  assert.deepEqual(problems(NEW_API, { ...newStyle, type: 'Other', series: { count: 1 } }), [
    'series.count: Invalid value: "": should be at least 2',
    'series.lastObservedTime: Required value',
    'type: Invalid value: "": has invalid value: Other',
  ])
})

test('through the newer API only the series of an event goes on', () => {
  const before = core(newStyle)
  const update = (group: string, fields: object) =>
    lines(validateEvent(group, core({ ...newStyle, ...fields }), before))
  assert.deepEqual(
    update(NEW_API, { series: { count: 2, lastObservedTime: newStyle.eventTime } }),
    [],
  )
  assert.deepEqual(update(NEW_API, { reason: 'S' }), [
    'reason: Invalid value: "S": field is immutable',
  ])
  assert.deepEqual(update('', { reason: 'S' }), [])
})

test('field selectors of both groups read the same', () => {
  const object = core({ reason: 'Pulled', source: { component: 'kubelet' } })
  assert.equal(coreEvent.fieldSelectors['involvedObject.name']?.(object), 'web')
  assert.equal(coreEvent.fieldSelectors.source?.(object), 'kubelet')
  assert.equal(event.fieldSelectors['regarding.name']?.(fromCoreEvent(object)), 'web')
})
