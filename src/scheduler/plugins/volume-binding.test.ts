import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createRecordingClient } from '../testing/recording-client.ts'
import {
  boundClaimOf,
  claimOf,
  classNamed,
  podWithClaims,
  reachableFrom,
  volumeOf,
} from '../testing/volume-objects.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

type Objects = Readonly<Record<string, readonly object[]>>

function world(objects: Objects, nodes = ['n1', 'n2']) {
  const client = createRecordingClient()
  const made = createWorld({
    client,
    objects: { storageclasses: [classNamed('late')], ...objects },
  })
  for (const name of nodes)
    made.state.setNode(nodeOf(name, { labels: { 'topology.kubernetes.io/zone': `zone-${name}` } }))
  const plugin = made.profile.points.reserve.find(({ name }) => name === 'VolumeBinding')
  if (!plugin) throw new Error('no such plugin')
  const tried = (pod: Pod) => {
    const [info, cycle] = [podInfoOf(pod), new CycleState()]
    const result = made.attempt(info, cycle)
    const said =
      'node' in result
        ? result.node.name
        : 'failure' in result
          ? result.failure.message('').replace(/^.*available: (\d+ )?/, '')
          : result.status.reasons.join()
    return { said, info, cycle, node: 'node' in result ? result.node : undefined }
  }
  /** Where the pod may go, or why it may not. */
  const placed = (pod: Pod) => tried(pod).said
  return { ...made, client, plugin, tried, placed }
}

test('what a claim is about decides before any node is looked at', () => {
  const { placed } = world({
    persistentvolumeclaims: [
      claimOf('now', { storageClassName: 'now' }),
      { ...boundClaimOf('lost', 'v'), status: { phase: 'Lost' } },
      { ...claimOf('going'), metadata: { ...claimOf('going').metadata, deletionTimestamp: 'x' } },
      claimOf('p-scratch'),
    ],
    storageclasses: [classNamed('now', { volumeBindingMode: 'Immediate' }), classNamed('late')],
  })
  const using = (name: string) => placed(podWithClaims('p', name))
  assert.equal(using('none'), 'persistentvolumeclaim "none" not found.')
  const ephemeral = (name: string) =>
    placed(podOf('p', { volumes: [{ name, ephemeral: { volumeClaimTemplate: {} } }] } as never))
  assert.equal(
    ephemeral('e'),
    'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-e".',
  )
  assert.match(ephemeral('scratch'), /^PVC a\/p-scratch was not created for pod a\/p/)
  assert.equal(
    using('lost'),
    'persistentvolumeclaim "lost" bound to non-existent persistentvolume "v".',
  )
  assert.equal(using('going'), 'persistentvolumeclaim "going" is being deleted.')
  assert.equal(using('now'), 'pod has unbound immediate PersistentVolumeClaims.')
  assert.match(placed(podOf('q')), /^n/)
})

test('bound volumes draw the pod to nodes that reach them', () => {
  const { placed } = world({
    persistentvolumeclaims: [
      boundClaimOf('here', 'v'),
      boundClaimOf('nowhere', 'w'),
      boundClaimOf('gone', 'x'),
    ],
    persistentvolumes: [volumeOf('v', reachableFrom('n2')), volumeOf('w', reachableFrom('n9'))],
  })
  assert.equal(placed(podWithClaims('p', 'here')), 'n2')
  assert.equal(
    placed(podWithClaims('p', 'nowhere')),
    "node(s) didn't match PersistentVolume's node affinity.",
  )
})

