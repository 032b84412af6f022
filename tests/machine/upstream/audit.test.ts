/** Proa's audit log tells of the same requests what upstream's does, field by field. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import {
  behaviours,
  configurations,
  custom,
  hooked,
  judged,
  prepared,
  ruled,
  rules,
  THINGS,
} from './audit-notes.ts'
import { ordinary, others, pods } from './audit-requests.ts'
import { type Audited, AuditedPair } from './audited.ts'
import { HookedPair } from './hooks/hooked.ts'

const titleOf = ({ method, path, body, headers }: Audited) =>
  [
    method,
    path,
    body && JSON.stringify(body).slice(0, 60),
    headers && JSON.stringify(headers).slice(0, 80),
  ]
    .filter(Boolean)
    .join(' ')

const skip = etcdMissing() || kubeApiServerMissing()

const EVERYTHING = {
  rules: [{ level: 'None', users: ['system:apiserver'] }, { level: 'RequestResponse' }],
}
const WAIT_MS = 30_000

/** Asks both, in this order, and holds what their logs tell against each other. */
function compareAll(both: () => AuditedPair, all: readonly Audited[]): void {
  for (const asked of all)
    test(titleOf(asked), async () => {
      const lines = await both().compare(asked)
      if (asked.differs) assert.notDeepEqual(lines, [], 'it is told alike by now')
      else assert.deepEqual(lines, [])
    })
}

async function until(is: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await is())) {
    assert.ok(performance.now() < deadline, 'it takes too long')
    await sleep(100)
  }
}

describe('at level RequestResponse', { skip }, () => {
  let both: AuditedPair
  let hooks: HookedPair
  before(async () => {
    both = await AuditedPair.start(EVERYTHING)
    hooks = await HookedPair.start(Promise.resolve(both.pair))
    for (const asked of prepared) await both.pair.both(asked)
    await until(async () =>
      (await both.pair.both({ method: 'GET', path: THINGS })).every(({ status }) => status === 200),
    )
  })
  after(() => hooks?.stop().then(() => both.remove()))
  compareAll(() => both, ordinary)
  compareAll(() => both, pods)
  compareAll(() => both, others)
  compareAll(() => both, custom)
  describe('noted by policies', () => {
    // A policy works as soon as it warns.
    before(() =>
      until(async () => {
        const body = { metadata: { name: 'bad', labels: { case: 'judged' } } }
        const path = '/api/v1/namespaces/default/configmaps?dryRun=All'
        const told = await both.pair.both({ method: 'POST', path, body })
        return told.every(({ headers }) => headers.warning?.includes('a bad name'))
      }),
    )
    compareAll(() => both, judged)
  })
  describe('noted by webhooks', () => {
    before(async () => {
      for (const [name, behaviour] of Object.entries(behaviours))
        hooks.behaviours.set(name, behaviour)
      await hooks.configure(...configurations)
    })
    compareAll(() => both, hooked)
  })
  test('tokens that live in Secrets', async () => {
    // Upstream's guide promises these notes, which its events of failed authentication do not have.
    const more =
      '{"authentication.k8s.io/legacy-token":"system:serviceaccount:default:old","authentication.k8s.io/legacy-token-invalidated":"invalid/default"}'
    assert.deepEqual(await both.compareLegacyTokens(), [
      `invalid: ResponseStarted .annotations: upstream nothing, Proa ${more}`,
    ])
  })
  test('nobody that is known, and credentials that are wrong', async () => {
    const tries: readonly Readonly<Record<string, string>>[] = [
      {},
      { authorization: 'Bearer wrong' },
    ]
    for (const headers of tries)
      assert.deepEqual(await both.compareStrangers('/api/v1/namespaces', headers), [])
  })
})

describe('by rules', { skip }, () => {
  let both: AuditedPair
  before(async () => {
    both = await AuditedPair.start(rules)
  })
  after(() => both?.stop())
  compareAll(() => both, ruled)
})
