/** Preemption for groups against a slow and obvious model, over random clusters in which each member needs a node for itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Clock } from '#base/clock.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import { type PodInfo, podInfoOf } from '../state/pod-info.ts'
import { createRecordingClient } from '../testing/recording-client.ts'
import { asking, createWorld, nodeOf, podOf } from '../testing/world.ts'

const gates = new Map([
  ['GenericWorkload', true],
  ['GangScheduling', true],
  ['WorkloadAwarePreemption', true],
])
const OWN_PRIORITY = 3
/** The groups that others belong to, by name: whether only the whole of it may be disrupted, and its priority. */
const GROUPS = { whole: [true, 1], grand: [true, 4], loose: [false, 0] } as const
type GroupName = keyof typeof GROUPS

const clusters = fc.record({
  nodes: fc.array(
    fc.array(
      fc.record({
        priority: fc.integer({ min: -1, max: 3 }),
        group: fc.option(fc.constantFrom<GroupName>('whole', 'grand', 'loose'), { nil: undefined }),
        app: fc.constantFrom('a', 'b'),
      }),
      { maxLength: 2 },
    ),
    { minLength: 2, maxLength: 5 },
  ),
  members: fc.integer({ min: 1, max: 4 }),
  minCount: fc.integer({ min: 1, max: 4 }),
  allowed: fc.integer({ min: 0, max: 2 }),
})
type Cluster = typeof clusters extends fc.Arbitrary<infer T> ? T : never

interface Small {
  readonly name: string
  readonly node: number
  readonly priority: number
  readonly start: number
  readonly group: GroupName | undefined
  readonly app: string
}
/** What clients are told of a victim: its condition, or an event. */
type Told = { status?: { conditions?: { message: string }[] }; message?: string } | undefined
interface Unit {
  readonly pods: readonly Small[]
  readonly priority: number
}

function podsOf({ nodes }: Cluster): Small[] {
  // Nobody started in the same second, so that the order is never a matter of taste.
  return nodes.flatMap((pods, node) =>
    pods.map((pod, i) => ({ ...pod, node, name: `n${node}-${i}`, start: (node * 7 + i * 3) % 41 })),
  )
}

function unitsOf(pods: readonly Small[]): Unit[] {
  const isWhole = ({ group }: Small) => group !== undefined && GROUPS[group][0]
  const groups = (['whole', 'grand'] as const).map(group => ({
    pods: pods.filter(pod => pod.group === group),
    priority: GROUPS[group][1],
  }))
  return [
    ...pods.filter(pod => !isWhole(pod)).map(pod => ({ pods: [pod], priority: pod.priority })),
    ...groups.filter(({ pods }) => pods.length > 0),
  ]
}

function order(a: Unit, b: Unit): number {
  const isGroup = ({ pods }: Unit) => Number(pods[0]?.group !== undefined)
  const start = ({ pods }: Unit) => Math.min(...pods.map(pod => pod.start))
  if (a.priority !== b.priority) return b.priority - a.priority
  if (isGroup(a) !== isGroup(b)) return isGroup(b) - isGroup(a)
  if (a.pods.length !== b.pods.length) return b.pods.length - a.pods.length
  return start(a) - start(b)
}

/** Who has to go; `none` where nobody needs to, `useless` where it would not help. */
function expected(cluster: Cluster): string[] | 'none' | 'useless' {
  const pods = podsOf(cluster)
  const free = (there: readonly Small[]) =>
    cluster.nodes.filter((_, node) => there.every(pod => pod.node !== node)).length
  const placed = (there: readonly Small[]) => Math.min(free(there), cluster.members)
  if (placed(pods) >= cluster.minCount) return 'none'
  const lower = unitsOf(pods)
    .filter(({ priority }) => priority < OWN_PRIORITY)
    .sort(order)
  let there = pods.filter(pod => !lower.some(unit => unit.pods.includes(pod)))
  const most = placed(there)
  if (lower.length === 0 || most < cluster.minCount) return 'useless'
  let left = cluster.allowed
  const violating = lower.filter(
    unit => unit.pods.filter(({ app }) => app === 'a' && --left < 0).length > 0,
  )
  for (const unit of [...violating, ...lower.filter(each => !violating.includes(each))])
    if (placed([...there, ...unit.pods]) >= most) there = [...there, ...unit.pods]
  return pods.filter(pod => !there.includes(pod)).map(({ name }) => name)
}