test('free volumes are found for the node, the smallest that will do, and not twice', async () => {
  const { tried, plugin, client } = world({
    persistentvolumeclaims: [claimOf('c'), claimOf('d'), claimOf('e')],
    persistentvolumes: [
      volumeOf('big', { ...reachableFrom('n2'), capacity: { storage: '9Gi' } }),
      volumeOf('small', reachableFrom('n2')),
      volumeOf('other', { ...reachableFrom('n1'), storageClassName: 'another' }),
    ],
  })
  const { said, info, cycle, node } = tried(podWithClaims('p', 'c'))
  assert.equal(said, 'n2')
  assert.ok(node)
  assert.equal(plugin.preBindPreFlight?.(cycle, info, node), undefined, 'there is work to do')
  assert.equal(plugin.reserve(cycle, info, node), undefined)
  const second = tried(podWithClaims('q', 'd'))
  assert.equal(second.said, 'n2', 'the other volume is left')
  plugin.reserve(second.cycle, second.info, node)
  assert.equal(
    tried(podWithClaims('r', 'e')).said,
    "node(s) didn't find available persistent volumes to bind.",
  )
  plugin.unreserve?.(cycle, info, node)
  assert.equal(tried(podWithClaims('r', 'e')).said, 'n2', 'it is free again')
  client.error = new Error('conflict')
  const status = await plugin.preBind?.(cycle, info, node)
  assert.deepEqual([status?.code, status?.reasons], ['Error', ['conflict']])
})

test('where no volume is free one is made, if the class and the room allow it', () => {
  const objects = (capacity: object[], more: object = {}): Objects => ({
    persistentvolumeclaims: [
      claimOf('c'),
      claimOf('mine', {}, { 'volume.kubernetes.io/selected-node': 'n1' }),
    ],
    storageclasses: [classNamed('late', { provisioner: 'driver', ...more })],
    csidrivers: [{ metadata: { name: 'driver' }, spec: { storageCapacity: capacity.length > 0 } }],
    csistoragecapacities: capacity,
  })
  const room = (name: string, more: object) => ({
    metadata: { name, namespace: 'a' },
    storageClassName: 'late',
    nodeTopology: { matchLabels: { 'kubernetes.io/hostname': name } },
    ...more,
  })
  const c = podWithClaims('p', 'c')
  assert.match(world(objects([])).placed(c), /^n/)
  assert.equal(world(objects([])).placed(podWithClaims('p', 'mine')), 'n1')
  const narrow = objects([
    room('n1', { capacity: '512Mi' }),
    room('n2', { capacity: '512Mi', maximumVolumeSize: '1Gi' }),
  ])
  assert.equal(world(narrow).placed(c), 'n2')
  assert.equal(
    world(objects([room('n1', { capacity: '1Mi' })])).placed(c),
    'node(s) did not have enough free storage.',
  )
  const zone = (values: string[]) => ({
    allowedTopologies: [
      { matchLabelExpressions: [{ key: 'topology.kubernetes.io/zone', values }] },
    ],
  })
  assert.equal(world(objects([], zone(['zone-n2']))).placed(c), 'n2')
  assert.equal(
    world(objects([], zone(['zone-n9']))).placed(c),
    "node(s) didn't find available persistent volumes to bind.",
  )
  assert.equal(
    world({ persistentvolumeclaims: [claimOf('c')] }).placed(c),
    "node(s) didn't find available persistent volumes to bind.",
  )
})

test('volumes that do not suit the claim are left alone', () => {
  const unfit: readonly [string, object][] = [
    ['too small', { capacity: { storage: '1Mi' } }],
    ['another mode', { accessModes: ['ReadOnlyMany'] }],
    ['raw', { volumeMode: 'Block' }],
    ['taken', { claimRef: { namespace: 'a', name: 'other' } }],
    ['out of reach', reachableFrom('n9')],
    [
      'kept for the claim, but out of reach',
      { ...reachableFrom('n9'), claimRef: { namespace: 'a', name: 'c' } },
    ],
  ]
  for (const [what, more] of unfit) {
    const { placed } = world({
      persistentvolumeclaims: [claimOf('c')],
      persistentvolumes: [volumeOf('v', more)],
    })
    assert.match(placed(podWithClaims('p', 'c')), /didn't find available/, what)
  }
})

test('a timeout below zero is refused', () => {
  const pluginArgs = new Map([['VolumeBinding', { bindTimeoutSeconds: -1 }]])
  assert.throws(() => createWorld({ profile: { pluginArgs } }), /bindTimeoutSeconds/)
})
