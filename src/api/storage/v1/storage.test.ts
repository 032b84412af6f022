import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { created, defaulted, lines, rowOf } from '../../core/v1/testing.ts'
import type { KindDefinition } from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { volumeAttributesClass as betaAttributesClass } from '../v1beta1/volume-attributes-class.ts'
import { csiDriver } from './csi-driver.ts'
import { csiNode } from './csi-node.ts'
import { csiStorageCapacity } from './csi-storage-capacity.ts'
import { storageClass } from './storage-class.ts'
import { volumeAttributesClass } from './volume-attributes-class.ts'

const provisioner = 'disk.example.com'
const KEY_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

/** Created from `body`: what is wrong with it. */
function problems<T extends KubernetesObject>(kind: KindDefinition<T>, body: object): string[] {
  return lines(kind.validate(created(kind, { ...body })))
}

/** Created from `before`, then updated to `after`: what is wrong with the change. */
function changeProblems<T extends KubernetesObject>(
  kind: KindDefinition<T>,
  before: object,
  after: object,
): string[] {
  const previous = created(kind, { ...before })
  return lines(kind.validateUpdate(defaulted(kind, { ...after }), previous))
}

test('a storage class deletes its volumes and binds at once unless it says otherwise', () => {
  const object = created(storageClass, { provisioner })
  assert.equal(object.reclaimPolicy, 'Delete')
  assert.equal(object.volumeBindingMode, 'Immediate')
  assert.equal(object.allowVolumeExpansion, undefined)
  assert.deepEqual(lines(storageClass.validate(object)), [])
})

const term = (...labels: [string, string[]][]) => ({
  matchLabelExpressions: labels.map(([key, values]) => ({ key, values })),
})
const many = Object.fromEntries(Array.from({ length: 513 }, (_, index) => [`k${index}`, '']))
const wrongClasses: [string, object, string[]][] = [
  ['without provisioner', { provisioner: '' }, ['provisioner: Required value']],
  [
    'with a strange provisioner',
    { provisioner: 'Not valid' },
    [`provisioner: Invalid value: "not valid": ${KEY_RULE}`],
  ],
  [
    'with an empty key',
    { parameters: { '': 'x' } },
    ['parameters: Invalid value: "": field can not be empty.'],
  ],
  [
    'with too many keys',
    { parameters: many },
    ['parameters: Too long: may not be more than 512 bytes'],
  ],
  [
    'with too much text',
    { parameters: { a: 'x'.repeat(256 * 1024) } },
    ['parameters: Too long: may not be more than 262144 bytes'],
  ],
  [
    'that recycles',
    { reclaimPolicy: 'Recycle' },
    ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
  ],
  [
    'that binds some day',
    { volumeBindingMode: 'Later' },
    [
      'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
    ],
  ],
  [
    'with a place twice',
    { allowedTopologies: [term(['zone', ['a', 'b']]), term(['zone', ['b', 'a']])] },
    ['allowedTopologies[1].matchLabelExpressions: Duplicate value: ""'],
  ],
  [
    'with an empty place',
    { allowedTopologies: [{}] },
    ['allowedTopologies[0].matchLabelExpressions: Duplicate value: ""'],
  ],
  [
    'with broken places',
    { allowedTopologies: [term(['zone', []], ['zone', ['a', 'a']], ['', ['a']])] },
    [
      'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
      'allowedTopologies[0].matchLabelExpressions[1].values[1]: Duplicate value: "a"',
      'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "zone"',
      'allowedTopologies[0].matchLabelExpressions[2].key: Invalid value: "": name part must be non-empty',
      `allowedTopologies[0].matchLabelExpressions[2].key: Invalid value: "": ${KEY_RULE}`,
    ],
  ],
]
for (const [name, body, expected] of wrongClasses)
  test(`refused storage class ${name}`, () => {
    assert.deepEqual(problems(storageClass, { provisioner, ...body }), expected)
  })

test('of a storage class only expansion, mount options and places change', () => {
  const before = { provisioner, parameters: { a: '1' } }
  assert.deepEqual(
    changeProblems(storageClass, before, {
      ...before,
      allowVolumeExpansion: true,
      mountOptions: ['ro'],
      allowedTopologies: [term(['zone', ['a']])],
    }),
    [],
  )
  const after = {
    provisioner: 'x',
    parameters: { a: '2' },
    reclaimPolicy: 'Retain',
    volumeBindingMode: 'WaitForFirstConsumer',
  }
  assert.deepEqual(changeProblems(storageClass, before, after), [
    'parameters: Invalid value: {"a":"2"}: field is immutable',
    'provisioner: Invalid value: "x": field is immutable',
    'reclaimPolicy: Invalid value: "Retain": field is immutable',
    'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
  ])
})

