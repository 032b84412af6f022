import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { type Attributes, type Authorizer, allow, noOpinion } from '../authorization/authorizer.ts'
import type { UserInfo } from './authenticator.ts'
import { impersonated } from './impersonation.ts'
import { namedUser } from './impersonation-headers.ts'

const bob: UserInfo = { name: 'bob', groups: ['system:authenticated'] }
const request = {
  user: bob,
  verb: 'list',
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  subresource: '',
  namespace: 'shop',
  name: '',
  path: '',
  isResourceRequest: true,
}

const told = ({ verb, resource, subresource, namespace, name }: Attributes) =>
  [verb, resource, subresource, namespace, name].filter(Boolean).join(' ')

/** Allows exactly these, and remembers what it was asked. */
function authorizerOf(rights: readonly string[]) {
  const asked: string[] = []
  const authorizer: Authorizer = {
    authorize(attributes) {
      asked.push(told(attributes))
      return rights.includes(told(attributes)) ? allow() : noOpinion()
    },
    rulesFor: () => ({ rules: [], incomplete: true, errors: [] }),
  }
  return { asked, authorizer }
}

async function as(headers: Record<string, string>, rights: readonly string[] = [], asker = bob) {
  const named = namedUser(headers)
  if (!named) return undefined
  const { authorizer } = authorizerOf(rights)
  return impersonated(named, { ...request, user: asker }, { authorizer, isConstrained: true })
}
const legacy = (...rights: string[]) => rights.map(right => `impersonate ${right}`)
const forbidden = (error: unknown) => isStatus(error, 'Forbidden')
const whyNot = (...args: Parameters<typeof as>) =>
  as(...args).then(
    () => assert.fail('it was allowed'),
    error => (error as Error).message,
  )

test('without headers that say anything one is oneself', async () => {
  for (const headers of [
    {} as Record<string, string>,
    { 'impersonate-uid': '' },
    { 'impersonate-user': '' },
    { 'impersonate-what': 'b' },
  ])
    assert.equal(await as(headers), undefined)
})

test('each header needs its own right', async () => {
  const headers = {
    'impersonate-user': 'alice',
    'impersonate-group': 'dev\nops',
    'impersonate-uid': 'u-1',
    'impersonate-extra-scopes': 'view\nedit',
  }
  const rights = legacy(
    'users alice',
    'groups dev',
    'groups ops',
    'uids u-1',
    'userextras scopes view',
    'userextras scopes edit',
  )
  assert.deepEqual(await as(headers, rights), {
    user: {
      name: 'alice',
      uid: 'u-1',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { scopes: ['view', 'edit'] },
    },
  })
  for (const missing of rights)
    await assert.rejects(
      as(
        headers,
        rights.filter(right => right !== missing),
      ),
      forbidden,
      missing,
    )
})

test('system:masters needs an explicit right, in whatever case and form the headers come', async () => {
  const user = { 'impersonate-user': 'alice' }
  for (const headers of [
    { ...user, 'impersonate-group': 'system:masters' },
    { ...user, 'Impersonate-Group': 'system:masters' },
    { ...user, 'IMPERSONATE-GROUP': 'dev\nsystem:masters' },
    { ...user, 'impersonate-group': 'dev, system:masters' },
    { ...user, 'impersonate-group': ' system:masters ' },
  ])
    await assert.rejects(as(headers, legacy('users alice', 'groups dev')), forbidden)
})

test('a service account is impersonated by the right on it and gets its groups', async () => {
  const headers = { 'impersonate-user': 'system:serviceaccount:shop:cart' }
  const asUser = legacy('users system:serviceaccount:shop:cart')
  await assert.rejects(as(headers, asUser), forbidden)
  assert.deepEqual(await as(headers, legacy('serviceaccounts shop cart')), {
    user: {
      name: 'system:serviceaccount:shop:cart',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
    },
  })
})

test('what no service account can be called takes the right on users, and gets no groups of theirs', async () => {
  for (const name of ['a/b:web', 'Shop:web', 'shop:Web', 'shop:', ':web', 'shop:web:more']) {
    const user = `system:serviceaccount:${name}`
    const [namespace = '', account = ''] = name.split(':')
    const headers = { 'impersonate-user': user }
    const rights = legacy(`serviceaccounts ${namespace} ${account}`, `serviceaccounts ${account}`)
    await assert.rejects(as(headers, rights), forbidden, name)
    assert.deepEqual((await as(headers, legacy(`users ${user}`)))?.user.groups, [
      'system:authenticated',
    ])
  }
})

test('anonymous stays unauthenticated', async () => {
  const headers = { 'impersonate-user': 'system:anonymous' }
  const it = await as(headers, legacy('users system:anonymous'))
  assert.deepEqual(it?.user.groups, ['system:unauthenticated'])
})

