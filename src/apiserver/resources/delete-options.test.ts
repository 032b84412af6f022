/** Options of deletions are read and refused as upstream does. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestServer, type TestServer } from '../testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const INVALID = 'DeleteOptions.meta.k8s.io "" is invalid: '
const BOTH =
  'propagationPolicy: Invalid value: "Foo": orphanDependents and deletionPropagation cannot be both set'
const POLICIES = 'supported values: "Foreground", "Background", "Orphan", "nil"'
const FOO = `propagationPolicy: Unsupported value: "Foo": ${POLICIES}`
const SOME = 'dryRun: Unsupported value: ["Some"]: supported values: "All"'

let server: TestServer
before(async () => {
  server = await startTestServer()
  await server.ask('POST', AT, { metadata: { name: 'a' } })
})
after(() => server.server.stop())

test('what is wrong with a deletion is told in full', async () => {
  for (const [query, body, message] of [
    [
      '?propagationPolicy=',
      undefined,
      `${INVALID}propagationPolicy: Unsupported value: "": ${POLICIES}`,
    ],
    ['?gracePeriodSeconds=', undefined, 'strconv.ParseInt: parsing "": invalid syntax'],
    ['?orphanDependents=0&propagationPolicy=Foo', undefined, `${INVALID}[${BOTH}, ${FOO}]`],
    ['?dryRun=Some&propagationPolicy=Foo', undefined, `${INVALID}[${FOO}, ${SOME}]`],
    [
      '',
      { propagationPolicy: 'Foo', orphanDependents: false, dryRun: ['Some'] },
      `${INVALID}[${BOTH}, ${FOO}, ${SOME}]`,
    ],
    [
      '',
      { dryRun: 'All' },
      'json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string',
    ],
    [
      '',
      { preconditions: [] },
      'json: cannot unmarshal array into Go struct field DeleteOptions.preconditions of type v1.Preconditions',
    ],
    [
      '',
      { kind: 'Nope' },
      'no kind "Nope" is registered for version "meta.k8s.io/v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
    [
      '',
      [],
      `couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    ],
  ] as const)
    for (const path of [`${AT}/a${query}`, `${AT}${query}`])
      assert.equal((await server.ask('DELETE', path, body)).body.message, message, path)
  assert.equal((await server.ask('GET', `${AT}/a`)).status, 200)
})

test('a dry run tells the revision that is there', async () => {
  const { body } = await server.ask('GET', `${AT}/a`)
  const told = await server.ask('DELETE', `${AT}/a?dryRun=All&orphanDependents=yes`)
  assert.deepEqual(told.body.metadata.finalizers, ['orphan'])
  assert.equal(told.body.metadata.resourceVersion, body.metadata.resourceVersion)
})

test('an object that stays for a while after its cascade was asked for is accepted', async () => {
  const made = await server.ask('POST', AT, { metadata: { name: 'h', finalizers: ['a.io/hold'] } })
  assert.equal(made.status, 201)
  const statusOf = async (query: string, body?: object) =>
    (await server.ask('DELETE', `${AT}/h?dryRun=All${query}`, body)).status
  assert.equal(await statusOf(''), 200)
  assert.equal(await statusOf('&orphanDependents=false'), 202)
  assert.equal(await statusOf('', { orphanDependents: false, dryRun: ['All'] }), 202)
  assert.equal(await statusOf('', { orphanDependents: true, dryRun: ['All'] }), 200)
  assert.equal(await statusOf('&propagationPolicy=Background'), 200)
  assert.equal(await statusOf('&propagationPolicy=Foreground'), 200)
  const release = { headers: { 'content-type': 'application/merge-patch+json' } }
  await server.ask('DELETE', `${AT}/h`)
  await server.ask('PATCH', `${AT}/h`, { metadata: { finalizers: null } }, release)
})

test('the query may name what a deletion is on the condition of', async () => {
  const { body } = await server.ask('GET', `${AT}/a`)
  const { uid, resourceVersion } = body.metadata
  const status = async (query: string) =>
    (await server.ask('DELETE', `${AT}/a?dryRun=All&${query}`)).status
  assert.equal(await status('resourceVersion=1'), 409)
  assert.equal(await status('uid=x'), 409)
  assert.equal(await status(`resourceVersion=${resourceVersion}&uid=x`), 409)
  assert.equal(await status(`resourceVersion=${resourceVersion}&uid=${uid}`), 200)
  assert.equal(await status('resourceVersion=&uid='), 200)
})

test('a revision of a collection that is deleted is exactly that one', async () => {
  const made = await server.ask('POST', AT, { metadata: { name: 'b' } })
  const { resourceVersion } = made.body.metadata
  await server.ask('POST', AT, { metadata: { name: 'c' } })
  const { status, body } = await server.ask(
    'DELETE',
    `${AT}?dryRun=All&labelSelector=!none&resourceVersion=${resourceVersion}`,
  )
  assert.equal(status, 409, 'the first of them has another revision')
  assert.match(body.message, /does not match the ResourceVersion in record/)
  await server.ask('DELETE', `${AT}/a`)
  await server.ask('DELETE', `${AT}/c`)
  const left = await server.ask('DELETE', `${AT}?dryRun=All&resourceVersion=${resourceVersion}`)
  // One of those that were there then is gone by now, which is just as well.
  assert.deepEqual(
    left.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ['a', 'b'],
  )
  assert.equal(left.body.items[0].kind, undefined, 'said once for all of them')
})
