/** What the servers tell of themselves outside of the API: the paths that they serve, what they are and how they were started. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Pair } from './pair.ts'

describe('pages', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  test('the list of paths', async () => {
    const lists = await pair.both({ method: 'GET', path: '/' })
    const [upstream, proa] = lists.map(({ text }) => JSON.parse(text).paths as string[])
    const besides = (one: string[] = [], other: string[] = []) =>
      one.filter(path => !other.includes(path) && !/(alpha|beta)\d$/.test(path))
    assert.deepEqual(besides(upstream, proa), [])
    // The group has nothing but versions that upstream has behind gates.
    const gated = besides(proa, upstream).filter(path => path !== '/apis/storagemigration.k8s.io')
    assert.deepEqual(gated, [])
    assert.deepEqual(proa, proa?.toSorted())
  })

  for (const kind of ['Statusz', 'Flagz'])
    test(`/${kind.toLowerCase()} has the same members`, async () => {
      const path = `/${kind.toLowerCase()}`
      for (const version of ['v1beta1', 'v1alpha1']) {
        const accept = `application/json;g=config.k8s.io;v=${version};as=${kind}`
        const told = await pair.both({ method: 'GET', path, headers: { accept } })
        const [upstream, proa] = told.map(({ text }) => JSON.parse(text))
        assert.deepEqual(Object.keys(proa), Object.keys(upstream))
        assert.deepEqual([proa.metadata, proa.paths], [upstream.metadata, upstream.paths])
        for (const name of ['content-type', 'warning'])
          assert.equal(told[1].headers[name], told[0].headers[name])
      }
      const lines = await pair.both({ method: 'GET', path, headers: { accept: 'text/plain' } })
      const [upstream, proa] = lines.map(({ text }) => text.split('\n').slice(0, 3))
      assert.deepEqual(proa, upstream)
    })
})
