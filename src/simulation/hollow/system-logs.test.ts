/** What a kubelet shows of its machine's logs, and what of it has to be asked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeletOptions } from '#kubelet'
import { withCluster } from '../testing/pod-views.ts'

async function answerOf(path: string, options: Partial<KubeletOptions>): Promise<string> {
  let told = ''
  await withCluster(async cluster => {
    const { transport } = await cluster.kubelet(cluster.node(), options)
    const { status, headers } = await transport.request({ method: 'GET', path })
    told = `${status} ${headers['content-type']}`
  })
  return told
}

test('services are told of where that is wanted, else a query is a page like any other', async () => {
  const query = '/logs/?query=kubelet'
  assert.equal(await answerOf(query, {}), '200 text/html; charset=utf-8')
  const wanted = { answersLogQueries: true }
  assert.equal(await answerOf(query, wanted), '200 text/plain;charset=UTF-8')
  assert.equal(await answerOf('/logs/?query=a&boot=1', wanted), '406 text/plain; charset=utf-8')
  assert.equal(await answerOf('/logs/?follow=1', wanted), '200 text/html; charset=utf-8')
  assert.match(await answerOf(query, { ...wanted, showsSystemLogs: false }), /^405 /)
})
