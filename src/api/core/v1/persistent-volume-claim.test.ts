import assert from 'node:assert/strict'
import { test } from 'node:test'
import { persistentVolumeClaim } from './persistent-volume-claim.ts'
import {
  changeProblemsOf,
  created,
  defaulted,
  lines,
  problemsOf,
  rowOf,
  updated,
} from './testing.ts'

const CLASS = 'volume.beta.kubernetes.io/storage-class'
const size = (storage: string) => ({ requests: { storage } })
const minimal = { accessModes: ['ReadWriteOnce'], resources: size('1Gi') }

test('a claim is pending at first and wants a file system', () => {
  const object = created(persistentVolumeClaim, { spec: minimal, status: { phase: 'Bound' } })
  assert.deepEqual(object.status, { phase: 'Pending' })
  assert.equal(object.spec.volumeMode, 'Filesystem')
  assert.deepEqual(problemsOf(persistentVolumeClaim, { spec: minimal }), [])
})

test('an update keeps the status', () => {
  const previous = defaulted(persistentVolumeClaim, { spec: minimal, status: { phase: 'Bound' } })
  assert.deepEqual(updated(persistentVolumeClaim, previous, { spec: minimal }).status, {
    phase: 'Bound',
  })
})

const claim = { kind: 'PersistentVolumeClaim', name: 'old' }
const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'old' }
const other = { apiGroup: 'example.com', kind: 'Backup', name: 'old' }
const dataSources: [string, object, object][] = [
  [
    'an old source fills in the new one',
    { dataSource: claim },
    { dataSource: claim, dataSourceRef: claim },
  ],
  [
    'a new source fills in the old one',
    { dataSourceRef: snapshot },
    { dataSource: snapshot, dataSourceRef: snapshot },
  ],
  ['the old one names claims and snapshots only', { dataSource: other }, {}],
  [
    'the new one names anything',
    { dataSourceRef: other },
    { dataSource: other, dataSourceRef: other },
  ],
  ['no source in another namespace', { dataSourceRef: { ...claim, namespace: 'other' } }, {}],
]
for (const [name, given, expected] of dataSources)
  test(`data sources: ${name}`, () => {
    const { spec } = created(persistentVolumeClaim, { spec: { ...minimal, ...given } })
    const { dataSource, dataSourceRef } = spec
    assert.deepEqual(
      { ...(dataSource && { dataSource }), ...(dataSourceRef && { dataSourceRef }) },
      expected,
    )
  })

test('an update by an old client that knows no dataSourceRef keeps the source', () => {
  const before = { spec: { ...minimal, dataSource: other, dataSourceRef: other } }
  const previous = defaulted(persistentVolumeClaim, before)
  const next = updated(persistentVolumeClaim, previous, { spec: { ...minimal, dataSource: other } })
  assert.deepEqual(next.spec.dataSourceRef, other)
})

const MODES =
  'supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
const wrongClaims: [string, object, string[]][] = [
  [
    'empty',
    { accessModes: [], resources: {} },
    [
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ],
  ],
  [
    'unknown mode',
    { accessModes: ['Sometimes'] },
    [`spec.accessModes: Unsupported value: "Sometimes": ${MODES}`],
  ],
  [
    'one pod and many',
    { accessModes: ['ReadWriteOncePod', 'ReadWriteMany'] },
    ['spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes'],
  ],
  [
    'no size',
    { resources: size('0') },
    ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
  ],
  [
    'strange selector',
    { selector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } },
    [
      'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
    ],
  ],
  [
    'unknown volume mode',
    { volumeMode: 'Tape' },
    ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
  ],
  [
    'nothing of the core group but claims',
    { dataSourceRef: { kind: 'Pod', name: 'a' } },
    [
      'spec.dataSource: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      'spec.dataSourceRef: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
    ],
  ],
  [
    'sources that differ',
    { dataSource: claim, dataSourceRef: { ...claim, name: 'new' } },
    ['spec: Invalid value: {}: must match dataSourceRef'],
  ],
]
for (const [name, spec, expected] of wrongClaims)
  test(`a claim is refused: ${name}`, () => {
    const body = { spec: { ...minimal, ...spec } }
    assert.deepEqual(problemsOf(persistentVolumeClaim, body), expected)
  })

for (const field of ['storageClassName', 'volumeAttributesClassName'])
  test(`the name of a class is a subdomain: ${field}`, () => {
    const [problem = ''] = problemsOf(persistentVolumeClaim, {
      spec: { ...minimal, [field]: 'No' },
    })
    assert.match(problem, new RegExp(`^spec.${field}: Invalid value: "No": a lowercase RFC 1123`))
  })

const bound = { phase: 'Bound', capacity: { storage: '1Gi' } }
const IMMUTABLE =
  'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n'