test('of users and UIDs the first counts; who is not named is refused before anybody is asked', async () => {
  const first = { 'impersonate-user': 'a\nb', 'impersonate-uid': 'u\nv' }
  const it = await as(first, legacy('users a', 'uids u'))
  assert.deepEqual([it?.user.name, it?.user.uid], ['a', 'u'])
  const wrong: readonly [Record<string, string>, string][] = [
    [{ 'impersonate-group': 'system:masters' }, 'Groups:[]string{"system:masters"}'],
    [{ 'impersonate-group': '' }, 'Groups:[]string{""}'],
    [{ 'impersonate-uid': 'x' }, 'UID:"x"'],
    [{ 'impersonate-extra-b': 'y', 'impersonate-extra-a': 'x' }, '{"a":[]string{"x"}, "b":'],
    [{ 'impersonate-user': '\nb', 'impersonate-group': 'dev' }, 'Name:""'],
  ]
  for (const [headers, part] of wrong)
    await assert.rejects(as(headers), error => {
      assert.ok(isStatus(error, 'BadRequest'))
      assert.ok(error.message.includes(part), error.message)
      return error.message.endsWith(' without impersonating a user name')
    })
})

test('keys of extra values are decoded as they are, names are UTF-8, and prototype names are only names', async () => {
  const headers = {
    'impersonate-user': Buffer.from('jürgen').toString('latin1'),
    'impersonate-extra-acme.com%2F%50roject': 'x',
    'impersonate-extra-__proto__': 'y',
  }
  const rights = ['users jürgen', 'userextras acme.com/Project x', 'userextras __proto__ y']
  const it = await as(headers, legacy(...rights))
  assert.deepEqual(Object.keys(it?.user.extra ?? {}).sort(), ['__proto__', 'acme.com/Project'])
  assert.equal(({} as Record<string, unknown>).y, undefined)
})

test('who may do one thing as somebody may do that, and is not asked for more', async () => {
  const headers = {
    'impersonate-user': 'alice',
    'impersonate-group': 'dev',
    'impersonate-extra-acme.com%2Fproject': 'x',
  }
  const named = namedUser(headers)
  assert.ok(named)
  const rights = [
    'impersonate-on:user-info:list deployments shop',
    'impersonate:user-info users alice',
    'impersonate:user-info groups dev',
    'impersonate:user-info userextras acme.com/project x',
  ]
  const { asked, authorizer } = authorizerOf(rights)
  const it = await impersonated(named, request, { authorizer, isConstrained: true })
  assert.equal(it.constraint, 'impersonate:user-info')
  assert.deepEqual(it.user.groups, ['dev', 'system:authenticated'])
  assert.deepEqual(asked, rights)
  for (const missing of rights) {
    const others = rights.filter(right => right !== missing)
    const [verb = ''] = missing.split(' ')
    assert.ok((await whyNot(headers, others)).includes(`User "bob" cannot ${verb}`), missing)
  }
  const off = impersonated(named, request, { authorizer, isConstrained: false })
  await assert.rejects(off, forbidden)
})

test('rights for one thing never become the administrator’s, nor are they for what makes no sense', async () => {
  const everything: Authorizer = {
    authorize: ({ verb }) => (verb === 'impersonate' ? noOpinion() : allow()),
    rulesFor: () => ({ rules: [], incomplete: true, errors: [] }),
  }
  const cases: readonly [Record<string, string>, string][] = [
    [{ 'impersonate-group': 'dev\nsystem:masters' }, 'the system:masters group is not allowed'],
    [{ 'impersonate-group': '' }, 'the empty string group is not allowed'],
    [{ 'impersonate-extra-scopes': 'x' }, 'must be a domain-prefixed path'],
    [
      { 'impersonate-extra-a.b%2F%50': 'x' },
      'a non-lowercase key in extra is not allowed: "a.b/P"',
    ],
    [{ 'impersonate-extra-': 'x' }, 'the empty string key in extra is not allowed'],
    [{ 'impersonate-extra-a.b%2Fc': '' }, 'the empty string value in extra is not allowed'],
  ]
  for (const [more, part] of cases) {
    const named = namedUser({ 'impersonate-user': 'alice', ...more })
    assert.ok(named)
    const asked = impersonated(named, request, { authorizer: everything, isConstrained: true })
    await assert.rejects(asked, error => forbidden(error) && `${error}`.includes(part), part)
  }
})

test('nodes and service accounts have modes of their own, for their names alone', async () => {
  const agent: UserInfo = {
    name: 'system:serviceaccount:net:agent',
    groups: [],
    extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
  }
  const on = (mode: string) => `impersonate-on:${mode}:list deployments shop`
  const node = { 'impersonate-user': 'system:node:n1' }
  const own = [on('associated-node'), 'impersonate:associated-node nodes *']
  const it = await as(node, own, agent)
  assert.deepEqual(it?.user.groups, ['system:nodes', 'system:authenticated'])
  assert.equal(it?.constraint, 'impersonate:associated-node')
  await assert.rejects(as({ 'impersonate-user': 'system:node:n2' }, own, agent), forbidden)
  await assert.rejects(as(node, own), forbidden)
  await assert.rejects(as({ ...node, 'impersonate-group': 'dev' }, own, agent), forbidden)
  const any = [on('arbitrary-node'), 'impersonate:arbitrary-node nodes n1']
  for (const asker of [agent, bob])
    assert.equal((await as(node, any, asker))?.constraint, 'impersonate:arbitrary-node')
  const account = { 'impersonate-user': 'system:serviceaccount:shop:cart' }
  const rights = [on('serviceaccount'), 'impersonate:serviceaccount serviceaccounts shop cart']
  assert.equal((await as(account, rights))?.constraint, 'impersonate:serviceaccount')
  await assert.rejects(as({ ...account, 'impersonate-uid': 'u' }, rights), forbidden)
})
