/**
 * The words of each filter that is on by default, and whether an eviction could help, held against upstream's sources: constants
 * and codes of v1.36 in pkg/scheduler/framework/plugins, by the name of the plugin.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CycleState } from '../framework/cycle-state.ts'
import type { Code } from '../framework/status.ts'
import { plugins } from '../plugins.ts'
import { podInfoOf } from '../state/pod-info.ts'
import {
  boundClaimOf,
  claimOf,
  classNamed,
  podWithClaims,
  reachableFrom,
  volumeOf,
} from '../testing/volume-objects.ts'
import { asking, createWorld, type NodeParts, nodeOf, podOf } from '../testing/world.ts'

const NOW: Code = 'Unschedulable'
const NEVER: Code = 'UnschedulableAndUnresolvable'

interface Scene {
  readonly pod: Pod
  readonly node?: NodeParts
  /** On that node. */
  readonly there?: readonly Pod[]
  readonly objects?: Readonly<Record<string, readonly object[]>>
  readonly args?: ReadonlyMap<string, unknown>
  /** A plugin whose refusal would come before. */
  readonly without?: string
}
type Row = readonly [plugin: string, code: Code, reasons: readonly string[], scene: Scene]

const pod = (spec: object = {}, labels = {}) => podOf('p', spec as never, labels)
const asks = (requests: object) =>
  pod({ containers: [{ name: 'c', image: 'i', resources: { requests } }] })
const near = (kind: 'podAffinity' | 'podAntiAffinity') => ({
  affinity: {
    [kind]: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } },
      ],
    },
  },
})
const ports = {
  containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort: 80 }] }],
}
const spread = (topologyKey: string, minDomains?: number) => ({
  topologySpreadConstraints: [
    {
      ...{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', minDomains },
      labelSelector: { matchLabels: { app: 'x' } },
    },
  ],
})
const inZone = (zone: string) => ({ labels: { 'topology.kubernetes.io/zone': zone } })
const disk = { volumes: [{ name: 'v', gcePersistentDisk: { pdName: 'd' } }] }
const RWOP = ['ReadWriteOncePod']
const many = Array.from({ length: 5 }, (_, i) => podOf(`x${i}`))
const volumes = (claim: object, ...more: object[]) => ({
  persistentvolumeclaims: [claim],
  persistentvolumes: more,
  storageclasses: [classNamed('late')],
})

const rows: readonly Row[] = [
  [
    'NodeUnschedulable',
    NEVER,
    ['node(s) were unschedulable'],
    { pod: pod(), node: { spec: { unschedulable: true } } },
  ],
  [
    'NodeName',
    NEVER,
    ["node(s) didn't match the requested node name"],
    { pod: pod({ nodeName: 'n2' }) },
  ],
  [
    'TaintToleration',
    NEVER,
    ['node(s) had untolerated taint(s)'],
    { pod: pod(), node: { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } } },
  ],
  [
    'NodeAffinity',
    NEVER,
    ["node(s) didn't match Pod's node affinity/selector"],
    { pod: pod({ nodeSelector: { disk: 'fast' } }) },
  ],
  [
    'NodeAffinity',
    NEVER,
    ['pod affinity terms conflict'],
    {
      pod: pod({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                {
                  matchFields: ['n1', 'n2'].map(name => ({
                    ...{ key: 'metadata.name', operator: 'In' },
                    values: [name],
                  })),
                },
              ],
            },
          },
        },
      }),
    },
  ],
  [
    'NodeAffinity',
    NEVER,
    ["node(s) didn't match scheduler-enforced node affinity"],
    {
      pod: pod(),
      args: new Map([
        [
          'NodeAffinity',
          {
            addedAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }],
              },
            },
          },
        ],
      ]),
    },
  ],
  [
    'NodeDeclaredFeatures',
    NEVER,
    ["node(s) didn't match Pod's required features"],
    {
      pod: pod({
        containers: [
          {
            ...{ name: 'c', image: 'i' },
            restartPolicyRules: [
              { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [1] } },
            ],
          },
        ],
      }),
    },
  ],
  [
    'NodePorts',
    NOW,
    ["node(s) didn't have free ports for the requested pod ports"],
    { pod: pod(ports), there: [podOf('x', ports as never)] },
  ],
  ['NodeResourcesFit', NOW, ['Too many pods'], { pod: pod(), there: many }],
  [
    'NodeResourcesFit',
    NOW,
    ['Insufficient cpu'],
    { pod: asks({ cpu: '2' }), there: [podOf('x', asking('3'))] },
  ],
  ['NodeResourcesFit', NEVER, ['Insufficient cpu'], { pod: asks({ cpu: '5' }) }],
  [
    'NodeResourcesFit',
    NEVER,
    [
      'Too many pods',
      'Insufficient cpu',
      'Insufficient memory',
      'Insufficient ephemeral-storage',
      'Insufficient hugepages-2Mi',
      'Insufficient example.com/gpu',
    ],
    {
      pod: asks({
        'example.com/gpu': '1',
        'hugepages-2Mi': '2Mi',
        'ephemeral-storage': '1',
        memory: '9Gi',
        cpu: '5',
      }),
      there: many,
    },
  ],
  [
    'VolumeRestrictions',
    NOW,
    ['node(s) had no available disk'],
    { pod: pod(disk), there: [podOf('x', disk as never)] },
  ],
  [
    'VolumeRestrictions',
    NOW,
    [
      'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
    ],
    {
      pod: podWithClaims('p', 'c'),
      there: [podWithClaims('x', 'c')],
      objects: volumes(
        boundClaimOf('c', 'v', { accessModes: RWOP }),
        volumeOf('v', { accessModes: RWOP }),
      ),
    },
  ],
  [
    'NodeVolumeLimits',
    NOW,
    ['node(s) exceed max volume count'],
    {
      pod: podWithClaims('p', 'c'),
      objects: {
        ...volumes(
          boundClaimOf('c', 'v'),
          volumeOf('v', { csi: { driver: 'd', volumeHandle: '1' } }),
        ),
        csinodes: [
          {
            metadata: { name: 'n1' },
            spec: { drivers: [{ name: 'd', allocatable: { count: 0 } }] },
          },
        ],
      },
    },
  ],
  [
    'VolumeBinding',
    NEVER,
    ["node(s) didn't match PersistentVolume's node affinity"],
    {
      pod: podWithClaims('p', 'c'),
      objects: volumes(boundClaimOf('c', 'v'), volumeOf('v', reachableFrom('n9'))),
    },
  ],
  [
    'VolumeBinding',
    NEVER,
    ["node(s) didn't find available persistent volumes to bind"],
    { pod: podWithClaims('p', 'c'), objects: volumes(claimOf('c')) },
  ],
  [
    'VolumeBinding',
    NEVER,
    ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'],
    {
      pod: podWithClaims('p', 'c'),
      objects: volumes(boundClaimOf('c', 'v')),
      without: 'VolumeZone',
    },
  ],
  [
    'VolumeZone',
    NEVER,
    ['persistentvolume "v" not found'],
    { pod: podWithClaims('p', 'c'), objects: volumes(boundClaimOf('c', 'v')) },
  ],
  [
    'VolumeBinding',
    NEVER,
    ['pod has unbound immediate PersistentVolumeClaims'],
    {
      pod: podWithClaims('p', 'c'),
      objects: {
        ...volumes(claimOf('c')),
        storageclasses: [classNamed('late', { volumeBindingMode: 'Immediate' })],
      },
    },
  ],
  [
    'VolumeZone',
    NEVER,
    ['node(s) had no available volume zone'],
    {
      pod: podWithClaims('p', 'c'),
      node: inZone('z1'),
      objects: volumes(
        boundClaimOf('c', 'v'),
        volumeOf('v', {}, { 'topology.kubernetes.io/zone': 'z2' }),
      ),
    },
  ],
  [
    'PodTopologySpread',
    NEVER,
    ["node(s) didn't match pod topology spread constraints (missing required label)"],
    { pod: pod(spread('zone'), { app: 'x' }) },
  ],
  [
    'PodTopologySpread',
    NOW,
    ["node(s) didn't match pod topology spread constraints"],
    {
      pod: pod(spread('kubernetes.io/hostname', 2), { app: 'x' }),
      there: [podOf('x', {}, { app: 'x' })],
    },
  ],
  [
    'InterPodAffinity',
    NEVER,
    ["node(s) didn't match pod affinity rules"],
    { pod: pod(near('podAffinity')) },
  ],
  [
    'InterPodAffinity',
    NOW,
    ["node(s) didn't match pod anti-affinity rules"],
    { pod: pod(near('podAntiAffinity')), there: [podOf('x', {}, { app: 'x' })] },
  ],
  [
    'InterPodAffinity',
    NOW,
    ["node(s) didn't satisfy existing pods anti-affinity rules"],
    { pod: pod({}, { app: 'x' }), there: [podOf('x', near('podAntiAffinity') as never)] },
  ],
  [
    'DynamicResources',
    NEVER,
    ['could not find ResourceClaim "a/c"'],
    { pod: pod({ resourceClaims: [{ name: 'r', resourceClaimName: 'c' }] }) },
  ],
]

