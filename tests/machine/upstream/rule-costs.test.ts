/** What rules may cost: Proa takes and refuses definitions as upstream does, with the same figures. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { Pair } from './pair.ts'
import { EXPENSIVE } from './variants/expensive-rules.ts'
import { refused } from './variants/invalid-definitions.ts'

const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All'

describe('a definition with a rule of this cost', {
  skip: etcdMissing() || kubeApiServerMissing(),
}, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())
  for (const [name, spec] of Object.entries(EXPENSIVE))
    test(name, async () => {
      const body = refused(({ spec: { versions } }) => {
        const openAPIV3Schema = { type: 'object', properties: { spec } }
        Object.assign(versions[0] ?? {}, { schema: { openAPIV3Schema } })
      })
      const lines = unexpected(await pair.compare({ method: 'POST', path, body }))
      assert.deepEqual(lines, [])
    })
})
