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
