/** The volume plugins against slow, obvious models, on random nodes, volumes, claims and pods. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import {
  boundClaimOf,
  claimOf,
  classNamed,
  podWithClaims,
  reachableFrom,
  volumeOf,
} from '../testing/volume-objects.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

const ZONE = 'topology.kubernetes.io/zone'
const OLD_ZONE = 'failure-domain.beta.kubernetes.io/zone'
const NODES = ['n0', 'n1', 'n2']
const RUNS = { numRuns: 400 }

interface Given {
  readonly objects: Readonly<Record<string, readonly object[]>>
  /** The labels of each node. */
  readonly labels?: readonly Readonly<Record<string, string>>[]
  /** Pods that run already, with their nodes. */
  readonly running?: readonly (readonly [number, Pod])[]
  readonly pod: Pod
}

/** Which nodes the plugin takes for the pod, one after the other. */
function verdicts(name: string, { objects, labels = [], running = [], pod }: Given): boolean[] {
  const world = createWorld({ objects })
  for (const [i, node] of NODES.entries())
    world.state.setNode(nodeOf(node, { labels: labels[i] ?? {} }))
  for (const [i, other] of running)
    world.state.setPod({ ...other, spec: { ...other.spec, nodeName: NODES[i] } } as Pod)
  const plugin = world.profile.points.filter.find(each => each.name === name)
  assert.ok(plugin)
  const [cycle, info] = [new CycleState(), podInfoOf(pod)]
  const status = plugin.preFilter?.(cycle, info, world.state)?.status
  return NODES.map(node => {
    if (status) return status.code === 'Skip'
    const found = world.state.node(node)
    assert.ok(found)
    return plugin.filter(cycle, info, found) === undefined
  })
}

/** Counts both answers over a test: a model that always says the same proves nothing. */
function tally() {
  const counts = { taken: 0, refused: 0 }
  return {
    note: (answers: readonly boolean[]) => {
      for (const taken of answers) counts[taken ? 'taken' : 'refused']++
    },
    check: () => assert.ok(counts.taken > 80 && counts.refused > 80, JSON.stringify(counts)),
  }
}
const few = (max: number) => fc.nat({ max })

test('VolumeZone: every zone label of every bound volume holds the node’s zone', () => {
  const { note, check } = tally()
  const zones = fc.constantFrom('', 'a', 'b', 'a__b', 'a__', 'c')
  const volumes = fc.array(fc.record({ zone: zones, old: zones }), { minLength: 1, maxLength: 3 })
  const nodes = fc.array(
    fc.record({ zone: fc.constantFrom('', 'a', 'b'), old: fc.constantFrom('', 'a', 'b') }),
    { minLength: 3, maxLength: 3 },
  )
  const labelsOf = ({ zone, old }: { zone: string; old: string }) => ({
    ...(zone ? { [ZONE]: zone } : {}),
    ...(old ? { [OLD_ZONE]: old } : {}),
  })
  fc.assert(
    fc.property(volumes, nodes, (wanted, there) => {
      const answers = verdicts('VolumeZone', {
        labels: there.map(labelsOf),
        objects: {
          persistentvolumeclaims: wanted.map((_, i) => boundClaimOf(`c${i}`, `v${i}`)),
          persistentvolumes: wanted.map((each, i) => volumeOf(`v${i}`, {}, labelsOf(each))),
        },
        pod: podWithClaims('p', ...wanted.map((_, i) => `c${i}`)),
      })
      // A list with an empty name in it says nothing.
      const allows = (list: string, zone: string) =>
        list === '' || list === 'a__' || list.split('__').includes(zone)
      const expected = there.map(
        node =>
          (node.zone === '' && node.old === '') ||
          wanted.every(
            ({ zone, old }) => allows(zone, node.zone) && allows(old, node.old || node.zone),
          ),
      )
      assert.deepEqual(answers, expected)
      note(answers)
    }),
    RUNS,
  )
  check()
})

