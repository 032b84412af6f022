import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { asking, cluster, nodeFor, nodeOf, place, podOf, refusalOf } from '../testing/world.ts'
import { enoughOf } from './feasible.ts'

test('the emptier node is preferred', () => {
  const state = cluster([nodeOf('n1'), nodeOf('n2')], [['n1', podOf('x', asking('2'))]])
  assert.equal(nodeFor(podOf('p', asking('1')), state), 'n2')
})

test('all refusals are counted by reason, and whether preemption could help', async () => {
  const state = cluster(
    [
      nodeOf('n1', { cpu: '1' }),
      nodeOf('n2'),
      nodeOf('n3', { spec: { unschedulable: true } }),
      nodeOf('n4', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
    ],
    [['n2', podOf('x', asking('3'))]],
  )
  assert.equal(
    await refusalOf(podOf('p', asking('2')), state),
    '0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu. ' +
      'no new claims to deallocate, preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.',
  )
  assert.equal(nodeFor(podOf('p'), cluster([])), 'no nodes available to schedule pods')
})

test('tolerations open tainted and cordoned nodes', () => {
  const taints = [{ key: 'k', value: 'v', effect: 'NoSchedule' }]
  const state = cluster([nodeOf('n1', { spec: { taints } })])
  const tolerations = [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }]
  assert.equal(nodeFor(podOf('p', { tolerations } as never), state), 'n1')
  assert.match(nodeFor(podOf('p'), state), /untolerated/)
  const cordoned = cluster([nodeOf('n1', { spec: { unschedulable: true } })])
  assert.equal(
    nodeFor(podOf('p', { tolerations: [{ operator: 'Exists' }] } as never), cordoned),
    'n1',
  )
})

test('the number of pods is limited, and a finished or removed pod makes room', () => {
  const pods = Array.from({ length: 5 }, (_, i): [string, Pod] => ['n1', podOf(`x${i}`)])
  const state = cluster([nodeOf('n1')], pods)
  assert.match(nodeFor(podOf('p'), state), /1 Too many pods\./)
  state.removePod('x3')
  assert.equal(nodeFor(podOf('p'), state), 'n1')
})

test('assumed pods count at once and can be forgotten; bound ones cannot', () => {
  const state = cluster([nodeOf('n1')])
  const p = podOf('p', asking('3'))
  state.assume(podInfoOf(p), 'n1')
  assert.match(nodeFor(podOf('q', asking('2')), state), /Insufficient cpu/)
  state.forget('p')
  assert.equal(nodeFor(podOf('q', asking('2')), state), 'n1')
  state.assume(podInfoOf(p), 'n1')
  state.setPod({ ...p, spec: { ...p.spec, nodeName: 'n1' } })
  state.forget('p')
  assert.match(nodeFor(podOf('q', asking('2')), state), /Insufficient cpu/)
  state.removePod('p')
  assert.deepEqual(
    [...(state.nodes[0]?.requested ?? [])].filter(([, amount]) => amount !== 0),
    [],
    'the sums are back at zero',
  )
})

test('node selector and affinity', () => {
  const state = cluster([
    nodeOf('n1', { labels: { disk: 'ssd', size: '3' } }),
    nodeOf('n2', { labels: { disk: 'hdd', size: '9' } }),
  ])
  assert.equal(nodeFor(podOf('p', { nodeSelector: { disk: 'hdd' } }), state), 'n2')
  const affinity = (terms: object[]) =>
    ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
        },
      },
    }) as never
  const expression = (operator: string, values: string[], key = 'size') => ({
    matchExpressions: [{ key, operator, values }],
  })
  assert.equal(nodeFor(podOf('p', affinity([expression('Gt', ['5'])])), state), 'n2')
  assert.equal(nodeFor(podOf('p', affinity([expression('NotIn', ['9'])])), state), 'n1')
  assert.match(nodeFor(podOf('p', affinity([{}])), state), /2 node\(s\) didn't match Pod's node/)
  const named = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }
  assert.equal(nodeFor(podOf('p', affinity([named])), state), 'n2')
})

test('a host port is taken once a node', () => {
  const ports = (hostPort: number) =>
    ({ containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort }] }] }) as never
  const state = cluster([nodeOf('n1')], [['n1', podOf('x', ports(80))]])
  assert.match(nodeFor(podOf('p', ports(80)), state), /didn't have free ports/)
  assert.equal(nodeFor(podOf('p', ports(81)), state), 'n1')
})

test('requests: init containers overlap, side-cars and overhead add up', () => {
  const container = (cpu: string, more: object = {}) => ({
    name: cpu,
    image: 'i',
    resources: { requests: { cpu } },
    ...more,
  })
  const spec = {
    containers: [container('1'), container('500m')],
    initContainers: [container('1', { restartPolicy: 'Always' }), container('4')],
    overhead: { cpu: '250m' },
  }
  assert.equal(podInfoOf(podOf('p', spec as never)).requests.get('cpu'), 5250)
  const small = { ...spec, initContainers: [container('1', { restartPolicy: 'Always' })] }
  assert.equal(podInfoOf(podOf('p', small as never)).requests.get('cpu'), 2750)
})

