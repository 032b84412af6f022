/** Definitions of custom resources are refused by Proa as by upstream: for the same fields, in the same words. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { Pair } from './pair.ts'
import { DIFFERS, REFUSED, refused } from './variants/invalid-definitions.ts'
import { RULES, SELF, WRONG_RULES } from './variants/rules.ts'

/** Upstream numbers the types of schemas by chance. */
const OWN_NAMES = /selfType\d+/g

const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All'

describe('a definition', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())
  for (const [name, change] of Object.entries(REFUSED))
    test(name, async () => {
      const lines = unexpected(await pair.compare({ method: 'POST', path, body: refused(change) }))
      judge(lines, DIFFERS[name])
    })
  for (const rule of [...RULES, ...WRONG_RULES])
    test(`with the rule ${rule}`, async () => {
      const asked = { method: 'POST', path, body: refused(ruled(rule)) } as const
      const named = (text: string) => text.replace(OWN_NAMES, 'selfType')
      assert.deepEqual(unexpected(await pair.compare(asked, undefined, named)), [])
    })
})

function judge(lines: readonly string[], differs: string | undefined): void {
  if (differs) assert.notDeepEqual(lines, [], 'it is told alike by now: it need not be accepted')
  else assert.deepEqual(lines, [])
}

const ruled =
  (rule: string): Parameters<typeof refused>[0] =>
  ({ spec }) => {
    const self = { ...SELF, 'x-kubernetes-validations': [{ rule }] }
    const openAPIV3Schema = { type: 'object', properties: { spec: self } }
    Object.assign(spec.versions[0] ?? {}, { schema: { openAPIV3Schema } })
  }
