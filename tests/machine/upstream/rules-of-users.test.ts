/** What users are told that they may do. Upstream goes through bindings in random order, so rules are held against each other in order. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Pair } from './pair.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'

const pods = { apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list'] }
const all = { apiGroups: ['*'], resources: ['*'], verbs: ['list'] }
const named = { apiGroups: [''], resources: ['secrets'], resourceNames: ['a', 'b'], verbs: ['get'] }
const several = { apiGroups: ['', 'apps'], resources: ['pods', 'deployments'], verbs: ['*'] }
const paths = { nonResourceURLs: ['/x', '/y/*'], verbs: ['get', 'post'] }

const ROLES = [
  ['first', [pods, all, named]],
  ['second', [named, pods, several]],
] as const
const CLUSTER_ROLES = [
  ['outer', [several, paths, pods, pods]],
  ['everywhere', [{ nonResourceURLs: ['*'], verbs: ['*'] }]],
] as const
const BINDINGS = [
  ['rolebindings', 'Role', ['first', 'second', 'missing']],
  ['rolebindings', 'ClusterRole', ['outer', 'gone']],
  ['clusterrolebindings', 'ClusterRole', ['outer', 'everywhere', 'gone']],
] as const

const SUBJECTS = [
  { kind: 'ServiceAccount', name: 'sa', namespace: 'default' },
  { kind: 'User', name: 'bound', apiGroup: 'rbac.authorization.k8s.io' },
]
const ACCOUNT = 'system:serviceaccount:default:sa'
const USERS: Readonly<Record<string, readonly string[]>> = {
  root: ['system:masters'],
  'system:node:n': ['system:nodes', 'system:authenticated'],
  [ACCOUNT]: ['system:serviceaccounts', 'system:authenticated'],
  bound: ['system:authenticated'],
  nobody: [],
  'system:anonymous': ['system:unauthenticated'],
}

interface Rights {
  readonly resourceRules: readonly object[]
  readonly nonResourceRules: readonly object[]
  readonly incomplete: boolean
  readonly evaluationError?: string
}

function inOrder(text: string): unknown {
  const { status, message } = JSON.parse(text) as { status: Rights | string; message?: string }
  if (typeof status === 'string') return message
  const lines = (rules: readonly object[]) => rules.map(rule => JSON.stringify(rule)).sort()
  const { evaluationError } = status
  return {
    ...status,
    resourceRules: lines(status.resourceRules),
    nonResourceRules: lines(status.nonResourceRules),
    evaluationError: evaluationError?.split(/[[\], ]+/).sort(),
  }
}

describe('rules', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
    const make = async (path: string, body: object) => {
      const made = await pair.both({ method: 'POST', path: `${RBAC}${path}`, body })
      for (const { status, text } of made) assert.equal(status, 201, text)
    }
    for (const [name, rules] of ROLES)
      await make('/namespaces/default/roles', { metadata: { name }, rules })
    for (const [name, rules] of CLUSTER_ROLES)
      await make('/clusterroles', { metadata: { name }, rules })
    for (const [plural, kind, names] of BINDINGS)
      for (const name of names)
        await make(plural === 'rolebindings' ? '/namespaces/default/rolebindings' : `/${plural}`, {
          metadata: { name: `${kind}-${name}`.toLowerCase() },
          subjects: SUBJECTS,
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
        })
    // Upstream hears of them by watching.
    await sleep(1_000)
  })
  after(() => pair?.stop())

  for (const [user, groups] of Object.entries(USERS))
    for (const namespace of ['default', 'other', ''])
      test(`of ${user} in ${namespace || 'none'}`, async () => {
        const [group] = groups.length === 1 ? groups : []
        const [upstream, proa] = await pair.both({
          method: 'POST',
          path: REVIEWS,
          body: { spec: { namespace } },
          headers: { 'impersonate-user': user, ...(group ? { 'impersonate-group': group } : {}) },
        })
        assert.equal(proa.status, upstream.status, upstream.text)
        assert.deepEqual(inOrder(proa.text), inOrder(upstream.text))
      })
})
