import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rest } from '../testing/hollow-cluster.ts'
import { withCluster } from '../testing/pod-views.ts'

test('a checkpoint is the runtime’s to make, and why it makes none is passed on', () =>
  withCluster(async cluster => {
    const node = cluster.node()
    const kubelet = await cluster.kubelet(node)
    await cluster.createPod('web', { containers: [{ name: 'main', image: 'web' }] })
    await rest()
    const ask = async (path: string, method: 'GET' | 'POST' = 'POST') => {
      const { status, body } = await kubelet.transport.request({ method, path })
      return [status, body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '']
    }
    assert.deepEqual(await ask('/checkpoint/default/web/main'), [
      500,
      'checkpointing of default/web/main failed (the container runtime does not know checkpoint_container)',
    ])
    const asked: unknown[] = []
    node.runtime.checkpointContainer = async (_id, location, seconds) => {
      asked.push(location, seconds)
    }
    const [status, text] = await ask('/checkpoint/default/web/main?timeout=5')
    assert.equal(status, 200)
    const { items } = JSON.parse(String(text))
    assert.match(
      items[0],
      /\/checkpoints\/checkpoint-web_default-main-2026-05-01T12:00:\d\dZ\.tar$/,
    )
    assert.deepEqual(asked, [items[0], 5])
    assert.equal((await ask('/checkpoint/default/none/main'))[0], 404)
    assert.equal((await ask('/checkpoint/default/web/other'))[0], 400)
    assert.equal((await ask('/checkpoint/default/web/main?timeout=x'))[0], 400)
    assert.equal((await ask('/checkpoint/default/web'))[0], 404)
    assert.equal((await ask('/checkpoint/default/web/main', 'GET'))[0], 405)
  }))
