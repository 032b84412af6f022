/** What an update may say in its metadata beyond what it read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from './testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '1' } }
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }
const entry = {
  manager: 'm',
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-05-01T12:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:data': { 'f:x': {} } },
}

/** An object that is there, and a way to put it with other metadata. */
async function stored() {
  const { ask } = await startTestServer()
  const { body: created } = await ask('POST', AT, body)
  return {
    ask,
    created,
    put: (metadata: object) =>
      ask('PUT', `${AT}/a?dryRun=All`, {
        ...created,
        metadata: { ...created.metadata, ...metadata },
      }),
  }
}

test('the prefix of a name can be told later, if it is one', async () => {
  const { put } = await stored()
  const told = await put({ generateName: 'a-' })
  assert.equal(told.body.metadata.generateName, 'a-')
  const { status, body } = await put({ generateName: 'No!' })
  assert.equal(status, 422)
  assert.equal(body.details.causes[0].field, 'metadata.generateName')
})

test('a generation that nobody counts is what the client says, if it can be one', async () => {
  const { ask } = await startTestServer()
  const made = (generation: number) =>
    ask('POST', AT, { ...body, metadata: { name: 'g', generation } })
  assert.equal((await made(-3)).body.details.causes[0].field, 'metadata.generation')
  assert.equal((await made(5)).body.metadata.generation, 5)
})

test('an owner that is named twice is one, and the client is told', async () => {
  const { ask, put } = await stored()
  const told = (when: string) =>
    `299 - ".metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u"`
  const answer = await put({ ownerReferences: [owner, owner] })
  assert.deepEqual(answer.body.metadata.ownerReferences, [owner])
  assert.equal(answer.headers.warning, told(''))
  const { metadata } = body
  const made = await ask('POST', `${AT}?dryRun=All`, {
    ...body,
    metadata: { ...metadata, name: 'b', ownerReferences: [owner, { ...owner, name: 'q' }, owner] },
  })
  assert.equal(made.headers.warning, told(''))
  assert.equal(made.body.metadata.ownerReferences.length, 2)
  const patch = [{ op: 'add', path: '/metadata/ownerReferences', value: [owner, owner] }]
  const patched = await ask('PATCH', `${AT}/a`, patch, {
    headers: { 'content-type': 'application/json-patch+json' },
  })
  assert.equal(patched.headers.warning, told(' after mutating admission happens'))
})

test('owners of fields are told anew, each once and in versions that there are', async () => {
  const { put } = await stored()
  const after = async (...managedFields: object[]) =>
    (await put({ managedFields })).body.metadata.managedFields
  assert.deepEqual(await after(entry, entry), [entry])
  assert.equal(await after({ ...entry, apiVersion: 'other/v1' }), undefined)
  assert.equal(await after({ ...entry, fieldsV1: { 'x:unknown': {} } }), undefined)
  const { manager: _, ...nameless } = entry
  assert.deepEqual(await after({ ...nameless, manager: '' }), [nameless])
})

test('no owners at all take the fields from all who had any', async () => {
  const { put } = await stored()
  for (const managedFields of [[], [{}]])
    assert.equal((await put({ managedFields })).body.metadata.managedFields, undefined)
})

test('owners that make no sense leave those that are there', async () => {
  const { put, created } = await stored()
  const { managedFields: known } = created.metadata
  const senseless = [
    { operation: '' },
    { operation: 'Other' },
    { apiVersion: '' },
    { fieldsType: '' },
    { fieldsType: 'Other' },
  ]
  for (const wrong of senseless) {
    const { body } = await put({ managedFields: [{ ...entry, ...wrong }] })
    assert.deepEqual(body.metadata.managedFields, known, JSON.stringify(wrong))
  }
})

test('what may not change is told before what may never be', async () => {
  const { ask } = await startTestServer()
  await ask('POST', AT, { ...body, immutable: true })
  const { body: refused } = await ask('PUT', `${AT}/a`, { ...body, data: { 'no!': '' } })
  const fields = refused.details.causes.map(({ field }: { field: string }) => field)
  assert.deepEqual(fields, ['immutable', 'data', 'data[no!]'])
})

test('a link to itself is shown by trials alone, since it is dropped where the object is stored', async () => {
  const { ask, put } = await stored()
  const tried = await put({ selfLink: '/mine' })
  assert.equal(tried.body.metadata.selfLink, '/mine')
  const labels = { metadata: { selfLink: '/mine', labels: { a: 'b' } } }
  const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
  const patched = await ask('PATCH', `${AT}/a?dryRun=All`, labels, merge)
  assert.equal(patched.body.metadata.selfLink, '/mine')
  const written = await ask('PATCH', `${AT}/a`, labels, merge)
  assert.equal(written.body.metadata.selfLink, undefined)
  assert.deepEqual((await ask('GET', `${AT}/a`)).body, written.body)
})

test('what keeps all of its metadata beside a status keeps out a link, too', async () => {
  const { ask } = await startTestServer()
  const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'
  const spec = { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'gpu' } }] } }
  const { body: claim, text } = await ask('POST', claims, { metadata: { name: 'a' }, spec })
  assert.equal(claim.kind, 'ResourceClaim', text)
  const linked = { ...claim, metadata: { ...claim.metadata, selfLink: '/mine' } }
  const status = await ask('PUT', `${claims}/a/status?dryRun=All`, linked)
  assert.equal(status.body.metadata.selfLink, undefined)
  const whole = await ask('PUT', `${claims}/a?dryRun=All`, linked)
  assert.equal(whole.body.metadata.selfLink, '/mine')
})

test('of a patch that names another object the namespace is told first', async () => {
  const { ask } = await startTestServer()
  const maps = '/api/v1/namespaces/default/configmaps'
  await ask('POST', maps, { metadata: { name: 'a' } })
  const told = async (metadata: object) => {
    const headers = { 'content-type': 'application/merge-patch+json' }
    const { body } = await ask('PATCH', `${maps}/a`, { metadata }, { headers })
    return body.message
  }
  assert.match(await told({ name: 'b' }), /^the name of the object \(b\) does not match/)
  for (const name of ['b', null])
    assert.match(await told({ name, namespace: 'other' }), /^the namespace of the provided object/)
})

test('owners that are applied are refused, unless they are none', async () => {
  const { ask } = await startTestServer()
  const applied = async (managedFields: unknown) => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { managedFields } }
    const headers = { 'content-type': 'application/apply-patch+yaml' }
    const path = '/api/v1/namespaces/default/configmaps/a?fieldManager=x'
    return (await ask('PATCH', path, body, { headers })).body.message
  }
  assert.equal(await applied([{ manager: 'x' }]), 'metadata.managedFields must be nil')
  assert.match(
    await applied([{ fieldsType: [null] }]),
    /\.metadata\.managedFields\[0\]\.fieldsType: expected string, got /,
  )
})
