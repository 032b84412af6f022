/** Names that nothing can have, and paths that are spelled otherwise than usual. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestServer, type TestServer } from './testing.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
let server: TestServer
before(async () => {
  server = await startTestServer()
})
after(() => server.server.stop())

test('a name with a percent sign is refused, whatever is to be done with it', async () => {
  for (const [method, path] of [
    ['GET', `${MAPS}/b%25`],
    ['DELETE', `${MAPS}/b%25`],
    ['PUT', `${MAPS}/b%25`],
    ['PATCH', `${MAPS}/b%25`],
    ['GET', '/api/v1/namespaces/default/pods/b%25/log'],
    ['POST', '/api/v1/namespaces/default/pods/b%25/eviction'],
    ['GET', '/apis/apps/v1/namespaces/default/deployments/b%25/scale'],
  ] as const) {
    const headers = { 'content-type': 'application/merge-patch+json' }
    const body = method === 'GET' || method === 'DELETE' ? undefined : { metadata: { name: 'b%' } }
    const answer = await server.ask(method, path, body, method === 'PATCH' ? { headers } : {})
    assert.equal(answer.status, 400, `${method} ${path}`)
    assert.equal(answer.body.message, `Name parameter invalid: "b%": may not contain '%'`)
  }
})

test('what no key can be made of is not there', async () => {
  const long = 'a'.repeat(300)
  for (const path of [`${MAPS}/${long}`, '/api/v1/namespaces/a%25/configmaps/b'])
    for (const method of ['GET', 'DELETE'] as const)
      assert.equal((await server.ask(method, path)).status, 404, `${method} ${path}`)
  const put = await server.ask('PUT', `${MAPS}/${long}`, { metadata: { name: long } })
  assert.ok(put.status === 404 || put.status === 422, String(put.status))
})

test('what is spelled with percent signs is judged and answered as what it says', async () => {
  const asked: string[] = []
  const judging = await startTestServer({
    user: { name: 'jane', groups: [] },
    authorizer: {
      authorize({ path, isResourceRequest }) {
        if (!isResourceRequest) asked.push(path)
        return { verdict: 'allow', reason: '' }
      },
      rulesFor: () => ({ rules: [], incomplete: true, errors: [] }),
    },
  })
  for (const [path, plain] of [
    ['/apis/app%73', '/apis/apps'],
    ['/api/%761', '/api/v1'],
    ['/%61pis/apps/v1', '/apis/apps/v1'],
    ['/version%2f', '/version/'],
  ] as const) {
    asked.length = 0
    const { status } = await judging.ask('GET', path)
    assert.deepEqual([status, asked], [200, [plain]], path)
  }
  assert.equal((await judging.ask('GET', '/openapi//v2')).status, 404)
  await judging.server.stop()
})
