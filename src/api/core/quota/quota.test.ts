import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { writeAmounts } from '../../machinery/resource-list.ts'
import type { Pod } from '../v1/pod/pod.ts'
import type { ResourceQuota } from '../v1/resource-quota.ts'
import { chargeQuotas } from './charge.ts'
import { matchesQuota } from './evaluator.ts'
import { quotaEvaluators } from './evaluators.ts'

const quotaEvaluatorOf = quotaEvaluators()

const NOW = Date.parse('2026-05-01T12:00:00Z')

function evaluatorOf(text: string) {
  const [resource = '', ...group] = text.split('.')
  const evaluator = quotaEvaluatorOf({ group: group.join('.'), resource })
  assert.ok(evaluator)
  return evaluator
}

const objectOf = (parts: object) =>
  ({ apiVersion: '', kind: '', metadata: {}, status: {}, ...parts }) as KubernetesObject
const podOf = (spec: object, more: object = {}) =>
  objectOf({ spec: { containers: [], ...spec }, ...more }) as Pod
const container = (requests: object = {}, limits: object = {}, more: object = {}) => ({
  name: 'main',
  resources: { requests, limits },
  ...more,
})
const whole = { 'count/pods': '1', pods: '1' }

const usages: [string, string, KubernetesObject, object][] = [
  ['a pod that asks for nothing', 'pods', podOf({ containers: [container()] }), whole],
  [
    'a pod',
    'pods',
    podOf({
      containers: [
        container(
          { cpu: '1', memory: '1Gi', 'example.com/gpu': '2', 'hugepages-2Mi': '4Mi' },
          { cpu: '2', 'ephemeral-storage': '1Gi', 'example.com/gpu': '2' },
        ),
        container({ cpu: '500m', 'ephemeral-storage': '1Mi' }),
        container({ 'deviceclass.resource.kubernetes.io/gpu': '3' }),
      ],
      overhead: { cpu: '100m', memory: '1Mi' },
    }),
    {
      ...whole,
      cpu: '1600m',
      'requests.cpu': '1600m',
      memory: '1025Mi',
      'requests.memory': '1025Mi',
      'requests.example.com/gpu': '2',
      'requests.deviceclass.resource.kubernetes.io/gpu': '3',
      'hugepages-2Mi': '4Mi',
      'requests.hugepages-2Mi': '4Mi',
      'ephemeral-storage': '1Mi',
      'requests.ephemeral-storage': '1Mi',
      'limits.cpu': '2100m',
      'limits.ephemeral-storage': '1Gi',
    },
  ],
  [
    'a pod whose start takes more than its run',
    'pods',
    podOf({
      containers: [container({ cpu: '1' })],
      initContainers: [
        container({ cpu: '1' }, {}, { restartPolicy: 'Always' }),
        container({ cpu: '4' }),
      ],
    }),
    { ...whole, cpu: '5', 'requests.cpu': '5' },
  ],
  [
    'a pod that holds more than it asks for now',
    'pods',
    podOf(
      { containers: [container({ cpu: '1' }, { cpu: '1' })] },
      {
        status: {
          containerStatuses: [
            {
              name: 'main',
              allocatedResources: { cpu: '2' },
              resources: { requests: { cpu: '1500m' }, limits: { cpu: '3' } },
            },
          ],
        },
      },
    ),
    { ...whole, cpu: '2', 'requests.cpu': '2', 'limits.cpu': '3' },
  ],
  [
    'a pod that is over',
    'pods',
    podOf({ containers: [container({ cpu: '1' })] }, { status: { phase: 'Succeeded' } }),
    { 'count/pods': '1' },
  ],
  [
    'a pod that should be gone',
    'pods',
    podOf(
      { containers: [container({ cpu: '1' })] },
      {
        metadata: { deletionTimestamp: '2026-05-01T11:59:00Z', deletionGracePeriodSeconds: 30 },
      },
    ),
    { 'count/pods': '1' },
  ],
  [
    'a service with ports of nodes',
    'services',
    objectOf({ spec: { type: 'NodePort', ports: [{}, {}] } }),
    {
      'count/services': '1',
      services: '1',
      'services.nodeports': '2',
      'services.loadbalancers': '0',
    },
  ],
  [
    'a balanced service that wants few',
    'services',
    objectOf({
      spec: {
        type: 'LoadBalancer',
        ports: [{ nodePort: 30000 }, {}],
        allocateLoadBalancerNodePorts: false,
      },
    }),
    {
      'count/services': '1',
      services: '1',
      'services.nodeports': '1',
      'services.loadbalancers': '1',
    },
  ],
  [
    'a claim of a class, in whole bytes',
    'persistentvolumeclaims',
    objectOf({ spec: { storageClassName: 'fast', resources: { requests: { storage: '1500m' } } } }),
    {
      'count/persistentvolumeclaims': '1',
      persistentvolumeclaims: '1',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'requests.storage': '2',
      'fast.storageclass.storage.k8s.io/requests.storage': '2',
    },
  ],
  [
    'a claim that did not shrink yet',
    'persistentvolumeclaims',
    objectOf({
      spec: { resources: { requests: { storage: '1Gi' } } },
      status: { allocatedResources: { storage: '2Gi' } },
    }),
    { 'count/persistentvolumeclaims': '1', persistentvolumeclaims: '1', 'requests.storage': '2Gi' },
  ],
  [
    'a claim of devices',
    'resourceclaims.resource.k8s.io',
    objectOf({
      spec: {
        devices: {
          requests: [
            { exactly: { deviceClassName: 'gpu', count: 2 } },
            {
              firstAvailable: [
                { deviceClassName: 'gpu', count: 1 },
                { deviceClassName: 'gpu', count: 3 },
                { deviceClassName: 'nic', allocationMode: 'All' },
              ],
            },
          ],
        },
      },
    }),
    {
      'count/resourceclaims.resource.k8s.io': '1',
      'gpu.deviceclass.resource.k8s.io/devices': '5',
      'nic.deviceclass.resource.k8s.io/devices': '32',
      'requests.deviceclass.resource.kubernetes.io/gpu': '5',
      'requests.deviceclass.resource.kubernetes.io/nic': '32',
    },
  ],
  ['a secret', 'secrets', objectOf({}), { 'count/secrets': '1', secrets: '1' }],
  ['anything else', 'widgets.example.com', objectOf({}), { 'count/widgets.example.com': '1' }],
]
for (const [name, resource, object, expected] of usages)
  test(`counted: ${name}`, () => {
    assert.deepEqual(writeAmounts(evaluatorOf(resource).usage(object, NOW)), expected)
  })

