import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { daemonSet } from './daemon-set.ts'

const template = {
  metadata: { labels: { app: 'log' } },
  spec: {
    containers: [{ name: 'log', image: 'fluent:2' }],
    nodeSelector: { zone: 'b', disk: 'a' },
  },
}
const base = { selector: { matchLabels: { app: 'log' } }, template }
const COUNT = 'deprecated.daemonset.template.generation'
const problems = (spec: object) =>
  lines(daemonSet.validate(created(daemonSet, { spec: { ...base, ...spec } })))

test('a daemon set changes one node at a time', () => {
  const { spec, status } = created(daemonSet, { spec: base, status: { numberReady: 7 } })
  assert.deepEqual(spec.updateStrategy, {
    type: 'RollingUpdate',
    rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
  })
  assert.equal(spec.revisionHistoryLimit, 10)
  assert.equal(spec.template.spec.restartPolicy, 'Always')
  assert.deepEqual(status, {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  })
  assert.deepEqual(problems({}), [])
  const { spec: byHand } = created(daemonSet, {
    spec: { ...base, updateStrategy: { type: 'OnDelete' } },
  })
  assert.deepEqual(byHand.updateStrategy, { type: 'OnDelete' })
})

test('a count of templates that is none is no daemon set', () => {
  const counted = (count: string) => () =>
    defaulted(daemonSet, { metadata: { annotations: { [COUNT]: count } }, spec: base })
  for (const count of ['x', '', '4e1', ' 4'])
    assert.throws(counted(count), {
      message: `DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv.ParseInt: parsing "${count}": invalid syntax`,
    })
  assert.throws(counted('99999999999999999999'), /: value out of range$/)
  for (const count of ['0', '-4', '+4']) assert.doesNotThrow(counted(count))
  const much = created(daemonSet, {
    metadata: { annotations: { [COUNT]: '9007199254740993' } },
    spec: base,
  })
  assert.equal(much.metadata.annotations?.[COUNT], '9007199254740993')
})

test('an annotation counts the templates', () => {
  const first = created(daemonSet, { spec: base })
  assert.equal(first.metadata.annotations?.[COUNT], '1')
  const same = updated(daemonSet, first, {
    metadata: { name: 'web', annotations: { [COUNT]: '9', own: 'x' } },
    spec: { ...base, minReadySeconds: 3 },
  })
  assert.deepEqual(same.metadata.annotations, { [COUNT]: '1', own: 'x' })
  const spec = { ...template.spec, hostNetwork: true }
  const other = updated(daemonSet, same, { spec: { ...base, template: { ...template, spec } } })
  assert.equal(other.metadata.annotations?.[COUNT], '2')
  const written = structuredClone(other)
  written.metadata.annotations = { own: 'y' }
  daemonSet.prepareForStatusUpdate(written, other)
  assert.deepEqual(written.metadata.annotations, { [COUNT]: '2', own: 'y' })
  const restored = created(daemonSet, {
    metadata: { name: 'web', annotations: { [COUNT]: '4' } },
    spec: base,
  })
  assert.equal(restored.metadata.annotations?.[COUNT], '4')
})

