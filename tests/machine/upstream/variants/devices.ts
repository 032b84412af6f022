/** Devices, in all versions of their group. */
import type { Plain } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import type { Variant, Variants } from './variant.ts'

const request = {
  deviceClassName: 'gpu',
  selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }],
  tolerations: [
    { key: 'example.com/a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
  ],
}
const config = [
  {
    requests: ['a'],
    opaque: {
      driver: 'gpu.example.com',
      parameters: { apiVersion: 'x/v1', kind: 'P', deep: [1, { a: 'b' }] },
    },
  },
  { opaque: { driver: 'gpu.example.com', parameters: { a: 'b' } } },
]
const claimSpec = (requests: Plain[], more: Plain = {}) => ({
  devices: {
    requests,
    config,
    constraints: [
      { requests: ['a'], matchAttribute: 'gpu.example.com/numa' },
      { distinctAttribute: 'gpu.example.com/slot' },
    ],
    ...more,
  },
})
const only = { devices: { requests: [] as Plain[] } }
const counted = { allocationMode: 'ExactCount', count: 2 }
const all = { allocationMode: 'All' }
const sub = { name: 'one', ...request, ...counted }
const allocation = {
  devices: {
    results: [
      {
        request: 'a',
        driver: 'gpu.example.com',
        pool: 'pool',
        device: 'gpu0',
        bindingConditions: ['example.com/Ready'],
        bindingFailureConditions: ['example.com/Failed'],
      },
    ],
    config: [{ source: 'FromClass', ...config[0] }],
  },
  nodeSelector: {
    nodeSelectorTerms: [
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] },
    ],
  },
  allocationTimestamp: '2026-01-02T03:04:05Z',
}
const reserved = {
  allocation,
  reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }],
  devices: [
    {
      driver: 'gpu.example.com',
      pool: 'pool',
      device: 'gpu0',
      data: { a: 1 },
      networkData: { interfaceName: 'e', ips: ['10.0.0.1/8'], hardwareAddress: 'a' },
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'R',
          message: 'm',
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ],
    },
  ],
}
const claims = (exact: (more: Plain) => Plain): readonly Variant[] => [
  {
    title: 'exact',
    object: { spec: claimSpec([{ name: 'a', ...exact({ ...request, ...counted }) }]) },
    status: reserved,
  },
  {
    title: 'all',
    object: {
      spec: { ...only, devices: { requests: [{ name: 'a', ...exact({ ...request, ...all }) }] } },
    },
  },
  {
    title: 'first available',
    object: {
      spec: claimSpec([{ name: 'a', firstAvailable: [sub, { name: 'two', ...request, ...all }] }]),
    },
  },
]
const templated = (variants: readonly Variant[]): readonly Variant[] =>
  variants.map(({ title, object }) => ({
    title,
    object: { spec: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, ...object } },
  }))
const exactly = (more: Plain) => ({ exactly: more })
const plainly = (more: Plain) => more

const attributes = {
  'gpu.example.com/numa': { int: 3 },
  fast: { bool: true },
  model: { string: 'm' },
  'driver-version': undefined,
  driverVersion: { version: '1.2.3' },
}
const { 'driver-version': _, ...properties } = attributes
const capacity = {
  memory: {
    value: '80Gi',
    requestPolicy: { default: '1Gi', validRange: { min: '1Gi', max: '80Gi', step: '1Gi' } },
  },
  lanes: { value: '4', requestPolicy: { default: '1', validValues: ['1', '2'] } },
}
const taints = [{ key: 'example.com/a', value: 'b', effect: 'NoSchedule' }]
const consumesCounters = [{ counterSet: 'set', counters: { memory: { value: '10Gi' } } }]
const pool = { name: 'pool', generation: 1, resourceSliceCount: 1 }
const slices = (device: (more: Plain) => Plain): readonly Variant[] => {
  const slice = (title: string, spec: Plain): Variant => ({
    title,
    object: { spec: { driver: 'gpu.example.com', pool, ...spec } },
  })
  const full = { attributes: properties, capacity, taints }
  return [
    slice('node', {
      nodeName: 'n1',
      devices: [
        device({
          ...full,
          allowMultipleAllocations: true,
          bindsToNode: true,
          bindingConditions: ['example.com/Ready'],
          bindingFailureConditions: ['example.com/Failed'],
        }),
      ],
    }),
    slice('all nodes', {
      allNodes: true,
      devices: [device({ attributes: properties, consumesCounters })],
    }),
    slice('selected nodes', {
      nodeSelector: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }],
      },
      devices: [device({ attributes: properties })],
    }),
    slice('nodes of devices', {
      perDeviceNodeSelection: true,
      devices: [device({ nodeName: 'n1' }), { ...device({ allNodes: true }), name: 'gpu1' }],
    }),
    slice('counters', {
      allNodes: true,
      sharedCounters: [{ name: 'set', counters: { memory: { value: '80Gi' } } }],
    }),
  ]
}
const direct = (more: Plain) => ({ name: 'gpu0', ...more })
const basic = (more: Plain) => ({ name: 'gpu0', basic: more })
const classes: readonly Variant[] = [
  {
    title: 'config',
    object: {
      spec: {
        selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }],
        config: [{ opaque: config[1]?.opaque }],
        extendedResourceName: 'example.com/gpu',
      },
    },
  },
]
const taintRules: readonly Variant[] = [
  {
    title: 'device',
    object: {
      spec: {
        deviceSelector: { driver: 'gpu.example.com', pool: 'p', device: 'd' },
        taint: {
          key: 'example.com/a',
          value: 'b',
          effect: 'NoExecute',
          timeAdded: '2026-01-02T03:04:05Z',
        },
      },
    },
  },
  { title: 'none', object: { spec: { taint: { key: 'example.com/a', effect: 'None' } } } },
]

export const deviceVariants: Variants = {
  'resource.k8s.io/v1 DeviceClass': classes,
  'resource.k8s.io/v1beta2 DeviceClass': classes,
  'resource.k8s.io/v1beta1 DeviceClass': classes,
  'resource.k8s.io/v1 ResourceClaim': claims(exactly),
  'resource.k8s.io/v1beta2 ResourceClaim': claims(exactly),
  'resource.k8s.io/v1beta1 ResourceClaim': claims(plainly),
  'resource.k8s.io/v1 ResourceClaimTemplate': templated(claims(exactly)),
  'resource.k8s.io/v1beta2 ResourceClaimTemplate': templated(claims(exactly)),
  'resource.k8s.io/v1beta1 ResourceClaimTemplate': templated(claims(plainly)),
  'resource.k8s.io/v1 ResourceSlice': slices(direct),
  'resource.k8s.io/v1beta2 ResourceSlice': slices(direct),
  'resource.k8s.io/v1beta1 ResourceSlice': slices(basic),
  'resource.k8s.io/v1beta2 DeviceTaintRule': taintRules,
  'resource.k8s.io/v1alpha3 DeviceTaintRule': taintRules,
}