for (const [plugin, code, reasons, scene] of rows)
  test(`${plugin}: ${reasons.join(', ')}${code === NEVER ? ', whoever goes' : ''}`, () => {
    const { pod, node, there = [], objects = {}, args = new Map(), without } = scene
    const disabled = without ? [{ name: without }] : []
    const { state, attempt } = createWorld({
      objects,
      profile: { pluginArgs: args, plugins: { multiPoint: { disabled } } },
    })
    state.setNode(nodeOf('n1', node))
    for (const other of there)
      state.setPod({ ...other, spec: { ...other.spec, nodeName: 'n1' } } as Pod)
    const result = attempt(podInfoOf(pod), new CycleState())
    assert.ok('failure' in result, JSON.stringify(result))
    const info = state.node('n1')
    assert.ok(info)
    const status = result.failure.statusOf(info)
    // The sentence that people read has them in the order of their texts.
    const words = (texts: readonly string[]) => [...texts].sort()
    assert.deepEqual(words(status.reasons), words(reasons))
    assert.deepEqual([status.plugin, status.code], [plugin, code])
  })

test('every filter that is on by default is in the table', () => {
  const { profile } = createWorld()
  const filters = profile.points.filter.map(({ name }) => name)
  const shown = new Set(rows.map(([plugin]) => plugin))
  assert.deepEqual(
    filters.filter(name => !shown.has(name)),
    [],
  )
  for (const name of shown)
    assert.ok(
      plugins.some(entry => entry.name === name),
      name,
    )
})
