/** Whole groups that make room for each other, and groups in one domain, in a whole scheduler over a real API server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { priorityClass } from '#api/scheduling/v1/priority-class.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { eventually, type Gangs, settle, withGangs } from '../testing/gangs.ts'
import { asking } from '../testing/world.ts'

/** What a kubelet does with pods that are told to go. */
async function endPods({ client }: Gangs): Promise<string[]> {
  const { items } = await client.list(pod, { namespace: 'a' })
  const going = items.filter(({ metadata }) => metadata.deletionTimestamp)
  for (const { metadata } of going)
    await client.delete(
      pod,
      { name: metadata.name ?? '', namespace: 'a' },
      { gracePeriodSeconds: 0 },
    )
  return going.map(({ metadata }) => metadata.name ?? '')
}

/** Waits until the group has just these conditions. */
const hasConditions = ({ client }: Gangs, name: string, ...expected: readonly string[]) =>
  eventually(async () => {
    const { conditions = [] } = (await client.get(podGroup, name, 'a')).status
    const told = conditions.map(each => `${each.type} ${each.status} ${each.reason}`)
    assert.deepEqual(told.sort(), expected)
  })

test('a gang evicts nobody while it would not fit anyway, and then as few as it needs, groups as a whole', () =>
  withGangs(async gangs => {
    await gangs.addNodes(0, 4)
    for (const [name, value] of [
      ['low', 1],
      ['high', 10],
    ] as const)
      await gangs.client.create(priorityClass, { metadata: { name }, value } as never)
    await gangs.group('low', 2, { disruptionMode: 'PodGroup', priorityClassName: 'low' })
    for (const i of [0, 1]) await gangs.member('low', `low-${i}`)
    await gangs.until(2, 'low')
    await gangs.group('big', 5, { priorityClassName: 'high' })
    for (let i = 0; i < 5; i++) await gangs.member('big', `big-${i}`)
    await hasConditions(gangs, 'big', 'PodGroupScheduled False Unschedulable')
    await settle(400)
    // Four nodes never hold five members.
    assert.deepEqual(await endPods(gangs), [])
    assert.equal((await gangs.bound('low')).length, 2)
    for (let i = 0; i < 5; i++)
      await gangs.client.delete(
        pod,
        { name: `big-${i}`, namespace: 'a' },
        { gracePeriodSeconds: 0 },
      )
    // One more node would be enough, but half a group is not to be had.
    await gangs.group('mid', 3, { priorityClassName: 'high' })
    for (let i = 0; i < 3; i++) await gangs.member('mid', `mid-${i}`)
    const gone = new Set<string>()
    await eventually(async () => {
      for (const name of await endPods(gangs)) gone.add(name)
      assert.equal((await gangs.bound('mid')).length, 3)
    })
    assert.deepEqual([...gone].sort(), ['low-0', 'low-1'])
    await hasConditions(gangs, 'mid', 'PodGroupScheduled True Scheduled')
    await hasConditions(gangs, 'big', 'PodGroupScheduled False Unschedulable')
    await hasConditions(
      gangs,
      'low',
      'DisruptionTarget True PreemptionByScheduler',
      'PodGroupScheduled True Scheduled',
    )
  }, 'WorkloadAwarePreemption'))

test('a gang with a topology comes into one domain, or nowhere', () =>
  withGangs(async gangs => {
    for (const [name, rack] of [
      ['n0', 'r0'],
      ['n1', 'r0'],
      ['n2', 'r1'],
    ] as const)
      await gangs.addNode(name, { rack })
    const schedulingConstraints = { topology: [{ key: 'rack' }] }
    await gangs.group('g', 3, { schedulingConstraints })
    await gangs.members('g', 3)
    await eventually(async () => {
      const { status } = await gangs.client.get(podGroup, 'g', 'a')
      assert.deepEqual(
        status.conditions?.map(({ message }) => message),
        ['0/2 placements are available, first placement status: pod group is unschedulable'],
      )
    })
    await settle(300)
    assert.deepEqual(await gangs.bound(), [])
    await gangs.addNode('n3', { rack: 'r1' })
    await settle(300)
    assert.deepEqual(await gangs.bound(), [], 'four nodes, but two in each rack')
    await gangs.addNode('n4', { rack: 'r1' })
    await gangs.until(3, 'g')
    const { items } = await gangs.client.list(pod, { namespace: 'a' })
    assert.deepEqual(items.map(({ spec }) => spec.nodeName).sort(), ['n2', 'n3', 'n4'])
  }, 'TopologyAwareWorkloadScheduling'))

test('a gang that waits for room that is being made says so, and is bound once it is there', () =>
  withGangs(async gangs => {
    await gangs.addNodes(0, 2)
    const { client } = gangs
    await client.create(priorityClass, { metadata: { name: 'high' }, value: 10 } as never)
    const make = (name: string, more: object) =>
      client.create(pod, {
        metadata: { name, namespace: 'a' },
        spec: { ...asking('3'), ...more },
      } as never)
    for (const i of [0, 1]) await make(`low-${i}`, {})
    await gangs.until(2)
    await gangs.group('g', 2)
    const schedulingGroup = { podGroupName: 'g' }
    for (const i of [0, 1]) await make(`g-${i}`, { schedulingGroup, priorityClassName: 'high' })
    const waiting = 'pod group is unschedulable, pod group is waiting for preemption to complete'
    let isTold = false
    await eventually(async () => {
      const { status } = await client.get(podGroup, 'g', 'a')
      isTold ||= status.conditions?.[0]?.message === waiting
      if (isTold) await endPods(gangs)
      assert.equal((await gangs.bound('g')).length, 2)
    })
    assert.ok(isTold)
  }))

test('gangs that fit in part do not wake each other or themselves, but are bound once there is room', () =>
  withGangs(async gangs => {
    const { client } = gangs
    let writes = 0
    await gangs.restart({
      ...client,
      get: client.get.bind(client),
      patch: (kind, at, type, body, options) => {
        writes++
        return client.patch(kind, at, type, body, options)
      },
    })
    await gangs.addNodes(0, 2)
    for (const name of ['g', 'h']) {
      await gangs.group(name, 3)
      await gangs.members(name, 3)
    }
    const saidNothing = async () => {
      const before = writes
      await settle(300)
      assert.equal(writes - before, 0, 'nothing is left to say')
    }
    // However long the first rounds take: both have been refused by then.
    for (const name of ['g', 'h'])
      await hasConditions(gangs, name, 'PodGroupScheduled False Unschedulable')
    await eventually(saidNothing)
    await saidNothing()
    // Some 15 in fact; whoever wakes each other for a while would come to far more.
    assert.ok(writes < 50, `${writes} writes until it was quiet`)
    assert.deepEqual(await gangs.bound(), [])
    await gangs.addNode('n2')
    await gangs.until(3)
    for (let i = 3; i < 6; i++) await gangs.addNode(`n${i}`)
    await gangs.until(6)
  }))