test('some things are never limited', () => {
  assert.equal(quotaEvaluatorOf({ group: '', resource: 'events' }), undefined)
  assert.equal(quotaEvaluatorOf({ group: 'events.k8s.io', resource: 'events' }), undefined)
})

const quotaOf = (hard: object, spec: object = {}, used: object = {}) =>
  ({ metadata: { name: 'q' }, spec: { hard, ...spec }, status: { hard, used } }) as ResourceQuota

const affinity = (term: object) => ({
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a', ...term }] },
})
const by = (operator: string, values?: string[]) => ({
  scopeSelector: {
    matchExpressions: [{ scopeName: 'PriorityClass', operator, ...(values ? { values } : {}) }],
  },
})
const scoped: [string, object, Pod, boolean][] = [
  ['Terminating', { scopes: ['Terminating'] }, podOf({ activeDeadlineSeconds: 5 }), true],
  ['NotTerminating', { scopes: ['NotTerminating'] }, podOf({ activeDeadlineSeconds: 5 }), false],
  ['BestEffort', { scopes: ['BestEffort'] }, podOf({ containers: [container()] }), true],
  [
    'NotBestEffort',
    { scopes: ['NotBestEffort'] },
    podOf({ containers: [container({ cpu: '1' })] }),
    true,
  ],
  [
    'all of several',
    { scopes: ['NotTerminating', 'NotBestEffort'] },
    podOf({ containers: [container()] }),
    false,
  ],
  ['a class', by('Exists'), podOf({ priorityClassName: 'high' }), true],
  ['no class', by('DoesNotExist'), podOf({ priorityClassName: 'high' }), false],
  ['one of some', by('In', ['high', 'low']), podOf({ priorityClassName: 'high' }), true],
  ['one of some, without any', by('In', ['high']), podOf({}), false],
  ['none of some', by('NotIn', ['high']), podOf({ priorityClassName: 'high' }), false],
  ['none of some, without any', by('NotIn', ['high']), podOf({}), true],
  [
    'other namespaces',
    { scopes: ['CrossNamespacePodAffinity'] },
    podOf({ affinity: affinity({ namespaces: ['other'] }) }),
    true,
  ],
  [
    'the own namespace',
    { scopes: ['CrossNamespacePodAffinity'] },
    podOf({ affinity: affinity({}) }),
    false,
  ],
  ['classes of volumes', { scopes: ['VolumeAttributesClass'] }, podOf({}), false],
]
for (const [name, spec, pod, expected] of scoped)
  test(`scope: ${name}`, () => {
    assert.equal(matchesQuota(evaluatorOf('pods'), quotaOf({ pods: '1' }, spec), pod), expected)
  })

