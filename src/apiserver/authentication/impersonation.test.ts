import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { type Attributes, type Authorizer, allow, noOpinion } from '../authorization/authorizer.ts'
import type { UserInfo } from './authenticator.ts'
import { impersonated } from './impersonation.ts'

const bob: UserInfo = { name: 'bob', groups: ['system:authenticated'] }

/** Allows bob exactly these: `resource/name` or `userextras/key/value`. */
function authorizerOf(...rights: string[]): Authorizer & { asked: Attributes[] } {
  const asked: Attributes[] = []
  return {
    asked,
    authorize(attributes) {
      asked.push(attributes)
      const { resource, subresource, namespace, name } = attributes
      const path = [resource, subresource, namespace, name].filter(Boolean).join('/')
      return attributes.verb === 'impersonate' && rights.includes(path) ? allow() : noOpinion()
    },
    rulesFor: () => ({ rules: [], incomplete: true, errors: [] }),
  }
}
const as = (headers: Record<string, string>, ...rights: string[]) =>
  impersonated({ method: 'GET', path: '/api', headers }, bob, authorizerOf(...rights))
const forbidden = (error: unknown) => isStatus(error, 'Forbidden')

test('without headers one is oneself', async () => {
  assert.equal(await as({}), bob)
})

test('each header needs its own right', async () => {
  const headers = {
    'impersonate-user': 'alice',
    'impersonate-group': 'dev\nops',
    'impersonate-uid': 'u-1',
    'impersonate-extra-scopes': 'view\nedit',
  }
  const rights = [
    'users/alice',
    'groups/dev',
    'groups/ops',
    'uids/u-1',
    'userextras/scopes/view',
    'userextras/scopes/edit',
  ]
  assert.deepEqual(await as(headers, ...rights), {
    name: 'alice',
    uid: 'u-1',
    groups: ['dev', 'ops', 'system:authenticated'],
    extra: { scopes: ['view', 'edit'] },
  })
  for (const missing of rights)
    await assert.rejects(
      as(headers, ...rights.filter(right => right !== missing)),
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
    await assert.rejects(as(headers, 'users/alice', 'groups/dev'), forbidden)
})

test('a service account is impersonated by the right on it and gets its groups', async () => {
  const headers = { 'impersonate-user': 'system:serviceaccount:shop:cart' }
  await assert.rejects(as(headers, 'users/system:serviceaccount:shop:cart'), forbidden)
  assert.deepEqual(await as(headers, 'serviceaccounts/shop/cart'), {
    name: 'system:serviceaccount:shop:cart',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
  })
})

test('anonymous stays unauthenticated', async () => {
  const user = await as({ 'impersonate-user': 'system:anonymous' }, 'users/system:anonymous')
  assert.deepEqual(user.groups, ['system:unauthenticated'])
})

test('incomplete or odd headers are refused before anybody is asked', async () => {
  const wrong: Record<string, string>[] = [
    { 'impersonate-group': 'system:masters' },
    { 'impersonate-uid': 'x' },
    { 'impersonate-extra-a': 'b' },
    { 'impersonate-user': '' },
    { 'impersonate-user': 'a\nb' },
    { 'impersonate-user': 'a', 'impersonate-group': '' },
    { 'impersonate-user': 'a', 'impersonate-what': 'b' },
  ]
  for (const headers of wrong)
    await assert.rejects(
      as(headers),
      error => isStatus(error, 'BadRequest'),
      JSON.stringify(headers),
    )
})

test('keys of extra values are decoded, and prototype names are only names', async () => {
  const headers = {
    'impersonate-user': 'constructor',
    'impersonate-extra-acme.com%2Fproject': 'x',
    'impersonate-extra-__proto__': 'y',
  }
  const user = await as(
    headers,
    'users/constructor',
    'userextras/acme.com/project/x',
    'userextras/__proto__/y',
  )
  assert.deepEqual(Object.keys(user.extra ?? {}).sort(), ['__proto__', 'acme.com/project'])
  assert.equal(({} as Record<string, unknown>).y, undefined)
})
