import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { type StatefulSet, statefulSet } from './stateful-set.ts'

const container = { name: 'db', image: 'db:1', volumeMounts: [{ name: 'data', mountPath: '/d' }] }
const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [container] } }
const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}
const base = {
  selector: { matchLabels: { app: 'db' } },
  serviceName: 'db',
  template,
  volumeClaimTemplates: [claim],
}
const setWith = (spec: object = {}, metadata: object = {}): StatefulSet =>
  created(statefulSet, { metadata: { name: 'db', ...metadata }, spec: { ...base, ...spec } })
const problems = (spec: object) => {
  const object = setWith(spec)
  return lines([...statefulSet.validate(object), ...statefulSet.validateCreate(object)])
}
const updateProblems = (before: StatefulSet, spec: object) => {
  const next = updated(statefulSet, before, { spec: { ...base, ...spec } })
  return lines([...statefulSet.validate(next), ...statefulSet.validateUpdate(next, before)])
}

test('a stateful set goes pod by pod and keeps its claims', () => {
  const { spec, status } = setWith()
  const { template: pods, volumeClaimTemplates, selector: _, ...rest } = spec
  assert.deepEqual(rest, {
    serviceName: 'db',
    podManagementPolicy: 'OrderedReady',
    updateStrategy: {
      type: 'RollingUpdate',
      rollingUpdate: { partition: 0 },
    },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    replicas: 1,
    revisionHistoryLimit: 10,
  })
  assert.equal(pods.spec.restartPolicy, 'Always')
  assert.deepEqual(volumeClaimTemplates, [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { ...claim.spec, volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    },
  ])
  assert.deepEqual(status, { replicas: 0, availableReplicas: 0 })
  assert.deepEqual(problems({}), [])
  assert.equal(statefulSet.nameRule, 'dns1123Label')
})

test('a strategy that was named gets no more than it has', () => {
  const strategyOf = (updateStrategy: object) => setWith({ updateStrategy }).spec.updateStrategy
  assert.deepEqual(strategyOf({ type: 'OnDelete' }), { type: 'OnDelete' })
  assert.deepEqual(strategyOf({ type: 'RollingUpdate' }), { type: 'RollingUpdate' })
  assert.deepEqual(strategyOf({ rollingUpdate: { partition: 2 } }).rollingUpdate, {
    partition: 2,
  })
})

const AT = 'spec.updateStrategy.rollingUpdate'
const rolling = (rollingUpdate: object) => ({ updateStrategy: { rollingUpdate } })
const retention = (policy: object) => ({ persistentVolumeClaimRetentionPolicy: policy })
const pods = (spec: object) => ({ template: { ...template, spec: { ...template.spec, ...spec } } })
const negative = 'must be greater than or equal to 0'
const noName =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const wrong: [name: string, spec: object, expected: string[]][] = [
  [
    'negative numbers',
    { replicas: -1, minReadySeconds: -2, ordinals: { start: -3 } },
    [
      `spec.replicas: Invalid value: -1: ${negative}`,
      `spec.minReadySeconds: Invalid value: -2: ${negative}`,
      `spec.ordinals.start: Invalid value: -3: ${negative}`,
    ],
  ],
  [
    'no selector',
    { selector: undefined },
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"db"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'an empty selector, though it selects all pods',
    { selector: {} },
    ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
  ],
  [
    'a broken selector, and of pods only what no set may have',
    {
      selector: { matchExpressions: [{ key: 'app', operator: 'Near' }] },
      ...pods({ restartPolicy: 'Never', containers: [] }),
    },
    [
      'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
      'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Near"}]}',
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
  ],
  [
    'everything at once, labels of pods twice, as upstream has it',
    {
      podManagementPolicy: 'Random',
      replicas: -1,
      serviceName: 'a.b',
      template: {
        ...template,
        metadata: { labels: { app: 'db', x: 'y' }, annotations: { '!': '' } },
      },
      volumeClaimTemplates: [{ ...claim, spec: { ...claim.spec, accessModes: [] } }],
    },
    [
      `spec.podManagementPolicy: Invalid value: "Random": must be 'OrderedReady' or 'Parallel'`,
      'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
      `spec.replicas: Invalid value: -1: ${negative}`,
      'spec.serviceName: Invalid value: "a.b": must not contain dots',
      `spec.template.annotations: Invalid value: "!": ${noName}`,
      `spec.template.annotations: Invalid value: "!": ${noName}`,
    ],
  ],
  [
    'unknown order',
    { podManagementPolicy: 'Random' },
    [`spec.podManagementPolicy: Invalid value: "Random": must be 'OrderedReady' or 'Parallel'`],
  ],
  [
    'unknown strategy',
    { updateStrategy: { type: 'Never' } },
    [`spec.updateStrategy: Invalid value: {"type":"Never"}: must be 'RollingUpdate' or 'OnDelete'`],
  ],
  [
    'limits by hand',
    { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } },
    [
      `${AT}: Invalid value: {"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy 'RollingUpdate'`,
    ],
  ],
  [
    'no update at all',
    rolling({ partition: -1, maxUnavailable: 0 }),
    [`${AT}.partition: Invalid value: -1: ${negative}`],
  ],
  [
    'unknown retention',
    retention({ whenDeleted: 'Keep', whenScaled: 'Delete' }),
    [
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"',
    ],
  ],
  [
    'a service that cannot be',
    { serviceName: 'a.b' },
    ['spec.serviceName: Invalid value: "a.b": must not contain dots'],
  ],
  [
    'pods that end',
    pods({ restartPolicy: 'Never', activeDeadlineSeconds: 5 }),
    [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported',
    ],
  ],
  [
    'a claim of nothing',
    { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] },
    [
      'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
    ],
  ],
  [
    'mounts without a claim',
    { volumeClaimTemplates: [] },
    ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'],
  ],
]
for (const [name, spec, expected] of wrong)
  test(`refused: ${name}`, () => assert.deepEqual(problems(spec), expected))

