/** Sizes of objects, and who owns them, are told and kept by Proa as by upstream. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { startPairForLives } from './chosen-lives.ts'
import type { Asked, Pair } from './pair.ts'

const labels = { a: 'b' }
const template = { metadata: { labels }, spec: { containers: [{ name: 'x', image: 'y' }] } }
const workload = { replicas: 2, selector: { matchLabels: labels }, template }

/** Collections of what has a size, and what an object says in its spec. */
const SIZED = [
  ['/apis/apps/v1/namespaces/default/deployments', workload],
  ['/apis/apps/v1/namespaces/default/replicasets', workload],
  ['/apis/apps/v1/namespaces/default/statefulsets', { ...workload, serviceName: 'x' }],
  ['/api/v1/namespaces/default/replicationcontrollers', { ...workload, selector: labels }],
  ['/apis/owned.example.com/v1/namespaces/default/belongings', { replicas: 2, text: '1' }],
  ['/apis/owned.example.com/v2/namespaces/default/belongings', { replicas: 2, text: '1' }],
] as const

const JSON_PATCH = 'json-patch+json'
const MERGE = 'merge-patch+json'
const STRATEGIC = 'strategic-merge-patch+json'
const APPLY = 'apply-patch+yaml'

type Step = readonly [type: string, by: string, body: object]

const sized = (replicas?: number, metadata: object = {}) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'sized', namespace: 'default', ...metadata },
  spec: { replicas },
})

/** Who writes what, one after the other. */
const WRITES: readonly Step[] = [
  ['json', 'two', sized(2)],
  ['json', 'one', sized(2)],
  ['json', 'two', sized(3)],
  ['json', 'two', sized(4)],
  [MERGE, 'three', sized(5)],
  [MERGE, 'three', sized(5)],
  [MERGE, 'one', sized(0)],
  [MERGE, 'one', sized(1, { labels })],
  [MERGE, 'two', { metadata: { managedFields: [{}] } }],
  [MERGE, 'two', { metadata: { managedFields: [{ manager: 'x' }] } }],
  [MERGE, 'two', { spec: { replicas: null } }],
  [MERGE, 'two', { spec: { replicas: 'x' }, zoo: 1 }],
  [MERGE, 'two', { zoo: 1, spec: { b: 1, a: 1 }, metadata: { x: 1, a: 1 }, ape: 1 }],
  [MERGE, 'two', { spec: { replicas: -1 } }],
  [MERGE, 'two', { spec: [] }],
  [MERGE, 'two', { metadata: { uid: 'x', resourceVersion: '1' } }],
  [MERGE, 'two', { metadata: { uid: 'x' } }],
  [JSON_PATCH, 'two', [{ op: 'test', path: '/metadata/managedFields/0/manager', value: 'one' }]],
  [JSON_PATCH, 'two', [{ op: 'add', path: '/zoo', value: 1 }]],
]

/** What upstream does to built-in kinds alone. */
const BUILT_IN: readonly Step[] = [
  [STRATEGIC, 'four', { spec: { replicas: 3 } }],
  [STRATEGIC, 'four', { spec: { replicas: 'x' } }],
  [STRATEGIC, 'four', { zoo: 1, spec: { b: 1, a: 1 }, metadata: { x: 1, a: 1 }, ape: 1 }],
  [STRATEGIC, 'four', { ape: { $patch: 'replace' } }],
  [APPLY, 'five', sized(3)],
  [APPLY, 'five', sized(4)],
  [APPLY, 'five&force=true', sized(4)],
  [APPLY, 'six&force=true', sized(5, { labels })],
  [APPLY, 'five&force=true', sized(5)],
  [APPLY, 'five&force=true', sized()],
  [APPLY, 'six', sized(5, { managedFields: [{}] })],
  [APPLY, 'six', { ...sized(5), zoo: 1 }],
  [APPLY, 'six', { kind: 'Scale' }],
  ['json', 'one', sized(0)],
  [APPLY, 'six&force=true', sized(0)],
]

describe('sizes', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await startPairForLives()
  })
  after(() => pair?.stop())

  for (const [at, spec] of SIZED)
    test(at, async () => {
      const body = { metadata: { name: 'sized' }, spec, ...typeOf(at) }
      const made = await pair.both({ method: 'POST', path: `${at}?fieldManager=one`, body })
      assert.deepEqual(
        made.map(({ status }) => status),
        [201, 201],
      )
      const isCustom = at.includes('belongings')
      const same = async (asked: Asked) =>
        assert.deepEqual(unexpected(await pair.compare(asked)), [])
      for (const [type, by, body] of isCustom ? WRITES : [...WRITES, ...BUILT_IN]) {
        await same({
          method: type === 'json' ? 'PUT' : 'PATCH',
          path: `${at}/sized/scale?fieldManager=${by}`,
          body,
          headers: { 'content-type': `application/${type}` },
        })
        await same({ method: 'GET', path: `${at}/sized` })
      }
      await pair.both({ method: 'DELETE', path: `${at}/sized` })
    })
})

/** Custom objects have to say what they are. */
function typeOf(at: string): object {
  const version = /owned\.example\.com\/v\d/.exec(at)
  return version ? { apiVersion: version[0], kind: 'Belonging' } : {}
}
