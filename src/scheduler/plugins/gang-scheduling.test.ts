/** Gangs in a whole scheduler over a real API server: no part of one is bound alone, whatever is in its way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Client } from '#client/client.ts'
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import { eventually, settle, withGangs } from '../testing/gangs.ts'
import { asking } from '../testing/world.ts'

test('a gang waits for its group, then for enough members, then is bound', () =>
  withGangs(async gangs => {
    await gangs.addNodes(0, 4)
    await gangs.members('g', 2)
    await settle()
    assert.deepEqual(await gangs.bound(), [])
    await gangs.group('g', 3)
    await settle()
    assert.deepEqual(await gangs.bound(), [])
    await gangs.member('g', 'g-2')
    await gangs.until(3)
    await gangs.member('g', 'late')
    await gangs.until(4)
  }))

test('while there is no room for all, none is bound and others get the room', () =>
  withGangs(async gangs => {
    await gangs.addNodes(0, 2)
    await gangs.group('g', 3)
    await gangs.members('g', 3)
    // As kube-scheduler 1.36.3 says it.
    const isTold = (text?: string) =>
      text ===
      'pod group is unschedulable, waiting for minCount pods from a gang to be scheduled, one or more plugins asked to wait and no plugin rejected pod'
    await eventually(async () => {
      const messages = await Promise.all([0, 1, 2].map(i => gangs.messageOf(`g-${i}`)))
      assert.ok(messages.some(isTold), messages.join('\n'))
    })
    assert.deepEqual(await gangs.bound(), [])
    await gangs.client.create(pod, {
      metadata: { name: 'single', namespace: 'a' },
      spec: asking('3'),
    } as never)
    await gangs.until(1)
    await gangs.addNodes(2, 1)
    await settle()
    assert.deepEqual(await gangs.bound(), ['single'])
    await gangs.addNodes(3, 1)
    await gangs.until(3, 'g')
  }))

test('of gangs that want the same room, one after the other gets all of it', () =>
  withGangs(async gangs => {
    await gangs.addNodes(0, 5)
    const names = ['x', 'y', 'z']
    for (const name of names) await gangs.group(name, 4)
    // Created turn by turn, so that they stand in the queue between each other.
    for (let i = 0; i < 4; i++) for (const name of names) await gangs.member(name, `${name}-${i}`)
    for (let round = 0; round < names.length; round++) {
      await gangs.until(4)
      await settle(30)
      const [first = ''] = await gangs.bound()
      const whole = first[0] ?? ''
      assert.equal((await gangs.bound(whole)).length, 4, 'one gang, and no part of another')
      for (const name of await gangs.bound())
        await gangs.client.delete(pod, { name, namespace: 'a' }, { gracePeriodSeconds: 0 })
    }
  }))

test('members beyond what a gang needs are bound when there is room', () =>
  withGangs(async gangs => {
    await gangs.addNodes(0, 3)
    await gangs.group('g', 2)
    await gangs.members('g', 4)
    await gangs.until(3)
    await gangs.addNodes(3, 1)
    await gangs.until(4)
  }))

test('when a member goes that the others wait for, they give their room back', () =>
  withGangs(async gangs => {
    await gangs.addNodes(0, 2)
    await gangs.group('g', 3)
    const spec = {
      ...asking('1'),
      schedulingGroup: { podGroupName: 'g' },
      schedulingGates: [{ name: 'later' }],
    }
    await gangs.client.create(pod, { metadata: { name: 'gated', namespace: 'a' }, spec } as never)
    await gangs.members('g', 2)
    await settle()
    const single = { metadata: { name: 'single', namespace: 'a' }, spec: asking('3') }
    await gangs.client.create(pod, single as never)
    await settle()
    assert.deepEqual(await gangs.bound(), [], 'two wait for the third, on both nodes')
    await gangs.client.delete(pod, { name: 'gated', namespace: 'a' })
    await gangs.until(1)
    assert.deepEqual(await gangs.bound(), ['single'])
  }))

test('without the policy of a gang, a group’s pods are bound one by one', () =>
  withGangs(async gangs => {
    await gangs.addNodes(0, 1)
    await gangs.client.create(podGroup, {
      metadata: { name: 'g', namespace: 'a' },
      spec: { schedulingPolicy: { basic: {} } },
    } as never)
    await gangs.members('g', 2)
    await gangs.until(1)
  }))

/** Of five bindings, one fails before it is written and one after. */
function faulty(client: Client, integer: (below: number) => number): Client {
  return {
    ...client,
    async createSubresource(kind, at, subresource, body) {
      const fate = subresource === 'binding' ? integer(5) : 4
      if (fate === 0) throw new Error('the connection broke before the request')
      const answer = await client.createSubresource(kind, at, subresource, body)
      if (fate === 1) throw new Error('the connection broke before the answer')
      return answer
    },
  }
}

for (const seed of [1, 2, 3])
  test(`bindings that fail, nodes that go and restarts leave no part of a gang, seed ${seed}`, () =>
    withGangs(async gangs => {
      const { integer } = createSeededRandom(seed)
      const client = faulty(gangs.client, integer)
      await gangs.restart(client)
      const sizes = new Map<string, number>()
      for (let step = 0; step < 6; step++) {
        const name = `g${step}`
        const size = 2 + integer(3)
        sizes.set(name, size)
        await gangs.addNodes(4 * step, 2)
        await gangs.group(name, size)
        await gangs.members(name, size, ['1', '3'][integer(2)])
        if (step % 2 === 1) await gangs.restart(client)
        if (step === 3) await gangs.client.delete(node, { name: 'n4' })
      }
      await gangs.addNodes(100, 20)
      for (const [name, size] of sizes) await gangs.until(size, name)
    }))
