/** What policies make of requests is told by Proa as by upstream: refusals, warnings, and the objects that come of it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { type Asked, Pair } from './pair.ts'
import { POLICIES, type PolicyCase } from './variants/policies.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
const WAIT_MS = 30_000
/** Policies of this name are made last: where they work, all do. */
const LAST: readonly PolicyCase[] = [
  { spec: { validations: [{ expression: 'false' }] } },
  {
    isMutating: true,
    spec: {
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: 'Object{immutable: true}' },
        },
      ],
    },
  },
]

const map = (name: string, of: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { case: of } },
  data: { k: 'v', n: '3' },
})
const post = (path: string, body: object): Asked => ({ method: 'POST', path, body })
const PREPARED: readonly Asked[] = [
  post(MAPS, { metadata: { name: 'params-a', labels: { params: 'yes' } }, data: { limit: '3' } }),
  post(MAPS, { metadata: { name: 'params-b', labels: { params: 'yes' } }, data: { limit: '5' } }),
  post(`${RBAC}/clusterroles`, {
    metadata: { name: 'readers' },
    rules: [
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'] },
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    ],
  }),
  post(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'readers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'readers' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'reader' }],
  }),
]

function policyOf(name: string, { isMutating, spec }: PolicyCase): Asked {
  const operations = isMutating ? ['CREATE', 'UPDATE'] : ['*']
  const rule = { apiGroups: [''], apiVersions: ['*'], resources: ['configmaps'], operations }
  const matchConstraints = {
    objectSelector: { matchLabels: { case: name } },
    resourceRules: [rule],
  }
  const more = isMutating ? { reinvocationPolicy: 'Never' } : {}
  return post(`${GROUP}/${isMutating ? 'mutating' : 'validating'}admissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints, ...more, ...spec },
  })
}

function bindingOf(name: string, { isMutating, binding }: PolicyCase): Asked {
  const more = isMutating ? {} : { validationActions: ['Deny'] }
  return post(`${GROUP}/${isMutating ? 'mutating' : 'validating'}admissionpolicybindings`, {
    metadata: { name: `${name}-here` },
    spec: { policyName: name, ...more, ...binding },
  })
}

describe('a policy', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  const ofMaking = new Map<string, string[]>()
  before(async () => {
    pair = await Pair.start()
    for (const asked of PREPARED)
      for (const { status, text } of await pair.both(asked)) assert.equal(status, 201, text)
    for (const [name, each] of Object.entries(POLICIES)) {
      ofMaking.set(name, unexpected(await pair.compare(policyOf(name, each))))
      await pair.both(bindingOf(name, each))
    }
    for (const [at, each] of LAST.entries()) {
      await pair.both(policyOf(`last-${at}`, each))
      await pair.both(bindingOf(`last-${at}`, each))
    }
    await working()
  })
  after(() => pair?.stop())

  async function working(): Promise<void> {
    const until = Date.now() + WAIT_MS
    for (;;) {
      const refused = await pair.both(post(`${MAPS}?dryRun=All`, map('a', 'last-0')))
      const changed = await pair.both(post(`${MAPS}?dryRun=All`, map('a', 'last-1')))
      if (
        refused.every(({ status }) => status === 422) &&
        changed.every(({ text }) => text.includes('"immutable":true'))
      )
        return
      assert.ok(Date.now() < until, 'the policies do not work')
      await delay(200)
    }
  }

  for (const [name, { asks = [] }] of Object.entries(POLICIES))
    test(`${name}`, async () => {
      assert.deepEqual(ofMaking.get(name), [])
      assert.deepEqual(
        unexpected(await pair.compare(post(`${MAPS}?dryRun=All`, map('a', name)))),
        [],
      )
      if (asks.length === 0) return
      await pair.both(post(MAPS, map(name, name)))
      for (const { method, body, headers } of asks) {
        const sent = method === 'PUT' ? { ...map(name, name), ...body } : body
        const asked = {
          method,
          path: `${MAPS}/${name}`,
          ...(sent && { body: sent }),
          ...(headers && { headers }),
        }
        assert.deepEqual(unexpected(await pair.compare(asked)), [])
      }
    })
})