const objectOf = ({ name, node, priority, start, group, app }: Small): Pod =>
  ({
    ...podOf(
      name,
      {
        ...asking('1', '1Mi'),
        priority,
        nodeName: `n${node}`,
        ...(group ? { schedulingGroup: { podGroupName: group } } : {}),
      } as never,
      { app },
    ),
    status: { startTime: new Date(start * 1_000).toISOString() },
  }) as unknown as Pod
const groupOf = (name: string, priority: number, spec: object) => ({
  metadata: { name, namespace: 'a', uid: `uid-of-${name}` },
  spec: { schedulingPolicy: { basic: {} }, priority, ...spec },
  status: {},
})

/** The pods of each node and what they take. */
const taken = ({ nodes }: ClusterState) =>
  nodes.map(({ pods, requested }) => [
    [...pods.keys()].sort(),
    [...requested].filter(([, amount]) => amount > 0),
  ])

function worldOf(cluster: Cluster, clock?: Clock) {
  const client = createRecordingClient()
  const schedulerName = 'default-scheduler'
  const spec = { ...asking('4', '1Mi'), priority: OWN_PRIORITY, schedulerName }
  const members = Array.from({ length: cluster.members }, (_, i) =>
    podOf(`m${i}`, { ...spec, schedulingGroup: { podGroupName: 'own' } } as never),
  )
  const { minCount, allowed } = cluster
  const pods = podsOf(cluster).map(objectOf)
  const world = createWorld({
    client,
    gates,
    ...(clock ? { clock } : {}),
    objects: {
      pods: [...members, ...pods],
      podgroups: [
        groupOf('own', OWN_PRIORITY, { schedulingPolicy: { gang: { minCount } } }),
        ...Object.entries(GROUPS).map(([name, [isWhole, priority]]) =>
          groupOf(name, priority, { disruptionMode: isWhole ? 'PodGroup' : 'Pod' }),
        ),
      ],
      poddisruptionbudgets: [
        {
          metadata: { name: 'a', namespace: 'a' },
          spec: { selector: { matchLabels: { app: 'a' } } },
          status: { disruptionsAllowed: allowed },
        },
      ],
    },
  })
  for (const i of cluster.nodes.keys()) world.state.setNode(nodeOf(`n${i}`))
  for (const pod of pods) world.state.setPod(pod)
  const evicted = () =>
    client.written.filter(({ verb }) => verb === 'delete').map(({ name }) => name)
  return { ...world, client, members: members.map(podInfoOf), evicted }
}

/** Members that find a node keep it while the others look. */
function firstRefused({
  state,
  members,
  attempt,
}: Pick<ReturnType<typeof worldOf>, 'state' | 'members' | 'attempt'>): PodInfo | undefined {
  let refused: PodInfo | undefined
  for (const each of members) {
    const found = attempt(each)
    if (!('node' in found)) refused ??= each
    else if (!refused) state.assume(each, found.node.name)
  }
  return refused
}