test('kubectl get shows which class is the default', () => {
  const marked = (key: string, value = 'true') => ({
    metadata: { name: 'fast', annotations: { [key]: value } },
    provisioner,
  })
  const nameOf = (body: object) => rowOf(storageClass, created(storageClass, { ...body })).Name
  assert.equal(nameOf(marked('storageclass.kubernetes.io/is-default-class')), 'fast (default)')
  assert.equal(nameOf(marked('storageclass.beta.kubernetes.io/is-default-class')), 'fast (default)')
  assert.equal(nameOf(marked('storageclass.kubernetes.io/is-default-class', 'false')), 'fast')
  assert.deepEqual(rowOf(storageClass, created(storageClass, { provisioner })), {
    Name: 'web',
    Provisioner: provisioner,
    ReclaimPolicy: 'Delete',
    VolumeBindingMode: 'Immediate',
    AllowVolumeExpansion: false,
    Age: '<unknown>',
  })
})

test('a class of attributes has parameters, and keeps them', () => {
  const body = { driverName: provisioner, parameters: { iops: '10' } }
  assert.deepEqual(problems(volumeAttributesClass, body), [])
  assert.deepEqual(problems(volumeAttributesClass, {}), [
    'driverName: Required value',
    'parameters: Required value: must contain at least one key/value pair',
  ])
  const after = { driverName: 'other', parameters: { iops: '20' } }
  assert.deepEqual(changeProblems(volumeAttributesClass, body, after), [
    'driverName: Forbidden: updates to driverName are forbidden.',
    'parameters: Forbidden: updates to parameters are forbidden.',
  ])
  assert.deepEqual(rowOf(volumeAttributesClass, created(volumeAttributesClass, body)), {
    Name: 'web',
    DriverName: provisioner,
    Age: '<unknown>',
  })
})

test('the beta class of attributes is the stable one under another version', () => {
  const text = fc.string()
  const bodies = fc.record(
    {
      driverName: text,
      parameters: fc.dictionary(text, text, { noNullPrototype: true }),
      metadata: fc.record({ name: text }),
    },
    { noNullPrototype: true },
  )
  const { storedAs } = betaAttributesClass
  assert.ok(storedAs)
  assert.equal(storedAs.kind, volumeAttributesClass)
  fc.assert(
    fc.property(bodies, body => {
      const served = created(betaAttributesClass, body)
      const stored = storedAs.toStored(served)
      assert.equal(stored.apiVersion, 'storage.k8s.io/v1')
      assert.deepEqual(storedAs.fromStored(stored), served)
    }),
  )
})

test('a driver gets the defaults of upstream', () => {
  assert.deepEqual(created(csiDriver, { spec: {} }).spec, {
    attachRequired: true,
    podInfoOnMount: false,
    volumeLifecycleModes: ['Persistent'],
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    requiresRepublish: false,
    seLinuxMount: false,
  })
  assert.equal(created(csiDriver, { spec: { attachRequired: false } }).spec.attachRequired, false)
  assert.equal(csiDriver.hasGeneration, 'fromFirstChange')
})

const wrongDrivers: [string, object, string[]][] = [
  [
    'with an unknown policy',
    { fsGroupPolicy: 'Sometimes' },
    [
      'spec.fsGroupPolicy: Unsupported value: "Sometimes": supported values: "File", "None", "ReadWriteOnceWithFSType"',
    ],
  ],
  [
    'with an unknown mode',
    { volumeLifecycleModes: ['Persistent', 'Forever'] },
    [
      'spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral"',
    ],
  ],
  [
    'that asks too often',
    { nodeAllocatableUpdatePeriodSeconds: 9 },
    [
      'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
    ],
  ],
  [
    'with strange tokens',
    {
      tokenRequests: [
        { audience: '', expirationSeconds: 599 },
        { audience: 'a', expirationSeconds: 2 ** 32 + 1 },
        { audience: 'a', expirationSeconds: 1 },
        { audience: 'b', expirationSeconds: 600 },
      ],
    },
    [
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
      'spec.tokenRequests[1].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
      'spec.tokenRequests[2].audience: Duplicate value: "a"',
    ],
  ],
  [
    'that wants no tokens, but secretly',
    { serviceAccountTokenInSecrets: false },
    [
      'spec.serviceAccountTokenInSecrets: Invalid value: false: serviceAccountTokenInSecrets is set but no tokenRequests are specified',
    ],
  ],
]
for (const [name, spec, expected] of wrongDrivers)
  test(`refused driver ${name}`, () => {
    assert.deepEqual(problems(csiDriver, { spec }), expected)
  })

test('a driver without what upstream requires is told so', () => {
  const object = created(csiDriver, { spec: {} })
  assert.deepEqual(lines(csiDriver.validate({ ...object, spec: {} })), [
    'spec.attachedRequired: Required value',
    'spec.podInfoOnMount: Required value',
    'spec.storageCapacity: Required value',
    'spec.seLinuxMount: Required value',
  ])
})

