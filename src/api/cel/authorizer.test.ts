import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type Asked, Authorizer } from './authorizer.ts'
import { compileExpression, loadCelEngine } from './engine.ts'

before(loadCelEngine)

test('what is asked about is put together call by call', () => {
  const seen: (Asked & { verb: string })[] = []
  const authorizer = new Authorizer((asked, verb) => {
    seen.push({ ...asked, verb })
    return { allowed: verb === 'list', reason: 'so', error: '' }
  })
  const text = `authorizer.group('apps').resource('deployments').namespace('shop')
    .fieldSelector('metadata.name=web').labelSelector('a in (b)').check('list').allowed()
    && !authorizer.path('/metrics').check('get').allowed()
    && authorizer.group('').resource('pods').name('p').subresource('log').check('list').reason() == 'so'`
  const program = compileExpression(text, 'bool', 'admission')
  assert.equal(program.evaluate({ authorizer }, { turns: 10 }), true)
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
})