test('whoever the model lets go goes, whole groups as a whole, and nobody else', async () => {
  const seen = { evicted: 0, useless: 0, none: 0 }
  await fc.assert(
    fc.asyncProperty(clusters, async cluster => {
      const { state, nominator, members, postFilter, attempt, evicted } = worldOf(cluster)
      const member = firstRefused({ state, members, attempt })
      if (!member) return
      const before = taken(state)
      const { message, nominatedNode } = await postFilter(member)
      await new Promise(resolve => setImmediate(resolve))
      const gone = expected(cluster)
      if (typeof gone === 'string') {
        seen[gone]++
        if (gone === 'none') return
        assert.deepEqual(evicted(), [])
        assert.match(message, /preemption: (No preemption victims|pod group is unschedulable)/)
      } else {
        seen.evicted++
        assert.deepEqual(evicted().sort(), gone.sort())
        assert.ok(nominatedNode, message)
        // Once they are gone, all that were promised a node find one, each its own.
        for (const name of gone) state.removePod(name)
        nominator.add(member, nominatedNode)
        let placed = 0
        for (const each of members) {
          if (state.isPlaced(each.uid)) {
            placed++
            continue
          }
          const found = attempt(each)
          if (!('node' in found)) continue
          placed++
          state.assume(each, found.node.name)
          nominator.delete(each.uid)
        }
        assert.ok(placed >= cluster.minCount, `${placed} of ${cluster.minCount}`)
        return
      }
      assert.deepEqual(taken(state), before, 'a trial left something behind')
    }),
    { numRuns: 800 },
  )
  assert.ok(seen.evicted > 80 && seen.useless > 80, JSON.stringify(seen))
})

/** Time that flies: every look at it is a whole second later, and whoever sleeps is woken at once, after `pause` was told. */
function hasty(pause: () => void): Clock {
  let elapsedMs = 0
  return {
    now: () => Date.UTC(2026, 0, 1),
    monotonicMs: () => (elapsedMs += 1_000),
    after(_delayMs, callback) {
      setImmediate(() => {
        pause()
        callback()
      })
      return () => {}
    },
  }
}

test('whoever looks between two steps finds everything in its place, and the victims are the same', async () => {
  let pauses = 0
  await fc.assert(
    fc.asyncProperty(clusters, async cluster => {
      let before: unknown
      const world = worldOf(
        cluster,
        hasty(() => {
          pauses++
          assert.deepEqual(taken(world.state), before, 'a pause shows what is only tried')
        }),
      )
      const { state, postFilter, evicted } = world
      const member = firstRefused(world)
      if (!member) return
      before = taken(state)
      await postFilter(member)
      assert.deepEqual(taken(state), before)
      await new Promise(resolve => setImmediate(resolve))
      const gone = expected(cluster)
      assert.deepEqual(evicted().sort(), typeof gone === 'string' ? [] : gone.sort())
    }),
    { numRuns: 300 },
  )
  assert.ok(pauses > 50, `${pauses}`)
})

test('what goes or comes between two steps is heeded', async () => {
  const low = { priority: 0, group: undefined, app: 'b' } as const
  const cluster = { nodes: [[low], [low], [low], [low]], members: 2, minCount: 2, allowed: 0 }
  for (const change of ['a node is freed', 'nodes go'] as const) {
    let pauses = 0
    const world = worldOf(
      cluster,
      hasty(() => {
        if (++pauses !== 1) return
        if (change === 'a node is freed') world.state.removePod('n0-0')
        else for (const name of ['n1', 'n2', 'n3']) world.state.removeNode(name)
      }),
    )
    const [member] = world.members
    assert.ok(member)
    const { message } = await world.postFilter(member)
    await new Promise(resolve => setImmediate(resolve))
    if (change === 'nodes go') {
      assert.match(message, /preemption: pod group is unschedulable/)
      assert.deepEqual(world.evicted(), [])
    } else assert.equal(world.evicted().filter(name => name !== 'n0-0').length, 1)
  }
})

