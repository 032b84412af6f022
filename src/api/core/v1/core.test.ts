import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binding } from './binding.ts'
import { endpoints } from './endpoints.ts'
import { namespace } from './namespace.ts'
import { node } from './node.ts'
import { secret } from './secret.ts'
import { serviceAccount } from './service-account.ts'
import { created, defaulted, lines, rowOf, updated } from './testing.ts'

test('a namespace begins active, named by a label and held by its finalizer', () => {
  const object = created(namespace, { status: { phase: 'Terminating' } })
  assert.deepEqual(object.metadata.labels, { 'kubernetes.io/metadata.name': 'web' })
  assert.deepEqual(object.spec, { finalizers: ['kubernetes'] })
  assert.deepEqual(object.status, { phase: 'Active' })
  const next = updated(namespace, object, { spec: { finalizers: [] } })
  assert.deepEqual(next.spec, { finalizers: ['kubernetes'] })
  assert.equal(rowOf(namespace, object).Status, 'Active')
  assert.equal(namespace.fieldSelectors['status.phase']?.(object), 'Active')
})

test('a namespace is terminating just while it is being deleted', () => {
  const object = created(namespace, {})
  const ending = { ...object, status: { phase: 'Terminating' as const } }
  assert.deepEqual(lines(namespace.validateStatusUpdate(ending, object)), [
    'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
  ])
  const metadata = { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
  assert.deepEqual(lines(namespace.validateStatusUpdate({ ...ending, metadata }, object)), [])
})

test('a secret takes texts and keeps them encoded', () => {
  const object = created(secret, { stringData: { key: 'größer' }, data: { key: 'eA==' } })
  assert.equal(object.type, 'Opaque')
  assert.equal(Buffer.from(object.data?.key ?? '', 'base64').toString(), 'größer')
  assert.equal('stringData' in object, false)
  const row = rowOf(secret, object)
  assert.deepEqual([row.Type, row.Data], ['Opaque', 1])
})

const base64 = (text: string) => Buffer.from(text).toString('base64')
const wrongSecrets: [string, object, string][] = [
  [
    'bad key',
    { data: { 'a/b': '' } },
    "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  ],
  [
    'too much',
    { data: { a: base64('x'.repeat(1024 * 1024 + 1)) } },
    'data: Too long: may not be more than 1048576 bytes',
  ],
  [
    'no key of a certificate',
    { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
    'data[tls.key]: Required value',
  ],
  ['no password', { type: 'kubernetes.io/basic-auth' }, 'data[password]: Required value'],
  [
    'broken docker configuration',
    { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{') } },
    'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be valid JSON',
  ],
  [
    'token of nobody',
    { type: 'kubernetes.io/service-account-token' },
    'metadata.annotations[kubernetes.io/service-account.name]: Required value',
  ],
]
for (const [name, body, expected] of wrongSecrets)
  test(`refused secret: ${name}`, () => {
    const problems = lines(secret.validate(created(secret, { ...body })))
    assert.ok(problems.includes(expected), problems.join('\n'))
  })

test('exactly one mebibyte is still allowed', () => {
  const body = { data: { a: base64('x'.repeat(1024 * 1024)) } }
  assert.deepEqual(lines(secret.validate(created(secret, body))), [])
})

test('an immutable secret stays so, with its type', () => {
  const object = created(secret, { immutable: true, data: { a: 'eA==' } })
  const next = created(secret, { data: { a: 'eQ==' }, type: 'mine' })
  assert.deepEqual(lines(secret.validateUpdate(next, object)), [
    'type: Invalid value: "mine": field is immutable',
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ])
})

const conditions = [{ type: 'Ready', status: 'True' }]
test('kubectl get shows a node', () => {
  const object = created(node, {
    metadata: {
      name: 'n1',
      labels: { 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'edge' },
    },
    spec: { unschedulable: true },
    status: {
      conditions,
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      nodeInfo: { kubeletVersion: 'v1.36.0', osImage: 'Debian', architecture: 'arm64' },
      capacity: { cpu: '2' },
    },
  })
  assert.deepEqual(object.status.allocatable, { cpu: '2' })
  assert.deepEqual(rowOf(node, object), {
    Name: 'n1',
    Status: 'Ready,SchedulingDisabled',
    Roles: 'control-plane,edge',
    Age: '<unknown>',
    Version: 'v1.36.0',
    'Internal-IP': '10.0.0.1',
    'External-IP': '<none>',
    'OS-Image': 'Debian',
    'Kernel-Version': '<unknown> (arm64)',
    'Container-Runtime': '<unknown>',
  })
  assert.equal(rowOf(node, created(node, {})).Status, 'Unknown')
  assert.equal(node.fieldSelectors['spec.unschedulable']?.(created(node, {})), 'false')
})

test('of a node only little changes', () => {
  const object = created(node, {
    spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'], providerID: 'a' },
  })
  const change = (spec: object) => {
    const next = updated(node, object, { spec: { ...object.spec, ...spec } })
    return lines([...node.validate(next), ...node.validateUpdate(next, object)])
  }
  assert.deepEqual(
    change({ unschedulable: true, taints: [{ key: 'a', effect: 'NoSchedule' }] }),
    [],
  )
  assert.deepEqual(change({ podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24'] }), [
    'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
  ])
  assert.deepEqual(change({ providerID: 'b' }), [
    'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
  ])
  assert.deepEqual(change({ externalID: 'c' }), ['spec.externalID: Forbidden: may not be updated'])
  assert.deepEqual(change({ taints: [{ key: 'a', effect: 'Sometimes' }] }), [
    'metadata.taints[0].effect: Unsupported value: "Sometimes": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ])
  assert.equal(
    change({ taints: [{ effect: 'NoSchedule' }] })[0],
    'metadata.taints[0].key: Invalid value: "": name part must be non-empty',
  )
})

test('a node has one range of each family, and what is none is told twice beside another', () => {
  const told = (...podCIDRs: string[]) =>
    lines(node.validate(created(node, { spec: { podCIDR: podCIDRs[0], podCIDRs } })))
  const TWICE = 'may specify no more than one CIDR for each IP family'
  assert.deepEqual(told('10.0.0.0/24', 'fd00::/64'), [])
  assert.equal(told('10.0.0.0').length, 1)
  assert.deepEqual(told('10.0.0.0/24', '10.1.0.0/24'), [
    `spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: ${TWICE}`,
  ])
  assert.deepEqual(told('10.0.0.0/24', 'text'), [
    'spec.podCIDRs[1]: Invalid value: "text": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    'spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[1]: <nil> (invalid CIDR address: text)',
    `spec.podCIDRs: Invalid value: ["10.0.0.0/24","text"]: ${TWICE}`,
  ])
})

test('a node takes its configuration from nowhere, but for one that did so before', () => {
  const configMap = { namespace: 'a', name: 'b', uid: 'c', kubeletConfigKey: '' }
  assert.equal(
    created(node, { spec: { configSource: { configMap } } }).spec.configSource,
    undefined,
  )
  const before = created(node, {})
  before.spec.configSource = {}
  const next = updated(node, before, { spec: { configSource: { configMap } } })
  assert.deepEqual(lines(node.validateUpdate(next, before)), [
    'spec.configSource.configMap.uid: Forbidden: uid must not be set in spec',
    'spec.configSource.configMap.kubeletConfigKey: Required value: kubeletConfigKey must be set',
  ])
})

test('a node has a taint of one effect once', () => {
  const taint = { key: 'a', value: 'x', effect: 'NoSchedule' }
  const object = created(node, { spec: { taints: [taint, { ...taint, value: 'y' }] } })
  assert.deepEqual(lines(node.validate(object)), [
    'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"y","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
  ])
})

test('a node has whole devices and no negative memory', () => {
  const object = defaulted(node, {
    status: { capacity: { memory: '-1', 'example.com/gpu': '500m' }, allocatable: { cpu: '1' } },
  })
  assert.deepEqual(lines(node.validateStatusUpdate(object, object)), [
    'status.capacity.example.com/gpu: Invalid value: "500m": must be an integer',
    'status.capacity.memory: Invalid value: "-1": must be greater than or equal to 0',
  ])
})

test('fields of nodes that nobody reads are told', () => {
  const object = defaulted(node, { spec: { externalID: 'a', configSource: {} } })
  assert.deepEqual(node.warnings(object, undefined), [
    'spec.configSource: the feature is removed',
    'spec.externalID: this field is deprecated, and is unused by Kubernetes',
  ])
})

test('the finalizers of a namespace are standard ones or have a domain', () => {
  const spec = { finalizers: ['kubernetes', 'example.com/mine', 'mine'] }
  const made = created(namespace, { spec })
  const why =
    'Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'
  assert.deepEqual(lines(namespace.validate(made)), [`spec.finalizers: ${why}`])
  assert.deepEqual(lines(namespace.validate(made, made)), [`spec.finalizers[2]: ${why}`])
})

test('endpoints are addresses that lead somewhere', () => {
  const body = (ip: string) => ({ subsets: [{ addresses: [{ ip }], ports: [{ port: 80 }] }] })
  assert.deepEqual(lines(endpoints.validate(created(endpoints, body('10.0.0.1')))), [])
  assert.match(
    lines(endpoints.validate(created(endpoints, body('127.0.0.1'))))[0] ?? '',
    /^subsets\[0\]\.addresses\[0\]\.ip: .*loopback/,
  )
  assert.match(
    lines(endpoints.validate(created(endpoints, body('169.254.0.1'))))[0] ?? '',
    /link-local/,
  )
  assert.deepEqual(lines(endpoints.validate(created(endpoints, { subsets: [{}] }))), [
    'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
  ])
  const many = {
    subsets: [
      {
        addresses: ['1', '2', '3', '4', '5'].map(last => ({ ip: `10.0.0.${last}` })),
        ports: [{ port: 80 }],
      },
    ],
  }
  assert.equal(
    rowOf(endpoints, created(endpoints, many)).Endpoints,
    '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...',
  )
  assert.equal(rowOf(endpoints, created(endpoints, {})).Endpoints, '<none>')
})

test('what is set to nothing in endpoints is refused, and what is no address twice', () => {
  const refused = (address: object, port: object) =>
    lines(
      endpoints.validate(
        created(endpoints, {
          subsets: [{ addresses: [{ ip: '10.0.0.1', ...address }], ports: [{ port: 1, ...port }] }],
        }),
      ),
    ).map(line => line.slice(0, 70))
  assert.deepEqual(refused({}, {}), [])
  assert.deepEqual(refused({ ip: 'x' }, {}), [
    'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP add',
    'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP add',
  ])
  assert.equal(refused({ nodeName: '' }, {}).length, 1)
  assert.equal(
    refused({}, { appProtocol: '' })[0],
    'subsets[0].ports[0].appProtocol: Invalid value: "": name part must be ',
  )
})

test('a service account knows its secrets by name alone', () => {
  const secrets = [{ name: 'a', kind: 'Secret', namespace: 'other', uid: 'u' }]
  assert.deepEqual(created(serviceAccount, { secrets }).secrets, [{ name: 'a' }])
})

test('a service account warns of what it is not for', () => {
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' }
  const object = created(serviceAccount, { metadata: { name: 'a', annotations } })
  assert.deepEqual(serviceAccount.warnings(object, undefined), [
    'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
  ])
})

test('a binding leads to a node', () => {
  const problems = (target: object) => lines(binding.validate(created(binding, { target })))
  assert.deepEqual(problems({ kind: 'Node', name: 'n' }), [])
  assert.deepEqual(problems({ kind: 'Pod' }), [
    'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
    'target.name: Required value',
  ])
})