test('topology spread keeps the skew', () => {
  const zone = (name: string, zone: string) => nodeOf(name, { labels: { zone } })
  const spread = {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'w' } },
      },
    ],
  } as never
  const labels = { app: 'w' }
  const state = cluster(
    [zone('n1', 'a'), zone('n2', 'b'), nodeOf('n3')],
    [['n1', podOf('x', {}, labels)]],
  )
  assert.equal(nodeFor(podOf('p', spread, labels), state), 'n2')
  const full = cluster(
    [zone('n1', 'a'), zone('n2', 'b')],
    [
      ['n1', podOf('x', {}, labels)],
      ['n2', podOf('y', asking('4'), labels)],
    ],
  )
  full.setPod({ ...podOf('z', {}, labels), spec: { ...podOf('z').spec, nodeName: 'n1' } } as Pod)
  const wants = podOf('p', { ...asking('1'), ...(spread as object) }, labels)
  assert.match(
    nodeFor(wants, full),
    /1 Insufficient cpu, 1 node\(s\) didn't match pod topology spread constraints\./,
  )
})

test('affinity and anti-affinity between pods, both ways', () => {
  const term = (app: string, topologyKey = 'kubernetes.io/hostname') => ({
    topologyKey,
    labelSelector: { matchLabels: { app } },
  })
  const near = (app: string) =>
    ({
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app)] } },
    }) as never
  const apart = (app: string) =>
    ({
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app)] },
      },
    }) as never
  const nodes = [nodeOf('n1'), nodeOf('n2')]
  const db = podOf('db', {}, { app: 'db' })
  assert.equal(nodeFor(podOf('p', near('db')), cluster(nodes, [['n2', db]])), 'n2')
  assert.equal(nodeFor(podOf('p', apart('db')), cluster(nodes, [['n2', db]])), 'n1')
  const shy = podOf('shy', apart('p'), { app: 'shy' })
  assert.equal(nodeFor(podOf('p', {}, { app: 'p' }), cluster(nodes, [['n1', shy]])), 'n2')
  assert.match(
    nodeFor(podOf('p', {}, { app: 'p' }), cluster([nodeOf('n1')], [['n1', shy]])),
    /didn't satisfy existing pods anti-affinity rules/,
  )
  assert.match(nodeFor(podOf('p', near('db')), cluster(nodes)), /didn't match pod affinity rules/)
  assert.match(
    nodeFor(podOf('q', near('self'), { app: 'self' }), cluster(nodes)),
    /^n[12]$/,
    'the first of its kind may go anywhere',
  )
  const elsewhere = podOf('db', {}, { app: 'db' }, 'b')
  assert.match(
    nodeFor(podOf('p', near('db')), cluster(nodes, [['n2', elsewhere]])),
    /affinity rules/,
  )
})

test('big images draw pods to the nodes that have them', () => {
  const images = [{ names: ['i:latest'], sizeBytes: 2_000_000_000 }]
  const state = cluster([nodeOf('n1'), nodeOf('n2', { images }), nodeOf('n3')])
  assert.equal(nodeFor(podOf('p'), state), 'n2')
})

test('of many nodes a share is enough', () => {
  assert.deepEqual(
    [1, 99, 100, 1000, 5000, 10000].map(nodes => enoughOf(nodes)),
    [1, 99, 100, 420, 500, 500],
  )
})

test('of a thousand nodes only the one that changed is asked again, and no pod on it is looked at', () => {
  const state = cluster([])
  for (let i = 0; i < 1000; i++) {
    const node = nodeOf(`n${i}`, { cpu: '32' })
    state.setNode({
      ...node,
      status: { allocatable: { cpu: '32', memory: '64Gi', pods: '110' } },
    } as never)
  }
  let asked = 0
  for (const { allocatable } of state.nodes)
    Object.defineProperty(allocatable, 'get', {
      value: (name: string) => {
        asked++
        return Map.prototype.get.call(allocatable, name)
      },
    })
  const count = 600
  for (let i = 0; i < count; i++) {
    const info = podInfoOf(podOf(`p${i}`, asking('100m', '100Mi')))
    const placement = place(info, state)
    assert.ok('node' in placement)
    state.assume(info, placement.node.name)
  }
  // Filter and two scores read two amounts each.
  const reads = 6 * (1000 + count)
  assert.ok(asked <= reads, `${asked} reads of amounts of nodes, at most ${reads} are needed`)
})

test('where all nodes are refused before claims are looked at, nobody is asked to make room', async () => {
  const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }]
  const affinity = (nodeSelectorTerms: object[]) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  })
  const never = [
    {
      matchFields: [
        { key: 'metadata.name', operator: 'In', values: ['n1'] },
        { key: 'metadata.name', operator: 'In', values: ['n2'] },
      ],
    },
  ]
  const state = cluster([nodeOf('n1'), nodeOf('n2')])
  assert.equal(nodeFor(podOf('p', { affinity: affinity(terms) } as never), state), 'n1')
  assert.equal(
    await refusalOf(podOf('p', { affinity: affinity(never) } as never), state),
    '0/2 nodes are available: pod affinity terms conflict. not found',
  )
})
