/** What a pod waits for between its placement and its binding: volumes that others bind late, never, or to another node. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verdict } from '../framework/plugin.ts'
import {
  boundClaimOf,
  claimOf,
  podWithClaims,
  reachableFrom,
  volumeOf,
} from '../testing/volume-objects.ts'
import { waitingWorld } from '../testing/waiting-world.ts'

const SELECTED = 'volume.kubernetes.io/selected-node'
const COMPLETED = 'pv.kubernetes.io/bind-completed'
const marked = (annotations: object, more: object = {}) => ({
  ...claimOf('c', more, annotations),
  metadata: { ...claimOf('c', more, annotations).metadata, resourceVersion: '9' },
})
const said = (status: Verdict) => status && `${status.code}: ${status.reasons.join()}`

test('a volume that is made late lets its pod go on', async () => {
  const { begin, put, clock } = waitingWorld({ claims: [claimOf('c')], timeoutSeconds: 600 })
  const binding = begin(podWithClaims('p', 'c'))
  await clock.advance(300_000)
  assert.equal(binding.verdict(), 'waits')
  put('persistentvolumeclaims', marked({ [SELECTED]: 'n1' }))
  await clock.advance(200_000)
  assert.equal(binding.verdict(), 'waits', 'the mark alone is no volume')
  put('persistentvolumes', volumeOf('v', reachableFrom('n1')))
  put(
    'persistentvolumeclaims',
    marked({ [SELECTED]: 'n1', [COMPLETED]: 'yes' }, { volumeName: 'v' }),
  )
  await clock.advance(1_000)
  assert.equal(binding.verdict(), undefined)
})

test('whoever waits in vain gives up after the time of the arguments, and not before', async () => {
  for (const timeoutSeconds of [1, 30, 600]) {
    const { begin, clock } = waitingWorld({ claims: [claimOf('c')], timeoutSeconds })
    const binding = begin(podWithClaims('p', 'c'))
    await clock.advance(timeoutSeconds * 1_000 - 1)
    assert.equal(binding.verdict(), 'waits')
    await clock.advance(1)
    assert.equal(
      said(binding.verdict() as Verdict),
      'Error: binding volumes: context deadline exceeded',
    )
    assert.equal(clock.pending, 0)
  }
})

test('what can never come right is said at once, word for word', async () => {
  const cases: readonly [string, (world: ReturnType<typeof waitingWorld>) => void, string][] = [
    [
      'the mark is taken off',
      ({ put }) => put('persistentvolumeclaims', marked({ other: 'x' })),
      'provisioning failed for PVC "c"',
    ],
    [
      'the mark is of another node',
      ({ put }) => put('persistentvolumeclaims', marked({ [SELECTED]: 'n2' })),
      'provisioning failed for PVC "c"',
    ],
    [
      'no annotations are left',
      ({ put }) => {
        const { annotations: _, ...metadata } = marked({}).metadata
        put('persistentvolumeclaims', { ...marked({}), metadata })
      },
      'selectedNode annotation reset for PVC "c"',
    ],
    [
      'the claim is deleted',
      ({ take }) => take('persistentvolumeclaims', 'a/c'),
      'failed to check provisioning pvc: could not find v1.PersistentVolumeClaim "a/c"',
    ],
    [
      'the volume is made elsewhere',
      ({ put }) => {
        put('persistentvolumes', volumeOf('v', reachableFrom('n2')))
        put('persistentvolumeclaims', marked({ [SELECTED]: 'n1' }, { volumeName: 'v' }))
      },
      'pv "v" node affinity doesn\'t match node "n1": no matching NodeSelectorTerms',
    ],
    [
      'the pod is deleted',
      ({ take }) => take('pods', 'a/p'),
      'pod does not exist any more: pod "p" not found',
    ],
    [
      'the node goes',
      ({ state }) => state.removeNode('n1'),
      'failed to get node "n1": node "n1" not found',
    ],
  ]
  for (const [what, happen, expected] of cases) {
    const world = waitingWorld({ claims: [claimOf('c')], timeoutSeconds: 600 })
    const binding = world.begin(podWithClaims('p', 'c'))
    await world.clock.advance(5_000)
    assert.equal(binding.verdict(), 'waits', what)
    happen(world)
    await world.clock.advance(1_000)
    assert.equal(said(binding.verdict() as Verdict), `Error: binding volumes: ${expected}`, what)
  }
})

test('a volume that was found free is waited for, unless it is taken away again', async () => {
  const free = () => ({
    claims: [claimOf('c')],
    volumes: [volumeOf('v', reachableFrom('n1'))],
    timeoutSeconds: 600,
  })
  const pointing = (claimRef: object, more: object = {}) => ({
    ...volumeOf('v', { ...reachableFrom('n1'), ...more, claimRef }),
    metadata: { name: 'v', resourceVersion: '9' },
  })
  const mine = { namespace: 'a', name: 'c', uid: 'c' }
  const late = waitingWorld(free())
  const binding = late.begin(podWithClaims('p', 'c'))
  await late.clock.advance(10_000)
  late.put('persistentvolumes', pointing(mine))
  await late.clock.advance(10_000)
  assert.equal(binding.verdict(), 'waits')
  late.put('persistentvolumeclaims', boundClaimOf('c', 'v'))
  await late.clock.advance(1_000)
  assert.equal(binding.verdict(), undefined)

  const cases: readonly [(world: ReturnType<typeof waitingWorld>) => void, string][] = [
    [({ put }) => put('persistentvolumes', pointing({})), 'ClaimRef got reset for pv "v"'],
    [
      ({ put }) => put('persistentvolumes', pointing(mine, reachableFrom('n2'))),
      'pv "v" node affinity doesn\'t match node "n1": no matching NodeSelectorTerms',
    ],
    [
      ({ take }) => take('persistentvolumes', 'v'),
      'failed to check binding: could not find v1.PersistentVolume "v"',
    ],
    [
      ({ take }) => take('persistentvolumeclaims', 'a/c'),
      'failed to check binding: could not find v1.PersistentVolumeClaim "a/c"',
    ],
  ]
  for (const [happen, expected] of cases) {
    const world = waitingWorld(free())
    const lost = world.begin(podWithClaims('p', 'c'))
    await world.clock.advance(1)
    happen(world)
    await world.clock.advance(1_000)
    assert.equal(said(lost.verdict() as Verdict), `Error: binding volumes: ${expected}`)
  }
})