const rolling = (rollingUpdate: object) => ({ updateStrategy: { rollingUpdate } })
const AT = 'spec.updateStrategy.rollingUpdate'
const wrong: [string, object, string[]][] = [
  [
    'no selector',
    { selector: undefined },
    [
      'spec.template.metadata.labels: Invalid value: {"app":"log"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'an empty selector, though it selects all pods',
    { selector: {} },
    ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
  ],
  [
    'a broken selector, of which nobody knows what it selects',
    { selector: { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['a'] }] } },
    [
      "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    ],
  ],
  [
    'pods with a deadline',
    { template: { ...template, spec: { ...template.spec, activeDeadlineSeconds: 5 } } },
    [
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported',
    ],
  ],
  [
    'negative times',
    { minReadySeconds: -1, revisionHistoryLimit: -2 },
    [
      'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.revisionHistoryLimit: Invalid value: -2: must be greater than or equal to 0',
    ],
  ],
  [
    'both at once',
    rolling({ maxUnavailable: 1, maxSurge: '10%' }),
    [`${AT}.maxSurge: Invalid value: "10%": may not be set when maxUnavailable is non-zero`],
  ],
  [
    'neither',
    rolling({ maxUnavailable: 0 }),
    [`${AT}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`],
  ],
  [
    'too much',
    rolling({ maxUnavailable: 0, maxSurge: '101%' }),
    [`${AT}.maxSurge: Invalid value: "101%": must not be greater than 100%`],
  ],
  [
    'no percentage',
    rolling({ maxUnavailable: 'many' }),
    [
      `${AT}.maxUnavailable: Invalid value: "many": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`,
      `${AT}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`,
    ],
  ],
  [
    'unknown strategy',
    { updateStrategy: { type: 'Never' } },
    [
      'spec.updateStrategy: Unsupported value: {"type":"Never"}: supported values: "RollingUpdate", "OnDelete"',
    ],
  ],
]
for (const [name, spec, expected] of wrong)
  test(`refused: ${name}`, () => assert.deepEqual(problems(spec), expected))

test('the selector never changes', () => {
  const previous = created(daemonSet, { spec: base })
  const labels = { app: 'log', tier: 'node' }
  const next = updated(daemonSet, previous, {
    spec: {
      selector: { matchLabels: labels },
      template: { ...template, metadata: { labels } },
    },
  })
  assert.deepEqual(lines(daemonSet.validateUpdate(next, previous)), [
    'spec.selector: Invalid value: {"matchLabels":{"app":"log","tier":"node"}}: field is immutable',
  ])
})

test('counts of a status are not negative', () => {
  const object = created(daemonSet, { spec: base })
  const status = { ...object.status, numberReady: -1, numberAvailable: -2, collisionCount: 1 }
  const next = { ...object, status }
  assert.deepEqual(lines(daemonSet.validateStatusUpdate(next, object)), [
    'status.numberReady: Invalid value: -1: must be greater than or equal to 0',
    'status.numberAvailable: Invalid value: -2: must be greater than or equal to 0',
  ])
  assert.deepEqual(lines(daemonSet.validateStatusUpdate(object, next)), [
    'status.collisionCount: Invalid value: 0: cannot be decremented',
  ])
})

test('an ordinary update keeps the status', () => {
  const previous = created(daemonSet, { spec: base })
  previous.status.numberReady = 2
  const next = updated(daemonSet, previous, { spec: base, status: { numberReady: 9 } })
  assert.equal(next.status.numberReady, 2)
})

test('kubectl get shows nodes', () => {
  const object = created(daemonSet, { spec: base })
  object.metadata.creationTimestamp = '2026-01-01T00:00:00Z'
  object.status = {
    desiredNumberScheduled: 5,
    currentNumberScheduled: 4,
    numberMisscheduled: 1,
    numberReady: 3,
    updatedNumberScheduled: 2,
  }
  assert.deepEqual(rowOf(daemonSet, object), {
    Name: 'web',
    Desired: 5,
    Current: 4,
    Ready: 3,
    'Up-to-date': 2,
    Available: 0,
    'Node Selector': 'disk=a,zone=b',
    Age: '60m',
    Containers: 'log',
    Images: 'fluent:2',
    Selector: 'app=log',
  })
})

test('the count of templates is there before anybody sets it, as a field is, and no table shows it', () => {
  const { metadata } = defaulted(daemonSet, { metadata: { name: 'x' }, spec: {} })
  assert.equal(metadata.annotations?.[COUNT], '0')
  assert.deepEqual(daemonSet.metadataAlone({ name: 'x', annotations: { [COUNT]: '3' } }), {
    name: 'x',
  })
  const both = { name: 'x', annotations: { [COUNT]: '3', a: 'b' } }
  assert.deepEqual(daemonSet.metadataAlone(both), { name: 'x', annotations: { a: 'b' } })
})
