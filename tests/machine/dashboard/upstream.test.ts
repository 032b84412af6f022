/** The dashboard before upstream's own API server: it knows nothing of whose cluster it shows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EtcdProcess, etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Keys, kubeApiServerMissing, startUpstream } from '../etcd/servers.ts'
import { eventually, namesIn, visit, whyNoBrowser } from './browser.ts'

const skip = whyNoBrowser() || etcdMissing() || kubeApiServerMissing()

test('lists, watches, edits and refusals of a kube-apiserver', { skip }, async () => {
  const keys = new Keys()
  const store = await EtcdProcess.start()
  const upstream = await startUpstream(keys, store.url, [])
  const send = async (method: 'POST' | 'PATCH', path: string, body: object) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    const headers = { 'content-type': type }
    const { status } = await upstream.transport.request({ method, path, headers, body: bytes })
    assert.ok(status < 300, `${path}: ${status}`)
  }
  try {
    const maps = '/api/v1/namespaces/default/configmaps'
    await send('POST', maps, { metadata: { name: 'a1' }, data: { mine: 'old', theirs: 'old' } })
    await using seen = await visit(upstream.transport)
    const { page } = seen
    await seen.goTo('#/list/configmaps?namespace=default')
    await eventually(
      () => namesIn(page),
      names => names.join() === 'a1',
    )
    await send('POST', maps, { metadata: { name: 'a2' } })
    await eventually(
      () => namesIn(page),
      names => names.join() === 'a1,a2',
    )

    await seen.goTo('#/object/configmaps/default/a1?tab=yaml')
    await page.getByRole('button', { name: 'Edit' }).click()
    const text = page.getByLabel('YAML of a1')
    const before = await text.inputValue()
    await text.fill(before.replace('mine: old', 'mine: [1]'))
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByRole('alert').waitFor()
    await text.fill(before.replace('mine: old', 'mine: new'))
    await send('PATCH', `${maps}/a1`, { data: { theirs: 'new' } })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'Put my changes onto theirs' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('a1 is saved').waitFor()
    await seen.goTo('#/object/configmaps/default/a1')
    await page.getByText('theirs').waitFor()
    await seen.goTo('#/')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    assert.deepEqual(seen.troubles, [])
  } finally {
    await upstream.stop()
    await store.remove()
    keys.remove()
  }
})