test('while victims are on their way, no others are chosen; whoever hopes goes on hoping', async () => {
  const cluster: Cluster = {
    nodes: [
      [{ priority: 0, group: undefined, app: 'b' }],
      [{ priority: 0, group: undefined, app: 'b' }],
    ],
    ...{ members: 2, minCount: 2, allowed: 0 },
  }
  const { state, members, postFilter, evicted } = worldOf(cluster)
  const [first, second] = members
  assert.ok(first && second)
  const { nominatedNode } = await postFilter(first)
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(evicted().sort(), ['n0-0', 'n1-0'])
  for (const pod of podsOf(cluster).map(objectOf)) {
    const conditions = [
      { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' },
    ]
    const metadata = { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
    state.setPod({ ...pod, metadata, status: { conditions } } as unknown as Pod)
  }
  const other = await postFilter(second)
  assert.match(other.message, /not eligible due to a terminating pod on the nominated node/)
  assert.notEqual(other.nominatedNode, nominatedNode)
  assert.ok(other.nominatedNode, 'it hopes on')
  assert.equal(evicted().length, 2)
})

test('no member evicts for itself where its group has enough without it', async () => {
  const nodes = [[{ priority: 0, group: undefined, app: 'b' } as const], []]
  const cluster = { nodes, members: 2, minCount: 1, allowed: 0 }
  const { state, members, attempt, postFilter, evicted } = worldOf(cluster)
  const [first, second] = members
  assert.ok(first && second)
  const found = attempt(first)
  assert.ok('node' in found)
  state.assume(first, found.node.name)
  const { message, nominatedNode } = await postFilter(second)
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(evicted(), [])
  assert.match(message, /preemption: not eligible due to workload aware preemption enabled$/)
  assert.equal(nominatedNode, undefined)
})

test('victims are told that a group needs their room, wherever they are', async () => {
  const nodes = [0, 1].map(() => [{ priority: 0, group: undefined, app: 'b' } as const])
  const { members, postFilter, client } = worldOf({ nodes, members: 2, minCount: 2, allowed: 0 })
  const [first] = members
  assert.ok(first)
  await postFilter(first)
  await new Promise(resolve => setImmediate(resolve))
  const bodies = client.written.map(({ body }) => body as unknown as Told)
  assert.deepEqual(
    bodies.flatMap(body => body?.status?.conditions ?? []).map(({ message }) => message),
    Array(2).fill('default-scheduler: preempting to accommodate a higher priority podgroup'),
  )
  assert.deepEqual(
    bodies.flatMap(body => body?.message ?? []),
    Array(2).fill('Preempted by podgroup uid-of-own on node cluster'),
  )
})

test('groups that must stay in a domain, and those with a member that never preempts, evict nobody', async () => {
  for (const [more, why] of [
    [{ preemptionPolicy: 'Never' }, /not eligible due to preemptionPolicy=Never\./],
    [{}, /not supported for pod groups with scheduling constraints/],
  ] as const) {
    const client = createRecordingClient()
    const spec = { ...asking('4'), priority: 5, schedulingGroup: { podGroupName: 'g' }, ...more }
    const member = podOf('m', spec as never)
    const schedulingConstraints = { topology: [{ key: 'rack' }] }
    const isConstrained = !('preemptionPolicy' in more)
    const group = groupOf('g', 5, isConstrained ? { schedulingConstraints } : {})
    const objects = { pods: [member], podgroups: [group] }
    const { state, postFilter } = createWorld({ client, gates, objects })
    state.setNode(nodeOf('n0'))
    state.setPod(podOf('low', { ...asking('4'), nodeName: 'n0' }))
    assert.match((await postFilter(podInfoOf(member))).message, why)
    assert.deepEqual(client.written, [])
  }
})

test('whoever is told of something without any pause finds everything in its place, too', async () => {
  let looks = 0
  await fc.assert(
    fc.asyncProperty(clusters, async cluster => {
      const world = worldOf(cluster)
      const member = firstRefused(world)
      if (!member) return
      const before = taken(world.state)
      let isOver = false
      const searching = world.postFilter(member).finally(() => {
        isOver = true
      })
      for (; !isOver; await undefined, looks++)
        assert.deepEqual(taken(world.state), before, 'a callback sees what is only tried')
      await searching
    }),
    { numRuns: 200 },
  )
  assert.ok(looks > 400, `${looks}`)
})
