/** What becomes of pods that are deleted before they have a node, and stay for a finalizer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { startScheduler } from './scheduler.ts'
import { serveCluster } from './testing/served-cluster.ts'
import { nodeOf } from './testing/world.ts'

test('a pod that is being deleted gets no node, and an Event says so once', async () => {
  await using cluster = await serveCluster(['a'])
  const { client } = cluster
  const create = (name: string, spec: object) =>
    client.create(pod, {
      metadata: { name, namespace: 'a', finalizers: ['example.com/wait'] },
      spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
    } as never)
  const told = async (name: string) => {
    const { items } = await client.list(event, { namespace: 'a' })
    return items.filter(
      each => each.involvedObject.name === name && each.reason === 'FailedScheduling',
    )
  }
  const until = async (what: string, check: () => Promise<boolean>) => {
    for (let tries = 0; tries < 1000; tries++) {
      if (await check()) return
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    assert.fail(`${what} never came`)
  }
  await create('early', {})
  await client.delete(pod, { name: 'early', namespace: 'a' })
  const context = cluster.openContext()
  const scheduler = startScheduler(context, {})
  try {
    await create('late', { nodeSelector: { disk: 'none' } })
    await create('gated', { schedulingGates: [{ name: 'example.com/gate' }] })
    await until('the first refusal', async () => (await told('late')).length === 1)
    for (const name of ['late', 'gated']) await client.delete(pod, { name, namespace: 'a' })
    const text = (name: string) => `skip schedule deleting pod: a/${name}`
    const isTold = async (name: string) =>
      (await told(name)).some(({ message }) => message === text(name))
    for (const name of ['early', 'late']) await until(name, () => isTold(name))
    const labels = { again: 'changed' }
    for (const name of ['early', 'late', 'gated'])
      await client.patch(pod, { name, namespace: 'a' }, 'merge', { metadata: { labels } })
    await cluster.addNode(nodeOf('n1'))
    await create('other', {})
    await until('a node for the other', async () =>
      Boolean((await client.get(pod, 'other', 'a')).spec.nodeName),
    )
    const [skip] = (await told('early')).filter(({ message }) => message === text('early'))
    assert.equal(skip?.type, 'Warning')
    assert.equal(skip?.action, 'Scheduling')
    assert.equal(skip?.count ?? 1, 1)
    assert.equal((await told('early')).length, 1)
    assert.equal(await isTold('gated'), false)
    for (const name of ['early', 'late', 'gated'])
      assert.equal((await client.get(pod, name, 'a')).spec.nodeName, undefined)
  } finally {
    await scheduler.stop()
    context.end()
  }
})
