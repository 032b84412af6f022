import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podInfoOf } from '../state/pod-info.ts'
import {
  boundClaimOf,
  claimOf,
  classNamed,
  podWithClaims,
  volumeOf,
} from '../testing/volume-objects.ts'
import { createWorld, nodeOf } from '../testing/world.ts'

const ZONE = 'topology.kubernetes.io/zone'
const OLD_ZONE = 'failure-domain.beta.kubernetes.io/zone'
const onlyZones = {
  plugins: {
    filter: { disabled: [{ name: 'VolumeBinding' }] },
    preFilter: { disabled: [{ name: 'VolumeBinding' }] },
  },
}

function world(volumeLabels: object, nodes: Readonly<Record<string, Record<string, string>>>) {
  const made = createWorld({
    profile: onlyZones,
    objects: {
      persistentvolumeclaims: [
        boundClaimOf('c', 'v'),
        boundClaimOf('gone', 'w'),
        claimOf('late'),
        claimOf('now', { storageClassName: 'now' }),
        claimOf('none', { storageClassName: undefined }),
        claimOf('unknown', { storageClassName: 'unknown' }),
      ],
      persistentvolumes: [volumeOf('v', {}, volumeLabels)],
      storageclasses: [classNamed('late'), classNamed('now', { volumeBindingMode: 'Immediate' })],
    },
  })
  for (const [name, labels] of Object.entries(nodes)) made.state.setNode(nodeOf(name, { labels }))
  const placed = (claim: string) => {
    const result = made.attempt(podInfoOf(podWithClaims('p', claim)))
    if ('node' in result) return result.node.name
    return 'failure' in result ? result.failure.message('').replace(/^.*available: /, '') : ''
  }
  return { ...made, placed }
}

test('a pod goes to a zone of its volume', () => {
  const nodes = { n1: { [ZONE]: 'a' }, n2: { [ZONE]: 'b' } }
  assert.equal(world({ [ZONE]: 'b' }, nodes).placed('c'), 'n2')
  assert.equal(world({ [OLD_ZONE]: 'b' }, nodes).placed('c'), 'n2', 'by its older name')
  assert.equal(world({ [ZONE]: 'x__b' }, nodes).placed('c'), 'n2', 'of several')
  assert.equal(world({ [ZONE]: 'x' }, nodes).placed('c'), '2 node(s) had no available volume zone.')
  assert.match(world({ [ZONE]: 'x__' }, nodes).placed('c'), /^n/, 'a label that says nothing')
  assert.equal(world({ [ZONE]: 'x' }, { n1: {} }).placed('c'), 'n1', 'no zones at all')
})

test('claims without a volume are refused unless they wait for the pod', () => {
  const { placed } = world({ [ZONE]: 'a' }, { n1: { [ZONE]: 'a' } })
  assert.equal(placed('late'), 'n1')
  assert.equal(placed('now'), 'PersistentVolume had no name.')
  assert.equal(placed('none'), 'PersistentVolumeClaim had no pv name and storageClass name.')
  assert.equal(placed('unknown'), 'storageclass.storage.k8s.io "unknown" not found.')
  assert.equal(placed('gone'), 'persistentvolume "w" not found.')
})
