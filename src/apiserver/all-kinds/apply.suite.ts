/** Server-side apply: who owns what, and what becomes of what nobody applies any more. */
import assert from 'node:assert/strict'
import { type Check, failure, type Shown, type Subject } from './testing/subject.ts'

const TIME = '2026-05-01T12:00:00Z'

/** The entries without what they own. */
const owners = ({ metadata }: Shown) =>
  metadata.managedFields.map(({ fieldsV1: _, ...entry }: Shown) => entry)

const entryOf = (subject: Subject, manager: string, operation: string) => ({
  manager,
  operation,
  apiVersion: subject.body('x').apiVersion,
  time: TIME,
  fieldsType: 'FieldsV1',
})

async function applied(subject: Subject, manager: string, body: Shown, query = '') {
  const { name } = body.metadata
  return subject.patch('apply', `/${name}?fieldManager=${manager}${query}`, body)
}

async function life(subject: Subject): Promise<void> {
  const name = subject.newName()
  const body = subject.body(name, { labels: { a: '1', b: '2' } })
  const tried = await applied(subject, 'one', body, '&dryRun=All')
  assert.equal(tried.status, 201, tried.body?.message)
  await subject.must(404, 'GET', `/${name}`)
  const first = await applied(subject, 'one', body)
  assert.equal(first.status, 201, first.body?.message)
  const entry = first.body.metadata.managedFields.find((each: Shown) => each.manager === 'one')
  const { fieldsV1, ...owner } = entry
  assert.deepEqual(owner, entryOf(subject, 'one', 'Apply'))
  assert.deepEqual(Object.keys(fieldsV1['f:metadata']['f:labels']).sort(), ['f:a', 'f:b'])
  await subject.settled(first.body)
  const settled = await subject.read(first.body)
  const again = await applied(subject, 'one', body)
  assert.equal(again.status, 200)
  assert.deepEqual(again.body, settled, 'applying the same changes nothing')
  const fewer = subject.body(name, { labels: { a: '1' } })
  const removed = await applied(subject, 'one', fewer)
  assert.equal(removed.status, 200, removed.body?.message)
  assert.equal(removed.body.metadata.labels.b, undefined)
  assert.equal(removed.body.metadata.labels.a, '1')
}

async function conflicts(subject: Subject): Promise<void> {
  const name = subject.newName()
  await applied(subject, 'one', subject.body(name, { labels: { a: '1', b: '1' } }))
  const { apiVersion, kind } = subject.body(name)
  const bare = (labels: object) => ({ apiVersion, kind, metadata: { name, labels } })
  const two = await applied(subject, 'two', bare({ a: '2' }))
  assert.deepEqual(
    two.body,
    failure(
      409,
      'Conflict',
      'Apply failed with 1 conflict: conflict with "one": .metadata.labels.a',
      {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "one"',
            field: '.metadata.labels.a',
          },
        ],
      },
    ),
  )
  const forced = await applied(subject, 'two', bare({ a: '2' }), '&force=true')
  assert.equal(forced.status, 200, forced.body?.message)
  assert.equal(forced.body.metadata.labels.a, '2')
  const managers = owners(forced.body).map(({ manager }: Shown) => manager)
  assert.ok(managers.includes('one') && managers.includes('two'))
  const shared = await applied(subject, 'three', bare({ a: '2' }))
  assert.equal(shared.status, 200, 'the same value is no conflict')
  const left = await applied(subject, 'two', bare({}))
  assert.equal(left.body.metadata.labels.a, '2', 'somebody else owns it still')
  const { labels } = (await applied(subject, 'three', bare({}))).body.metadata
  assert.equal(labels.a, undefined)
  assert.equal(labels.b, '1')
}

async function ordinaryWriters(subject: Subject): Promise<void> {
  const name = subject.newName()
  await applied(subject, 'one', subject.body(name, { labels: { a: '1' } }))
  const patch = { metadata: { labels: { a: '2', c: '3' } } }
  await subject.mustPatch('merge', `/${name}?fieldManager=editor`, patch)
  const object = await subject.read({ metadata: { name } })
  const editor = object.metadata.managedFields.find((each: Shown) => each.manager === 'editor')
  const { fieldsV1, ...owner } = editor
  assert.deepEqual(owner, entryOf(subject, 'editor', 'Update'))
  assert.deepEqual(fieldsV1['f:metadata']['f:labels'], { 'f:a': {}, 'f:c': {} })
  const { status, body } = await applied(subject, 'one', subject.body(name, { labels: { a: '1' } }))
  assert.equal(status, 409)
  assert.equal(body.details.causes[0].message, `conflict with "editor" using ${object.apiVersion}`)
}

async function refusals(subject: Subject): Promise<void> {
  const name = subject.newName()
  const body = subject.body(name)
  const unnamed = await subject.patch('apply', `/${name}`, body)
  assert.equal(unnamed.status, 422)
  assert.deepEqual(unnamed.body.details.causes, [
    {
      reason: 'FieldValueRequired',
      message: 'Required value: is required for apply patch',
      field: 'fieldManager',
    },
  ])
  const managed = subject.body(name, { managedFields: [{ manager: 'x' }] })
  const sent = await applied(subject, 'one', managed)
  assert.equal(sent.status, 400)
  assert.equal(sent.body.message, 'metadata.managedFields must be nil')
  const pinned = await applied(subject, 'one', { ...body, metadata: { name, uid: 'other' } })
  assert.match(
    pinned.body.message,
    /: uid mismatch: the provided object specified uid other, and no existing object was found$/,
  )
  const { metadata } = await subject.make()
  const forced = await subject.patch('merge', `/${metadata.name}?force=true`, {})
  assert.equal(
    forced.body.message,
    'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
  )
}

export const applyChecks: readonly Check[] = [
  { title: 'apply creates, does nothing twice, and takes back what it no longer says', run: life },
  { title: 'a field has one value, whoever applies it, unless forced', run: conflicts },
  { title: 'who writes otherwise owns what it changes', run: ordinaryWriters },
  { title: 'an apply says who applies, and not who owns', run: refusals },
]
