/** What becomes of nodes and their pods over minutes: the real server and controllers under a clock that is moved by hand. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lease } from '#api/coordination/v1/lease.ts'
import { event } from '#api/core/v1/event.ts'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339, rfc3339Micro } from '#base/clock.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { startTestCluster } from './testing/test-cluster.ts'

const LEASES = 'kube-node-lease'

async function setUp(names: string[], more: { clusterCidr?: string } = {}) {
  const clock = createManualClock()
  const cluster = await startTestCluster({ clock, controllers: more })
  const { client } = cluster
  await cluster.addNodes(names)
  for (const name of names)
    await client.create(lease, {
      metadata: { name, namespace: LEASES },
      spec: { holderIdentity: name, renewTime: rfc3339Micro(clock.now()) },
    })
  /** Lets time pass while these nodes renew their leases. */
  const pass = async (seconds: number, alive: string[]) => {
    for (let left = seconds; left > 0; left -= 10) {
      for (const name of alive) {
        const spec = { renewTime: rfc3339Micro(clock.now()) }
        await client.patch(lease, { name, namespace: LEASES }, 'merge', { spec })
      }
      await clock.advance(Math.min(left, 10) * 1000)
    }
    for (let turn = 0; turn < 50; turn++) await clock.advance(2)
  }
  const taints = async (name: string) =>
    ((await client.get(node, name)).spec.taints ?? [])
      .map(({ key, effect }) => `${key.split('/')[1]}:${effect}`)
      .sort()
  const podOn = (name: string, on: string, more: object = {}) =>
    client.create(pod, {
      metadata: { name, namespace: 'default' },
      spec: { nodeName: on, containers: [{ name: 'c', image: 'i' }], ...more },
    } as never)
  /** As `until`, while time stands still but for the shortest waits. */
  const soon = (what: string, condition: () => unknown) =>
    cluster.until(what, async () => {
      await clock.advance(5)
      return condition()
    })
  const isGone = async (name: string) => {
    try {
      await client.get(pod, name, 'default')
      return false
    } catch (error) {
      return isStatus(error, 'NotFound')
    }
  }
  return { clock, cluster, client, pass, taints, podOn, soon, isGone }
}

test('a silent node is found out after 50 s; its pods leave 300 s later; a returning one is cleared', async () => {
  const { clock, cluster, client, pass, taints, podOn, soon, isGone } = await setUp(['a', 'b', 'c'])
  await using _ = cluster
  await soon(
    'accounts',
    async () => (await client.list(serviceAccount, { namespace: 'default' })).items.length > 0,
  )
  for (const name of ['a', 'b', 'c'])
    await soon('no taint', async () => (await taints(name)).length === 0)
  await podOn('p', 'a')
  await soon(
    'running',
    async () => (await client.get(pod, 'p', 'default')).status.phase === 'Running',
  )
  await pass(40, ['b', 'c'])
  assert.deepEqual(await taints('a'), [])
  await pass(20, ['b', 'c'])
  assert.deepEqual(await taints('a'), ['unreachable:NoExecute', 'unreachable:NoSchedule'])
  const ready = (await client.get(node, 'a')).status.conditions?.find(
    ({ type }) => type === 'Ready',
  )
  assert.equal(ready?.status, 'Unknown')
  assert.equal(ready?.reason, 'NodeStatusUnknown')
  const unready = (await client.get(pod, 'p', 'default')).status.conditions
  assert.equal(unready?.find(({ type }) => type === 'Ready')?.status, 'False')
  await pass(280, ['b', 'c'])
  assert.equal(await isGone('p'), false, 'tolerated for 300 s by default')
  await pass(40, ['b', 'c'])
  await soon('eviction', () => isGone('p'))
  const back = await client.get(node, 'a')
  const conditions = (back.status.conditions ?? []).map(condition =>
    condition.type === 'Ready'
      ? { ...condition, status: 'True', lastHeartbeatTime: rfc3339(clock.now()) }
      : condition,
  )
  await client.update(
    node,
    { ...back, status: { ...back.status, conditions } },
    { subresource: 'status' },
  )
  await pass(10, ['a', 'b', 'c'])
  assert.deepEqual(await taints('a'), [])
})

test('when all nodes fall silent nobody is driven off', async () => {
  const { cluster, pass, taints } = await setUp(['a', 'b'])
  await using _ = cluster
  await pass(90, [])
  assert.deepEqual(await taints('a'), ['unreachable:NoSchedule'])
  assert.deepEqual(await taints('b'), ['unreachable:NoSchedule'])
})

test('every node gets a range of its own, and a range that was given back is used again', async () => {
  const { cluster, client, soon } = await setUp(['a', 'b'], { clusterCidr: '10.244.0.0/23' })
  await using _ = cluster
  const ranges = async () =>
    (await client.list(node)).items.map(({ spec }) => spec.podCIDR ?? '').sort()
  await soon('ranges', async () => (await ranges()).every(Boolean))
  assert.deepEqual(await ranges(), ['10.244.0.0/24', '10.244.1.0/24'])
  await cluster.addNodes(['c'])
  await client.delete(node, { name: 'a' })
  await soon('the range of a', async () => (await ranges()).every(Boolean))
  assert.deepEqual(await ranges(), ['10.244.0.0/24', '10.244.1.0/24'])
})