const changes: [string, { before?: object; after: object; status?: object }, string[]][] = [
  ['a volume is bound once', { after: { volumeName: 'pv' } }, []],
  [
    'and no other after it',
    { before: { volumeName: 'pv' }, after: { volumeName: 'other' } },
    [`${IMMUTABLE}- spec.volumeName: "pv"\n+ spec.volumeName: "other"\n`],
  ],
  ['a bound claim grows', { after: { resources: size('2Gi') }, status: bound }, []],
  [
    'another does not',
    { after: { resources: size('2Gi') } },
    [
      `${IMMUTABLE}- spec.resources.requests.storage: "1Gi"\n+ spec.resources.requests.storage: "2Gi"\n`,
    ],
  ],
  [
    'it shrinks back while growing has not been done',
    { before: { resources: size('9Gi') }, after: { resources: size('2Gi') }, status: bound },
    [],
  ],
  [
    'but not to what it has',
    { before: { resources: size('9Gi') }, after: { resources: size('1Gi') }, status: bound },
    ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
  ],
  [
    'no class is not the empty one',
    { before: { storageClassName: '' }, after: {}, status: bound },
    [`${IMMUTABLE}- spec.storageClassName: ""\n`],
  ],
  ['a class comes later', { after: { storageClassName: 'fast' } }, []],
  [
    'and stays',
    { before: { storageClassName: 'fast' }, after: { storageClassName: 'slow' } },
    [`${IMMUTABLE}- spec.storageClassName: "fast"\n+ spec.storageClassName: "slow"\n`],
  ],
  [
    'another class of attributes',
    {
      before: { volumeAttributesClassName: 'a' },
      after: { volumeAttributesClassName: 'b' },
      status: bound,
    },
    [],
  ],
  ['or none', { before: { volumeAttributesClassName: 'a' }, after: {}, status: bound }, []],
  [
    'or an empty one',
    {
      before: { volumeAttributesClassName: 'a' },
      after: { volumeAttributesClassName: '' },
      status: bound,
    },
    [],
  ],
  [
    'another mode',
    { after: { volumeMode: 'Block' } },
    [
      `${IMMUTABLE}- spec.volumeMode: "Filesystem"\n+ spec.volumeMode: "Block"\n`,
      'volumeMode: Invalid value: "Block": field is immutable',
    ],
  ],
]
for (const [name, { before = {}, after, status = {} }, expected] of changes)
  test(`changing a claim: ${name}`, () => {
    const was = { spec: { ...minimal, ...before }, status }
    const becomes = { spec: { ...minimal, ...after } }
    assert.deepEqual(changeProblemsOf(persistentVolumeClaim, was, becomes), expected)
  })

test('the class moves from its old annotation into the field, and nothing else comes of it', () => {
  const metadata = { name: 'web', annotations: { [CLASS]: 'fast' } }
  const change = (after: object) =>
    changeProblemsOf(persistentVolumeClaim, { metadata, spec: minimal }, { ...after })
  assert.deepEqual(change({ metadata, spec: { ...minimal, storageClassName: 'fast' } }), [])
  assert.deepEqual(change({ metadata: { name: 'web' }, spec: minimal }), [
    `metadata.${CLASS}: Invalid value: "": field is immutable`,
  ])
  assert.deepEqual(change({ metadata, spec: { ...minimal, storageClassName: 'slow' } }), [
    `${IMMUTABLE}+ spec.storageClassName: "slow"\n`,
  ])
})

test('a status has amounts and states that exist', () => {
  const object = defaulted(persistentVolumeClaim, {
    spec: minimal,
    status: {
      capacity: { storage: '-1' },
      allocatedResourceStatuses: { cpu: 'NodeResizePending', storage: 'Shrinking' },
      allocatedResources: { storage: '-2', memory: '1' },
    },
  })
  assert.deepEqual(lines(persistentVolumeClaim.validateStatusUpdate(object, object)), [
    'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
    'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "storage"',
    'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
    'status.allocatedResources: Unsupported value: "memory": supported values: "storage"',
    'status.allocatedResources[storage]: Invalid value: "-2": must be greater than or equal to 0',
  ])
})

test('old annotations and broken bytes are told', () => {
  const object = created(persistentVolumeClaim, {
    metadata: { name: 'web', annotations: { [CLASS]: 'fast' } },
    spec: { ...minimal, resources: size('1500m') },
  })
  assert.deepEqual(persistentVolumeClaim.warnings(object, undefined), [
    `metadata.annotations[${CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`,
    'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
  ])
})

test('kubectl get shows what a claim has got', () => {
  const waiting = created(persistentVolumeClaim, { spec: minimal })
  assert.deepEqual(rowOf(persistentVolumeClaim, waiting), {
    Name: 'web',
    Status: 'Pending',
    Volume: '',
    Capacity: '',
    'Access Modes': '',
    StorageClass: '',
    VolumeAttributesClass: '<unset>',
    Age: '<unknown>',
    VolumeMode: 'Filesystem',
  })
  const got = defaulted(persistentVolumeClaim, {
    metadata: { name: 'web', deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      ...minimal,
      volumeName: 'pv',
      storageClassName: 'fast',
      volumeAttributesClassName: 'a',
    },
    status: { ...bound, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] },
  })
  const row = rowOf(persistentVolumeClaim, got)
  assert.deepEqual(
    [row.Status, row.Volume, row.Capacity, row['Access Modes'], row.StorageClass],
    ['Terminating', 'pv', '1Gi', 'RWO,RWX', 'fast'],
  )
  assert.equal(row.VolumeAttributesClass, 'a')
})