test('a scope of claims looks at what they have and what they shall have', () => {
  const quota = quotaOf(
    { persistentvolumeclaims: '1' },
    {
      scopeSelector: {
        matchExpressions: [
          { scopeName: 'VolumeAttributesClass', operator: 'In', values: ['gold'] },
        ],
      },
    },
  )
  const matches = (spec: object, status: object = {}) =>
    matchesQuota(evaluatorOf('persistentvolumeclaims'), quota, objectOf({ spec, status }))
  assert.equal(matches({ volumeAttributesClassName: 'gold' }), true)
  assert.equal(matches({}, { currentVolumeAttributesClassName: 'gold' }), true)
  assert.equal(matches({ volumeAttributesClassName: 'tin' }), false)
})

test('what has no scope is not counted where there is one', () => {
  const quota = quotaOf({ services: '1' }, { scopes: ['Terminating'] })
  assert.equal(matchesQuota(evaluatorOf('services'), quota, objectOf({})), false)
})

const charge = (quotas: ResourceQuota[], write: object, resource = 'pods') =>
  chargeQuotas(
    quotas,
    { operation: 'CREATE', subresource: '', ...write },
    evaluatorOf(resource),
    NOW,
  )
const asking = (cpu: string) => podOf({ containers: [container({ cpu })] })

test('what is used grows in each quota that is concerned, or in none', () => {
  const first = quotaOf({ pods: '2', cpu: '2' }, {}, { pods: '1', cpu: '500m' })
  const other = quotaOf({ services: '2' }, {}, { services: '0' })
  const fits = charge([first, other], { object: asking('1') })
  assert.ok('quotas' in fits && fits.isChanged)
  assert.deepEqual(fits.quotas[0]?.status.used, { pods: '2', cpu: '1500m' })
  assert.equal(fits.quotas[1], other)
  assert.deepEqual(charge([first, other], { object: asking('1600m') }), {
    refusal: 'exceeded quota: q, requested: cpu=1600m, used: cpu=500m, limited: cpu=2',
  })
})

test('an update is charged for what it adds, and gives nothing back', () => {
  const quota = quotaOf({ cpu: '3' }, {}, { cpu: '1' })
  const resize = (before: string, after: string) =>
    charge([quota], {
      operation: 'UPDATE',
      subresource: 'resize',
      object: asking(after),
      oldObject: asking(before),
    })
  const more = resize('1', '2')
  assert.deepEqual('quotas' in more && more.quotas[0]?.status.used, { cpu: '2' })
  const less = resize('1', '500m')
  assert.equal('quotas' in less && less.isChanged, false)
})

test('an object that comes into a scope is charged as a whole', () => {
  const quota = quotaOf({ pods: '1' }, { scopes: ['Terminating'] }, { pods: '0' })
  const entering = charge([quota], {
    operation: 'UPDATE',
    object: podOf({ activeDeadlineSeconds: 1 }),
    oldObject: podOf({}),
  })
  assert.deepEqual('quotas' in entering && entering.quotas[0]?.status.used, { pods: '1' })
})

const notReady: [string, ResourceQuota, Pod, string][] = [
  [
    'nobody counted yet',
    quotaOf({ pods: '1', 'count/pods': '1', services: '1' }),
    podOf({}),
    'status unknown for quota: q, resources: count/pods,pods',
  ],
  [
    'containers that do not say what they take',
    quotaOf({ cpu: '1', 'limits.memory': '1', pods: '9' }),
    podOf({
      containers: [container({ cpu: '1' }), container({}, {}, { name: 'b' })],
      initContainers: [container({}, {}, { name: 'a' })],
    }),
    'failed quota: q: must specify cpu for: a,b; limits.memory for: a,b,main',
  ],
]
for (const [name, quota, pod, refusal] of notReady)
  test(`refused: ${name}`, () => {
    assert.deepEqual(charge([quota], { object: pod }), { refusal })
  })

test('a pod that says what it takes as a whole need not say it again', () => {
  const quota = quotaOf({ cpu: '2' }, {}, { cpu: '0' })
  const pod = podOf({ containers: [container()], resources: { requests: { cpu: '1' } } })
  const charged = charge([quota], { object: pod })
  assert.deepEqual('quotas' in charged && charged.quotas[0]?.status.used, { cpu: '1' })
})
