/** Creating: once, with and without a name, and as a try. */
import assert from 'node:assert/strict'
import type { Fixture } from './testing/fixture.ts'
import { type Check, detailsOf, failure, type Shown, type Subject } from './testing/subject.ts'

/** What differs from one create to the next, and nothing else. */
function timeless(object: Shown): Shown {
  const { uid } = object.metadata
  const { resourceVersion: _, ...metadata } = object.metadata
  return JSON.parse(JSON.stringify({ ...object, metadata }).replaceAll(uid, 'uid'))
}

async function dryRun(subject: Subject): Promise<void> {
  const body = subject.body(subject.newName())
  const { name } = body.metadata
  const tried = await subject.must(201, 'POST', '?dryRun=All', body)
  assert.equal(tried.metadata.resourceVersion, undefined)
  const missing = await subject.must(404, 'GET', `/${name}`)
  const message = `${subject.resource} "${name}" not found`
  assert.deepEqual(missing, failure(404, 'NotFound', message, detailsOf(subject, name)))
  const made = await subject.must(201, 'POST', '', body)
  assert.deepEqual(timeless(tried), timeless(made))
}

async function twice(subject: Subject): Promise<void> {
  const { name } = (await subject.make()).metadata
  const message = `${subject.resource} "${name}" already exists`
  const status = failure(409, 'AlreadyExists', message, detailsOf(subject, name))
  assert.deepEqual(await subject.must(409, 'POST', '', subject.body(name)), status)
  assert.deepEqual(await subject.must(409, 'POST', '?dryRun=All', subject.body(name)), status)
}

const isNamedByContent = ({ isNamedByContent, nameOf }: Fixture) => isNamedByContent || nameOf

async function generatedName(subject: Subject): Promise<void> {
  const body = subject.body(subject.newName())
  delete body.metadata.name
  body.metadata.generateName = 'made-'
  if (isNamedByContent(subject.fixture)) {
    await subject.must(422, 'POST', '', body)
    return
  }
  const names = new Set<string>()
  for (let i = 0; i < 3; i++) {
    const { metadata } = await subject.must(201, 'POST', '', body)
    assert.match(metadata.name, /^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    assert.equal(metadata.generateName, 'made-')
    names.add(metadata.name)
  }
  assert.equal(names.size, 3)
  delete body.metadata.generateName
  const { details } = await subject.must(422, 'POST', '', body)
  const causes: { field: string; message: string }[] = details.causes
  const cause = causes.find(({ field }) => field === 'metadata.name')
  assert.equal(cause?.message, 'Required value: name or generateName is required')
}

async function systemMetadata(subject: Subject): Promise<void> {
  const name = subject.newName()
  const made = await subject.must(
    201,
    'POST',
    '',
    subject.body(name, {
      uid: 'mine',
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 7,
      generation: 7,
      selfLink: '/mine',
    }),
  )
  const { metadata } = made
  assert.match(metadata.uid, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/)
  assert.match(metadata.resourceVersion, /^[1-9]\d*$/)
  assert.equal(metadata.creationTimestamp, '2026-05-01T12:00:00Z')
  // Classes of priority say it and never count; where nobody counts, what the client says stays.
  const { hasGeneration, plural } = subject.kind
  const isSet = plural === 'priorityclasses' || hasGeneration === true
  assert.equal(metadata.generation, isSet ? 1 : 7)
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'])
    assert.equal(field in metadata, false, field)
  assert.equal(metadata.namespace, subject.isNamespaced ? 'default' : undefined)
  const versioned = subject.body(subject.newName(), { resourceVersion: '1' })
  const message = 'resourceVersion should not be set on objects to be created'
  const { reason: _, ...told } = failure(500, '', message) as Shown
  assert.deepEqual(await subject.must(500, 'POST', '', versioned), told)
}

async function managedFields(subject: Subject): Promise<void> {
  const body = subject.body(subject.newName())
  const { metadata } = await subject.must(201, 'POST', '?fieldManager=maker', body)
  const entry = metadata.managedFields?.find((each: Shown) => each.manager === 'maker')
  // Of what every object has there is nothing to own, nor of what nobody may change.
  if (['StorageVersion', 'CertificateSigningRequest'].includes(subject.kind.kind))
    return assert.equal(entry, undefined)
  const { fieldsV1, ...rest } = entry
  assert.deepEqual(rest, {
    manager: 'maker',
    operation: 'Update',
    apiVersion: body.apiVersion,
    time: '2026-05-01T12:00:00Z',
    fieldsType: 'FieldsV1',
  })
  assert.equal('f:status' in fieldsV1, false)
  // These get labels or annotations by default.
  const { kind } = subject.kind
  const isNoted = ['DaemonSet', 'Namespace', 'ReplicationController'].includes(kind)
  assert.equal('f:metadata' in fieldsV1, isNoted, 'a name alone is owned by nobody')
}

export const createChecks: readonly Check[] = [
  { title: 'a dry run of a create answers like the create and stores nothing', run: dryRun },
  { title: 'a name is taken once', run: twice },
  { title: 'names are generated, and are required', run: generatedName },
  { title: 'the server alone says uid, times and generation', run: systemMetadata },
  { title: 'the creator owns what it wrote', run: managedFields },
]
