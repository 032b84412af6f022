/** Methods that few ask custom objects with are answered as upstream does: by their verb and subresource alone. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Method } from '#client/transport.ts'
import { startTestServer, type TestServer } from '../testing.ts'
import { define, WIDGETS, widget, widgets } from './testing.ts'

const GROUP = '/apis/example.com/v1'
const PATCH = { headers: { 'content-type': 'application/merge-patch+json' } }

let server: TestServer
before(async () => {
  server = await startTestServer()
  await define(server, widgets())
  await server.ask('POST', WIDGETS, widget('a'))
})
after(() => server.server.stop())

test('a verb that is not there is told with the resource', async () => {
  for (const [method, path, verb] of [
    ['OPTIONS', WIDGETS, ''],
    ['OPTIONS', `${WIDGETS}/a`, ''],
    ['POST', `${WIDGETS}/a/status`, 'create'],
    ['DELETE', `${WIDGETS}/a/scale`, 'delete'],
    ['GET', `${GROUP}/watch/namespaces/default/widgets/a/status`, 'watch'],
    ['GET', `${GROUP}/proxy/namespaces/default/widgets/a`, 'proxy'],
  ] as const) {
    const { status, body } = await server.ask(method, path)
    assert.equal(status, 405, `${method} ${path}`)
    const message = `${verb} is not supported on resources of kind "widgets.example.com"`
    assert.equal(body.message, message)
    assert.deepEqual(body.details, { group: 'example.com', kind: 'widgets' })
  }
})

test('what is written needs a name in its path, but for what is made', async () => {
  for (const [method, more] of [
    ['PUT', {}],
    ['PATCH', PATCH],
  ] as const) {
    const { status, body } = await server.ask(method, WIDGETS, widget('a'), more)
    assert.deepEqual([status, body.message], [400, 'name must be provided'])
  }
  const made = await server.ask('POST', `${WIDGETS}/b`, widget('c'))
  assert.deepEqual([made.status, made.body.metadata.name], [201, 'c'])
})

test('what stands behind a subresource means nothing', async () => {
  for (const [path, expected] of [
    [`${WIDGETS}/a/status/more`, 200],
    [`${WIDGETS}/a/scale/more`, 200],
    [`${WIDGETS}/a/nope/more`, 404],
    [`${WIDGETS}/a/toString`, 404],
  ] as const)
    assert.equal((await server.ask('GET', path)).status, expected, path)
})

test('paths that are none of the resource are a page', async () => {
  for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS'] satisfies Method[]) {
    const { status, body } = await server.ask(method, `${GROUP}/widgets/a`)
    assert.deepEqual([status, body], [404, undefined], method)
  }
})
