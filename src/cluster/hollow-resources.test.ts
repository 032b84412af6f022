import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { parseCommandLine } from '#cli'
import { startCluster } from '#index'

test('hollow nodes have devices where somebody says so, and pods get no more than there are', async () => {
  const cluster = await startCluster({ hollowResources: { 'example.com/gpu': '2' } })
  const { client } = cluster
  try {
    const limits = { 'example.com/gpu': '2' }
    const spec = { containers: [{ name: 'c', image: 'x', resources: { limits } }] }
    const create = (name: string) =>
      client.create(podKind, {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' } },
        spec,
      } as never)
    const becomes = async (name: string, wanted: RegExp) => {
      const deadline = performance.now() + 20_000
      for (;;) {
        const { status } = await client.get(podKind, name, 'default')
        const told = `${status?.phase} ${status?.conditions?.[0]?.message ?? ''}`
        if (wanted.test(told)) return
        assert.ok(performance.now() < deadline, told)
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    }
    await create('a')
    await becomes('a', /Running/)
    await create('b')
    await becomes('b', /1 Insufficient example.com\/gpu/)
    const [node] = (await client.list(nodeKind)).items
    assert.equal(node?.status?.allocatable?.['example.com/gpu'], '2')
  } finally {
    await cluster.stop()
  }
})

test('the flag takes names that such resources have', () => {
  const read = (text: string) => parseCommandLine(['up', '--extended-resources', text])?.values
  const values = read('example.com/gpu=4,b.io/x=1') as { extendedResources?: unknown }
  assert.deepEqual(
    values.extendedResources,
    new Map([
      ['example.com/gpu', '4'],
      ['b.io/x', '1'],
    ]),
  )
  for (const wrong of ['cpu=1', 'example.com/gpu', 'example.com/gpu=-1'])
    assert.throws(() => read(wrong), { name: 'UserError', message: /wants NAME=COUNT/ })
})
