import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { abacAuthorizer, abacPoliciesIn } from './abac.ts'
import type { Attributes } from './authorizer.ts'

const policy = (spec: object) =>
  JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec })
const authorizer = (...lines: string[]) => abacAuthorizer(abacPoliciesIn(lines.join('\n'), 'f'))

const wish = (name: string, more: Partial<Attributes> = {}): Attributes => ({
  user: { name, groups: ['system:authenticated', 'dev'] },
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'shop',
  name: 'a',
  path: '',
  isResourceRequest: true,
  ...more,
})
const asked = async (lines: string[], attributes: Attributes) =>
  (await authorizer(...lines).authorize(attributes)).verdict

test('each part of a policy must fit', async () => {
  const lines = [
    '# pods',
    '',
    policy({ user: 'ali', namespace: 'shop', resource: 'pods', apiGroup: '' }),
  ]
  assert.equal(await asked(lines, wish('ali')), 'allow')
  for (const more of [
    { namespace: 'other' },
    { resource: 'secrets' },
    { group: 'apps' },
    { isResourceRequest: false, path: '/version' },
  ])
    assert.equal(await asked(lines, wish('ali', more)), 'noOpinion', JSON.stringify(more))
  assert.equal(await asked(lines, wish('bea')), 'noOpinion')
})

test('readonly lets look alone; a star is for all who proved to be somebody', async () => {
  const all = { user: '*', namespace: '*', resource: '*', apiGroup: '*', readonly: true }
  assert.equal(await asked([policy(all)], wish('bea', { verb: 'watch' })), 'allow')
  assert.equal(await asked([policy(all)], wish('bea', { verb: 'delete' })), 'noOpinion')
  const nobody = { ...wish('x'), user: { name: 'x', groups: ['system:unauthenticated'] } }
  assert.equal(await asked([policy(all)], nobody), 'noOpinion')
})

test('a user and a group together must both fit, and a policy for nobody is for nobody', async () => {
  const of = { namespace: '*', resource: '*', apiGroup: '*' }
  assert.equal(await asked([policy({ ...of, user: 'ali', group: 'dev' })], wish('ali')), 'allow')
  assert.equal(await asked([policy({ ...of, user: 'ali', group: 'x' })], wish('ali')), 'noOpinion')
  assert.equal(await asked([policy(of)], wish('ali')), 'noOpinion')
})

test('paths end in a star, or are meant exactly', async () => {
  const at = (path: string) => wish('ali', { isResourceRequest: false, path, resource: '' })
  const lines = [
    policy({ group: 'dev', nonResourcePath: '/logs/*' }),
    policy({ user: 'ali', nonResourcePath: '/x' }),
  ]
  const answers = await Promise.all(
    ['/logs/a', '/logs', '/x', '/xy'].map(path => asked(lines, at(path))),
  )
  assert.deepEqual(answers, ['allow', 'noOpinion', 'allow', 'noOpinion'])
})

test('the form before it had a version: what is not said means everything', async () => {
  assert.equal(
    await asked(['{"user":"ali"}'], wish('ali', { verb: 'delete', group: 'x' })),
    'allow',
  )
  assert.equal(
    await asked(['{"user":"ali","resource":"pods"}'], wish('ali', { resource: 'x' })),
    'noOpinion',
  )
  assert.equal(await asked(['{"readonly":true}'], wish('bea')), 'allow')
})

test('rights in a namespace are those of its policies', async () => {
  const of = authorizer(
    policy({ user: 'ali', namespace: 'shop', resource: 'pods', apiGroup: '', readonly: true }),
    policy({ user: 'ali', namespace: 'other', resource: 'secrets', apiGroup: '' }),
  )
  assert.deepEqual(await of.rulesFor({ name: 'ali', groups: [] }, 'shop'), {
    rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] }],
    incomplete: false,
    errors: [],
  })
})

test('a line that is none is named', () => {
  for (const line of ['nonsense', '[]', policy({ user: 5 }), '{"apiVersion":"v2","kind":"Policy"}'])
    assert.throws(
      () => authorizer('# first', line),
      error =>
        error instanceof UserError &&
        error.message.startsWith(`error reading policy file f, line 2: ${line}: `),
      line,
    )
})