test('pods of a node that is gone are failed and removed after a while', async () => {
  const { cluster, client, pass, podOn, soon, isGone } = await setUp(['a', 'b'])
  await using _ = cluster
  await soon(
    'accounts',
    async () => (await client.list(serviceAccount, { namespace: 'default' })).items.length > 0,
  )
  await podOn('p', 'a')
  await client.delete(node, { name: 'a' })
  await pass(30, ['b'])
  assert.equal(await isGone('p'), false)
  await pass(50, ['b'])
  await soon('removal', () => isGone('p'))
})

test('stopping everything leaves no timer behind', async () => {
  const { cluster, clock, pass } = await setUp(['a', 'b'], { clusterCidr: '10.244.0.0/23' })
  await pass(60, ['a'])
  assert.ok(clock.pending > 0)
  await cluster[Symbol.asyncDispose]()
  await clock.advance(0)
  assert.equal(clock.pending, 0)
})

describe('a taint that somebody puts on a node', () => {
  const TAINT = { key: 'maintenance', effect: 'NoExecute' }
  const forSeconds = (tolerationSeconds?: number) => ({
    ...TAINT,
    operator: 'Exists',
    tolerationSeconds,
  })

  async function setUpTainted() {
    const all = await setUp(['a'])
    const { cluster, client, soon, podOn } = all
    await soon(
      'accounts',
      async () => (await client.list(serviceAccount, { namespace: 'default' })).items.length > 0,
    )
    await soon('no taint', async () => (await all.taints('a')).length === 0)
    const taint = (taints: readonly object[] | null) =>
      client.patch(node, { name: 'a' }, 'merge', { spec: { taints } })
    const told = async () => {
      const { items } = await client.list(event, { namespace: 'default' })
      return items.flatMap(({ reason, message }) =>
        reason === 'TaintManagerEviction' ? [message] : [],
      )
    }
    const tolerating = (name: string, ...tolerations: object[]) => podOn(name, 'a', { tolerations })
    return { ...all, cluster, taint, told, tolerating }
  }

  test('drives off who tolerates it for a while once that is over, and who does not at once', async () => {
    const { cluster, client, pass, soon, isGone, taint, told, tolerating } = await setUpTainted()
    await using _ = cluster
    await tolerating('never')
    await tolerating('for-a-while', forSeconds(60))
    await tolerating('for-good', forSeconds(), forSeconds(1))
    await tolerating('done')
    const at = { name: 'done', namespace: 'default' }
    const status = { phase: 'Succeeded' }
    await client.patch(pod, at, 'merge', { status }, { subresource: 'status' })
    await taint([TAINT])
    for (const name of ['never', 'done']) await soon('eviction', () => isGone(name))
    await pass(50, ['a'])
    assert.equal(await isGone('for-a-while'), false)
    await pass(20, ['a'])
    await soon('eviction', () => isGone('for-a-while'))
    await pass(60, ['a'])
    assert.equal(await isGone('for-good'), false, 'of two tolerations the first counts')
    assert.deepEqual((await told()).sort(), [
      'Marking for deletion Pod default/done',
      'Marking for deletion Pod default/for-a-while',
      'Marking for deletion Pod default/never',
    ])
  })

  test('that is gone in time drives nobody off, and counts anew when it comes back', async () => {
    const { cluster, client, pass, soon, isGone, taint, told, tolerating } = await setUpTainted()
    await using _ = cluster
    await tolerating('p', forSeconds(60))
    await tolerating('q', forSeconds(60))
    await taint([TAINT])
    await pass(40, ['a'])
    await client.delete(pod, { name: 'q', namespace: 'default' }, { gracePeriodSeconds: 0 })
    await taint(null)
    await soon('both are told', async () => (await told()).length === 2)
    assert.deepEqual((await told()).sort(), [
      'Cancelling deletion of Pod default/p',
      'Cancelling deletion of Pod default/q',
    ])
    await pass(40, ['a'])
    await taint([TAINT])
    await pass(40, ['a'])
    assert.equal(await isGone('p'), false)
    await pass(30, ['a'])
    await soon('eviction', () => isGone('p'))
  })

  test('drives off at once who was to go later, and tells that the other time no longer holds', async () => {
    const { cluster, pass, soon, isGone, taint, told, tolerating } = await setUpTainted()
    await using _ = cluster
    await tolerating('p', forSeconds(60))
    await taint([TAINT])
    await pass(10, ['a'])
    await taint([TAINT, { key: 'fire', effect: 'NoExecute' }])
    await soon('eviction', () => isGone('p'))
    await soon('both are told', async () => (await told()).length === 2)
    assert.deepEqual((await told()).sort(), [
      'Cancelling deletion of Pod default/p',
      'Marking for deletion Pod default/p',
    ])
  })
})