test('NodeVolumeLimits: no more volumes of a driver than the node takes, however often each is used', () => {
  const { note, check } = tally()
  const cases = fc.record({
    // The driver of each volume; '' is none that attaches.
    drivers: fc.array(fc.constantFrom('d', 'e', ''), { minLength: 5, maxLength: 5 }),
    limits: fc.array(fc.record({ d: few(3), e: fc.option(few(2)) }), {
      minLength: 3,
      maxLength: 3,
    }),
    running: fc.array(fc.tuple(few(2), fc.uniqueArray(few(4), { minLength: 1, maxLength: 2 })), {
      maxLength: 4,
    }),
    attached: fc.array(fc.tuple(few(2), few(4)), { maxLength: 3 }),
    wanted: fc.uniqueArray(few(4), { minLength: 1, maxLength: 3 }),
  })
  fc.assert(
    fc.property(cases, ({ drivers, limits, running, attached, wanted }) => {
      const using = (name: string, volumes: readonly number[]) =>
        podWithClaims(name, ...volumes.map(i => `c${i}`))
      const csi = (driver: string, i: number) =>
        driver ? { csi: { driver, volumeHandle: `${i}` } } : {}
      const answers = verdicts('NodeVolumeLimits', {
        objects: {
          persistentvolumeclaims: drivers.map((_, i) => boundClaimOf(`c${i}`, `v${i}`)),
          persistentvolumes: drivers.map((driver, i) => volumeOf(`v${i}`, csi(driver, i))),
          volumeattachments: attached.map(([node, volume], i) => ({
            metadata: { name: `a${i}` },
            spec: { nodeName: NODES[node], source: { persistentVolumeName: `v${volume}` } },
          })),
          csinodes: limits.map(({ d, e }, i) => ({
            metadata: { name: NODES[i] },
            spec: {
              drivers: [
                { name: 'd', allocatable: { count: d } },
                e === null ? { name: 'e' } : { name: 'e', allocatable: { count: e } },
              ],
            },
          })),
        },
        running: running.map(([node, volumes], i) => [node, using(`r${i}`, volumes)] as const),
        pod: using('p', wanted),
      })
      const expected = limits.map((limit, node) => {
        const there = new Set([
          ...running.flatMap(([at, volumes]) => (at === node ? volumes : [])),
          ...attached.flatMap(([at, volume]) => (at === node ? [volume] : [])),
        ])
        return (['d', 'e'] as const).every(driver => {
          const added = wanted.filter(i => drivers[i] === driver && !there.has(i)).length
          const before = [...there].filter(i => drivers[i] === driver).length
          return added === 0 || before + added <= (limit[driver] ?? Number.POSITIVE_INFINITY)
        })
      })
      assert.deepEqual(answers, expected)
      note(answers)
    }),
    RUNS,
  )
  check()
})

test('VolumeRestrictions: a disk is written in one place, and one pod alone has an exclusive claim', () => {
  const { note, check } = tally()
  const volume = fc.record({
    sort: fc.constantFrom('gce', 'ebs', 'iscsi', 'rbd', 'claim', 'own'),
    id: fc.constantFrom('x', 'y'),
    readOnly: fc.boolean(),
  })
  type Volume = typeof volume extends fc.Arbitrary<infer T> ? T : never
  const volumes = fc.array(volume, { minLength: 1, maxLength: 2 })
  const sourceOf = ({ sort, id, readOnly }: Volume): object =>
    ({
      gce: { gcePersistentDisk: { pdName: id, readOnly } },
      ebs: { awsElasticBlockStore: { volumeID: id, readOnly } },
      iscsi: { iscsi: { targetPortal: 't', lun: 0, iqn: id, readOnly } },
      rbd: { rbd: { monitors: [id, 'm'], pool: 'p', image: id, readOnly } },
      claim: { persistentVolumeClaim: { claimName: `shared-${id}` } },
      own: { persistentVolumeClaim: { claimName: `own-${id}` } },
    })[sort] as object
  const podWith = (name: string, all: readonly Volume[]) =>
    podOf(name, { volumes: all.map((each, i) => ({ name: `${i}`, ...sourceOf(each) })) } as never)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(few(2), volumes), { minLength: 2, maxLength: 5 }),
      volumes,
      (running, wanted) => {
        const modes = { shared: ['ReadWriteOnce'], own: ['ReadWriteOncePod'] }
        const answers = verdicts('VolumeRestrictions', {
          objects: {
            persistentvolumeclaims: Object.entries(modes).flatMap(([sort, accessModes]) =>
              ['x', 'y'].map(id => claimOf(`${sort}-${id}`, { accessModes })),
            ),
          },
          running: running.map(([node, all], i) => [node, podWith(`r${i}`, all)] as const),
          pod: podWith('p', wanted),
        })
        const clash = (a: Volume, b: Volume) =>
          a.sort === b.sort && a.id === b.id && (a.sort === 'ebs' || !(a.readOnly && b.readOnly))
        const expected = NODES.map((_, node) =>
          wanted.every(mine =>
            running.every(([at, theirs]) =>
              theirs.every(other => {
                if (mine.sort === 'claim') return true
                if (mine.sort === 'own') return other.sort !== 'own' || other.id !== mine.id
                return at !== node || !clash(mine, other)
              }),
            ),
          ),
        )
        assert.deepEqual(answers, expected)
        note(answers)
      },
    ),
    RUNS,
  )
  check()
})

