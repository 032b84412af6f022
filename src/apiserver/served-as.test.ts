/** What is stored once and served as two kinds is told of as that which was asked for, as a kube-apiserver v1.36.3 does. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { objects } from './all-kinds/testing/objects.ts'
import { startTestServer, type TestServer } from './testing.ts'

const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events'
const CORE = '/api/v1/namespaces/default/events'
const event = (metadata: object) => ({
  metadata,
  ...objects['events.k8s.io/v1 Event']?.object,
})

let ask: TestServer['ask']
before(async () => {
  ask = (await startTestServer()).ask
  const made = await ask('POST', EVENTS, event({ name: 'e' }))
  assert.equal(made.status, 201, made.text)
})

const merge = { headers: { 'content-type': 'application/merge-patch+json' } }

test('what is not there is missing in the group that was asked', async () => {
  for (const answer of [
    await ask('GET', `${EVENTS}/none`),
    await ask('DELETE', `${EVENTS}/none`),
    await ask('PATCH', `${EVENTS}/none`, { metadata: { labels: { a: 'b' } } }, merge),
  ]) {
    assert.equal(answer.body.message, 'events.events.k8s.io "none" not found')
    assert.deepEqual(answer.body.details, { name: 'none', group: 'events.k8s.io', kind: 'events' })
  }
  assert.equal((await ask('GET', `${CORE}/none`)).body.message, 'events "none" not found')
})

test('what is there already is there in the group that was asked', async () => {
  for (const query of ['', '?dryRun=All']) {
    const again = await ask('POST', `${EVENTS}${query}`, event({ name: 'e' }))
    assert.equal(again.body.message, 'events.events.k8s.io "e" already exists')
    assert.equal(again.body.details.group, 'events.k8s.io')
  }
})

test('another one than was meant to be deleted is told by the kind that is stored', async () => {
  const other = await ask('DELETE', `${EVENTS}/e`, { preconditions: { uid: 'x' } })
  assert.equal(other.status, 409)
  assert.match(other.body.message, /^Operation cannot be fulfilled on Event "e": the UID in the/)
  assert.deepEqual(other.body.details, { name: 'e', kind: 'Event' })
})

test('an update that creates has no revision to mind, but an identity', async () => {
  const put = (name: string, metadata: object) =>
    ask('PUT', `${EVENTS}/${name}`, event({ name, ...metadata }))
  const other = await put('new', { uid: 'x', resourceVersion: '7' })
  assert.equal(other.status, 409)
  const key = '/registry/events/default/new'
  assert.equal(
    other.body.message,
    `Operation cannot be fulfilled on events.events.k8s.io "new": StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object meta: `,
  )
  const made = await put('new', { resourceVersion: '7' })
  assert.equal(made.status, 201, made.text)
})