test('a driver that wants tokens is told to take them with the secrets', () => {
  const warnings = (spec: object) =>
    csiDriver.warnings(created(csiDriver, { spec }), undefined).length
  const tokenRequests = [{ audience: '' }]
  assert.equal(warnings({}), 0)
  assert.equal(warnings({ tokenRequests }), 1)
  const old = created(csiDriver, { spec: { tokenRequests } })
  assert.deepEqual(csiDriver.warnings(old, old), [])
  assert.equal(warnings({ tokenRequests, serviceAccountTokenInSecrets: false }), 0)
})

test('a driver keeps how it attaches and which volumes it makes', () => {
  const after = {
    spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'], storageCapacity: true },
  }
  assert.deepEqual(changeProblems(csiDriver, { spec: {} }, after), [
    'spec.attachedRequired: Invalid value: false: field is immutable',
    'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
  ])
})

test('kubectl get shows a driver', () => {
  const tokenRequests = [{ audience: 'a' }, { audience: 'b' }]
  const body = { spec: { tokenRequests, volumeLifecycleModes: ['Persistent', 'Ephemeral'] } }
  assert.deepEqual(rowOf(csiDriver, created(csiDriver, body)), {
    Name: 'web',
    AttachRequired: true,
    PodInfoOnMount: false,
    StorageCapacity: false,
    TokenRequests: 'a,b',
    RequiresRepublish: false,
    Modes: 'Persistent,Ephemeral',
    Age: '<unknown>',
  })
  assert.equal(rowOf(csiDriver, created(csiDriver, { spec: {} })).TokenRequests, '<unset>')
})

const driver = { name: 'disk.example.com', nodeID: 'n1', topologyKeys: ['zone'] }

test('refused node: everything that can be wrong with its drivers', () => {
  const drivers = [
    driver,
    { ...driver, allocatable: { count: -1 }, topologyKeys: ['', 'a', 'a'] },
    { name: '', nodeID: '' },
    { name: `${'x'.repeat(64)}!`, nodeID: 'x'.repeat(257) },
  ]
  assert.deepEqual(problems(csiNode, { spec: { drivers } }), [
    'spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
    'spec.drivers[1].name: Duplicate value: "disk.example.com"',
    'spec.drivers[1]: Required value',
    'spec.drivers[1]: Invalid value: "": name part must be non-empty',
    `spec.drivers[1]: Invalid value: "": ${KEY_RULE}`,
    'spec.drivers[1]: Duplicate value: "a"',
    'spec.drivers[2].name: Required value',
    'spec.drivers[2].nodeID: Required value',
    'spec.drivers[3].name: Too long: may not be more than 63 bytes',
    `spec.drivers[3].name: Invalid value: "${'x'.repeat(64)}!": ${SUBDOMAIN_RULE}`,
    `spec.drivers[3].nodeID: Invalid value: "${'x'.repeat(257)}": must be 256 characters or less`,
  ])
  assert.deepEqual(problems(csiNode, { spec: { drivers: [driver, { ...driver, name: 'B' }] } }), [])
})

test('drivers come and go, but one that stays changes only its number of volumes', () => {
  const body = (...drivers: object[]) => ({ spec: { drivers } })
  const change = (after: object) => changeProblems(csiNode, body(driver), after)
  assert.deepEqual(change(body({ ...driver, allocatable: { count: 3 } })), [])
  assert.deepEqual(change(body()), [])
  assert.deepEqual(change(body({ name: 'other', nodeID: 'x' }, driver)), [])
  assert.deepEqual(change(body({ ...driver, nodeID: 'n2' })), [
    'spec.drivers: Invalid value: {"Name":"disk.example.com","NodeID":"n2","TopologyKeys":["zone"],"Allocatable":null}: field is immutable',
  ])
  assert.equal(rowOf(csiNode, created(csiNode, body(driver))).Drivers, 1)
})

test('room is for one class in one place', () => {
  const body = {
    storageClassName: 'fast',
    capacity: '1Gi',
    nodeTopology: { matchLabels: { a: 'b' } },
  }
  assert.deepEqual(problems(csiStorageCapacity, body), [])
  assert.deepEqual(
    problems(csiStorageCapacity, { ...body, storageClassName: '', capacity: '-1' }),
    [
      `storageClassName: Invalid value: "": ${SUBDOMAIN_RULE}`,
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ],
  )
  const after = { ...body, storageClassName: 'slow', nodeTopology: {}, capacity: '2Gi' }
  assert.deepEqual(changeProblems(csiStorageCapacity, body, after), [
    'nodeTopology: Invalid value: {}: field is immutable',
    'storageClassName: Invalid value: "slow": field is immutable',
  ])
  const nodeTopology = { matchExpressions: [{ key: 'a', operator: 'Near' }] }
  assert.deepEqual(problems(csiStorageCapacity, { ...body, nodeTopology }), [
    'nodeTopology.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
  ])
})