test('VolumeBinding: a pod fits just where its claims can all have volumes of their own', () => {
  const { note, check } = tally()
  const reach = fc.subarray(NODES, { minLength: 1 })
  const cases = fc.record({
    volumes: fc.array(
      fc.record({
        gib: fc.integer({ min: 1, max: 4 }),
        reach,
        kept: fc.constantFrom('', '', '', 'c0', 'c1', 'somebody'),
      }),
      { maxLength: 4 },
    ),
    // Which are bound to a volume that only these nodes reach; others want so much.
    claims: fc.array(
      fc.oneof(fc.record({ gib: fc.integer({ min: 1, max: 4 }) }), fc.record({ bound: reach })),
      { minLength: 1, maxLength: 3 },
    ),
  })
  type Volume = { gib: number; reach: readonly string[]; kept: string }
  const boundTo = (i: number, nodes: readonly string[]) =>
    volumeOf(`b${i}`, { ...reachableFrom(...nodes), claimRef: { namespace: 'a', name: `c${i}` } })
  fc.assert(
    fc.property(cases, ({ volumes, claims }) => {
      const answers = verdicts('VolumeBinding', {
        objects: {
          storageclasses: [classNamed('late')],
          persistentvolumeclaims: claims.map((claim, i) =>
            'bound' in claim
              ? boundClaimOf(`c${i}`, `b${i}`)
              : claimOf(`c${i}`, { resources: { requests: { storage: `${claim.gib}Gi` } } }),
          ),
          persistentvolumes: [
            ...volumes.map(({ gib, reach: nodes, kept }, i) =>
              volumeOf(`v${i}`, {
                ...reachableFrom(...nodes),
                capacity: { storage: `${gib}Gi` },
                ...(kept ? { claimRef: { namespace: 'a', name: kept } } : {}),
              }),
            ),
            ...claims.flatMap((claim, i) => ('bound' in claim ? [boundTo(i, claim.bound)] : [])),
          ],
        },
        pod: podWithClaims('p', ...claims.map((_, i) => `c${i}`)),
      })
      /** Tries every way to give the claims from `index` on what is left. */
      const canFill = (index: number, node: string, left: readonly Volume[]): boolean => {
        const claim = claims[index]
        if (!claim) return true
        if ('bound' in claim) return claim.bound.includes(node) && canFill(index + 1, node, left)
        const name = `c${index}`
        const suits = (each: Volume) => each.gib >= claim.gib
        const kept = volumes.filter(each => each.kept === name && suits(each))
        const options =
          kept.length > 0 ? kept.slice(0, 1) : left.filter(each => !each.kept && suits(each))
        return options
          .filter(each => each.reach.includes(node))
          .some(each =>
            canFill(
              index + 1,
              node,
              left.filter(other => other !== each),
            ),
          )
      }
      const expected = NODES.map(node => canFill(0, node, volumes))
      assert.deepEqual(answers, expected)
      note(answers)
    }),
    RUNS,
  )
  check()
})