test('a claim stands before a volume of its name', () => {
  const broken = { name: 'data', hostPath: { path: '../up' } }
  assert.deepEqual(problems(pods({ volumes: [broken] })), [])
  assert.deepEqual(problems(pods({ volumes: [broken, { ...broken, name: 'other' }] })), [
    'spec.template.spec.volumes[1].hostPath.path: Invalid value: "../up": must not contain \'..\'',
  ])
})

test('what may change, and what not', () => {
  const before = setWith()
  const all = {
    replicas: 3,
    ordinals: { start: 1 },
    ...pods({ hostNetwork: true }),
    ...rolling({ partition: 1 }),
    revisionHistoryLimit: 2,
    ...retention({ whenScaled: 'Delete' }),
    minReadySeconds: 4,
  }
  assert.deepEqual(updateProblems(before, all), [])
  const forbidden =
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  const larger = { ...claim, spec: { ...claim.spec, resources: { requests: { storage: '2Gi' } } } }
  for (const spec of [
    { serviceName: 'other' },
    { podManagementPolicy: 'Parallel' },
    { volumeClaimTemplates: [larger] },
    { selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } },
  ])
    assert.deepEqual(updateProblems(before, spec), [forbidden])
})

test('an old set whose pods or service are wrong can still be scaled', () => {
  const old = { ...pods({ dnsPolicy: 'Guess' }), serviceName: 'a.b' }
  assert.deepEqual(updateProblems(setWith(old), { ...old, replicas: 3 }), [])
  assert.equal(updateProblems(setWith(), pods({ dnsPolicy: 'Guess' })).length, 1)
  // Whether they end was always looked at.
  const ending = pods({ restartPolicy: 'Never' })
  assert.equal(updateProblems(setWith(ending), { ...ending, replicas: 3 }).length, 1)
})

test('counts of a status stand in proportion', () => {
  const object = setWith()
  const status = { replicas: 1, availableReplicas: 2, readyReplicas: 1, currentReplicas: -1 }
  assert.deepEqual(lines(statefulSet.validateStatusUpdate({ ...object, status }, object)), [
    `status.currentReplicas: Invalid value: -1: ${negative}`,
    'status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas',
  ])
  const collided = { ...object, status: { ...object.status, collisionCount: 2 } }
  assert.deepEqual(lines(statefulSet.validateStatusUpdate(object, collided)), [
    'status.collisionCount: Invalid value: 0: cannot be decremented',
  ])
})

test('warns of claims with parts of bytes', () => {
  const resources = { requests: { storage: '100m' } }
  const odd = { volumeClaimTemplates: [{ ...claim, spec: { ...claim.spec, resources } }] }
  const why = 'fractional byte value "100m" is invalid, must be an integer'
  const object = setWith(odd, { generation: 1 })
  assert.deepEqual(statefulSet.warnings(object, undefined), [
    `spec.volumeClaimTemplates[0].resources.requests[storage]: ${why}`,
  ])
  assert.deepEqual(statefulSet.warnings(setWith(odd, { generation: 2 }), object), [
    `spec.volumeClaimTemplates[0].Spec.resources.requests[storage]: ${why}`,
  ])
})

test('warns of a history without end', () => {
  const object = setWith({ revisionHistoryLimit: -2 }, { generation: 1 })
  assert.deepEqual(statefulSet.warnings(object, undefined), [
    'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
  ])
  assert.deepEqual(statefulSet.warnings(object, object), [])
  assert.deepEqual(statefulSet.warnings(setWith({ revisionHistoryLimit: 0 }), undefined), [])
})

test('kubectl get and scale', () => {
  const object = setWith({ replicas: 3 }, { creationTimestamp: '2026-01-01T00:00:00Z' })
  object.status.readyReplicas = 2
  object.status.replicas = 3
  assert.deepEqual(rowOf(statefulSet, object), {
    Name: 'db',
    Ready: '2/3',
    Age: '60m',
    Containers: 'db',
    Images: 'db:1',
  })
  const { scale } = statefulSet.subresources
  assert.equal(scale?.specReplicas(object), 3)
  assert.equal(scale?.statusReplicas(object), 3)
  assert.equal(scale?.selector(object), 'app=db')
  assert.equal(scale?.withReplicas(object, 5).spec.replicas, 5)
  const kept = updated(statefulSet, object, { spec: base, status: { replicas: 9 } })
  assert.equal(kept.status.replicas, 3)
})
