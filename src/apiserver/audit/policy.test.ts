import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, wishesOf } from './policy.ts'
import { policyOf } from './testing.ts'

const asked = (more: Partial<Asked> = {}): Asked => ({
  user: { name: 'jane', groups: ['readers', 'all'] },
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'p',
  path: '/api/v1/namespaces/default/pods/p',
  isResourceRequest: true,
  ...more,
})
const path = (text: string) =>
  asked({ path: text, isResourceRequest: false, resource: '', namespace: '', name: '' })

/** Whether one rule matches. */
const matches = (rule: object, of: Asked) =>
  wishesOf(policyOf({ rules: [{ level: 'Request', ...rule }] }))(of).level === 'Request'

test('a rule that says nothing matches everything', () => {
  assert.ok(matches({}, asked()))
  assert.ok(matches({}, asked({ user: undefined })))
  assert.ok(matches({}, path('/healthz')))
})

test('users, groups and verbs', () => {
  assert.ok(matches({ users: ['joe', 'jane'], userGroups: ['all'], verbs: ['get'] }, asked()))
  assert.ok(!matches({ users: ['joe'] }, asked()))
  assert.ok(!matches({ userGroups: ['writers'] }, asked()))
  assert.ok(!matches({ verbs: ['list'] }, asked()))
  assert.ok(!matches({ users: ['jane'] }, asked({ user: undefined })))
  assert.ok(!matches({ userGroups: ['all'] }, asked({ user: undefined })))
})

test('resources, with wildcards on either side of the slash', () => {
  const log = asked({ subresource: 'log' })
  const of = (...resources: string[]) => ({ resources: [{ group: '', resources }] })
  assert.ok(matches({ resources: [{ group: '' }] }, log))
  assert.ok(!matches({ resources: [{ group: 'apps' }] }, log))
  assert.ok(!matches(of('pods'), log), 'a subresource is another thing')
  for (const each of ['pods/log', 'pods/*', '*/log', '*']) assert.ok(matches(of(each), log), each)
  for (const each of ['nodes/log', 'nodes/*', '*/status']) assert.ok(!matches(of(each), log), each)
  assert.ok(matches(of('pods/*'), asked()), 'as upstream, of the resource itself, too')
  assert.ok(!matches(of('*/log'), asked()))
  assert.ok(!matches(of('pods'), path('/pods')))
})

test('names and namespaces', () => {
  const named = (...resourceNames: string[]) => ({
    resources: [{ group: '', resources: ['pods'], resourceNames }],
  })
  assert.ok(matches(named('q', 'p'), asked()))
  assert.ok(!matches(named('q'), asked()))
  assert.ok(matches({ namespaces: ['default'] }, asked()))
  assert.ok(!matches({ namespaces: ['other'] }, asked()))
  assert.ok(matches({ namespaces: [''] }, asked({ namespace: '', resource: 'nodes' })))
  assert.ok(!matches({ namespaces: [''] }, path('/healthz')))
})

test('paths, whose last letter may be a star', () => {
  for (const url of ['*', '/healthz/etcd', '/healthz*', '/healthz/*'])
    assert.ok(matches({ nonResourceURLs: [url] }, path('/healthz/etcd')), url)
  for (const url of ['/healthz', '/livez*'])
    assert.ok(!matches({ nonResourceURLs: [url] }, path('/healthz/etcd')), url)
  assert.ok(!matches({ nonResourceURLs: ['*'] }, asked()))
})

test('the first rule that matches decides, and where none does nothing is told', () => {
  const wishOf = wishesOf(
    policyOf({
      omitStages: ['RequestReceived'],
      omitManagedFields: true,
      rules: [
        { level: 'None', verbs: ['watch'] },
        { level: 'Metadata', verbs: ['get'], omitStages: ['Panic'], omitManagedFields: false },
        { level: 'Request', verbs: ['get', 'list'] },
      ],
    }),
  )
  assert.equal(wishOf(asked({ verb: 'watch' })).level, 'None')
  const get = wishOf(asked())
  assert.equal(get.level, 'Metadata')
  assert.deepEqual([...get.omits], ['RequestReceived', 'Panic'])
  assert.equal(get.omitsManagedFields, false)
  const list = wishOf(asked({ verb: 'list' }))
  assert.deepEqual([list.level, list.omitsManagedFields], ['Request', true])
  assert.equal(wishOf(asked({ verb: 'delete' })).level, 'None')
})
