import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type Asked, Authorizer } from './authorizer.ts'
import { compileExpression, loadCelEngine } from './engine.ts'
import { CostExceeded } from './metering.ts'

before(loadCelEngine)

test('what is asked about is put together call by call', () => {
  const seen: (Asked & { verb: string })[] = []
  const authorizer = new Authorizer((asked, verb) => {
    seen.push({ ...asked, verb })
    return { allowed: verb === 'list', reason: 'so', error: '' }
  })
  const texts = [
    `authorizer.group('apps').resource('deployments').namespace('shop')
    .fieldSelector('metadata.name=web').labelSelector('a in (b)').check('list').allowed()
      && !authorizer.path('/metrics').check('get').allowed()`,
    `authorizer.group('').resource('pods').name('p').subresource('log').check('list').reason() == 'so'`,
  ]
  const evaluate = (text: string) =>
    compileExpression(text, 'bool', 'admission').evaluate({ authorizer }, { cost: 2_000_000 })
  for (const text of texts) assert.equal(evaluate(text), true)
  const nothing = { group: '', resource: '', subresource: '', namespace: '', name: '', path: '' }
  assert.deepEqual(seen, [
    {
      ...nothing,
      group: 'apps',
      resource: 'deployments',
      namespace: 'shop',
      fieldSelector: 'metadata.name=web',
      labelSelector: 'a in (b)',
      verb: 'list',
    },
    { ...nothing, path: '/metrics', verb: 'get' },
    { ...nothing, resource: 'pods', name: 'p', subresource: 'log', verb: 'list' },
  ])
  // Two questions an expression: a third is too expensive.
  assert.throws(() => evaluate(texts.join(' && ')), CostExceeded)
})

const untold = [
  "authorizer.check('get').allowed()",
  "authorizer.group('').check('get').allowed()",
  "authorizer.resource('pods').check('get').allowed()",
  "authorizer.path('/a').group('').resource('a').check('get').allowed()",
  "authorizer.path('/a').namespace('a').check('get').allowed()",
  "authorizer.requestResource.group('').resource('a').check('get').allowed()",
  "authorizer.group('').resource('pods').path('/a').check('get').allowed()",
]
for (const text of untold)
  test(`nobody can be asked so: ${text}`, () => {
    assert.throws(() => compileExpression(text, 'bool', 'admission'), /found no matching overload/)
  })

test('who is asked is the same or another', () => {
  const authorizer = new Authorizer(() => ({ allowed: true, reason: '', error: '' }))
  const program = compileExpression('authorizer == authorizer', 'bool', 'admission')
  assert.equal(program.evaluate({ authorizer }, { cost: 1_000_000 }), true)
})
