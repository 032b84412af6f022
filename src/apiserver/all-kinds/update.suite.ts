/** Changing: PUT, and the three patches that are merged into what is there. */
import assert from 'node:assert/strict'
import type { AnyKind } from '#api/machinery/kind.ts'
import { type Check, detailsOf, failure, type Shown, type Subject } from './testing/subject.ts'

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'
/** A conflict is told of the kind that was asked for, also where it is stored as another. */
function conflictOf({ kind }: Subject, name: string, why: string) {
  const { group, plural } = kind
  return failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${group ? `${plural}.${group}` : plural} "${name}": ${why}`,
    { name, ...(group ? { group } : {}), kind: plural },
  )
}

async function replace(subject: Subject): Promise<void> {
  const before = await subject.read(await subject.make())
  const { name, resourceVersion, generation } = before.metadata
  const next = subject.changed(before)
  const tried = await subject.must(200, 'PUT', `/${name}?dryRun=All`, next)
  assert.deepEqual(await subject.read(before), before)
  const after = await subject.must(200, 'PUT', `/${name}`, next)
  assert.deepEqual(inGeneral(tried), inGeneral(after))
  assert.ok(Number(after.metadata.resourceVersion) > Number(resourceVersion))
  assert.deepEqual(subject.changed(after), after, 'the change is there')
  assert.equal(after.metadata.uid, before.metadata.uid)
  const counts = subject.kind.hasGeneration && subject.changesContent
  assert.equal(after.metadata.generation, counts ? (generation ?? 0) + 1 : generation)
  const stale = await subject.must(409, 'PUT', `/${name}`, next)
  assert.deepEqual(stale, conflictOf(subject, name, MODIFIED))
}

const inGeneral = ({ metadata, ...rest }: Shown) => ({
  ...rest,
  metadata: { ...metadata, resourceVersion: '' },
})

async function metadataOnly(subject: Subject): Promise<void> {
  const before = await subject.read(await subject.make())
  const patch = { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } }
  const after = await subject.mustPatch('merge', `/${before.metadata.name}`, patch)
  assert.equal(after.metadata.generation, countsLabels(subject.kind, before))
  assert.notEqual(after.metadata.resourceVersion, before.metadata.resourceVersion)
}

/** Of deployments annotations are content, of endpoint slices labels. */
function countsLabels({ plural }: AnyKind, { metadata }: Shown): number | undefined {
  const counts = plural === 'endpointslices' || plural === 'deployments'
  return counts ? metadata.generation + 1 : metadata.generation
}

async function nothing(subject: Subject): Promise<void> {
  const before = await subject.read(await subject.make())
  const { name, resourceVersion } = before.metadata
  const watch = await subject.watch(`resourceVersion=${resourceVersion}`)
  assert.deepEqual(await subject.must(200, 'PUT', `/${name}`, before), before)
  assert.deepEqual(await subject.mustPatch('merge', `/${name}`, {}), before)
  assert.deepEqual(await subject.mustPatch('strategic', `/${name}`, {}), before)
  assert.deepEqual(await subject.mustPatch('json', `/${name}`, []), before)
  const after = await subject.mustPatch('merge', `/${name}`, { metadata: { labels: { a: 'b' } } })
  const [event] = await watch.take(1)
  assert.equal(event?.object.metadata.resourceVersion, after.metadata.resourceVersion)
  watch.cancel()
}

async function immutableMetadata(subject: Subject): Promise<void> {
  const before = await subject.read(await subject.make())
  const { name, uid } = before.metadata
  const put = (code: number, metadata: object) =>
    subject.must(code, 'PUT', `/${name}`, {
      ...before,
      metadata: { ...before.metadata, ...metadata },
    })
  const why = `Precondition failed: UID in precondition: other, UID in object meta: ${uid}`
  const refused = await put(409, { uid: 'other' })
  const key = /Key: (\/registry\/\S+), /.exec(refused.message)?.[1] ?? ''
  assert.ok(key.endsWith(`/${name}`), refused.message)
  const told = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`
  assert.deepEqual(refused, conflictOf(subject, name, told))
  // Another object is told before another revision.
  assert.deepEqual(await put(409, { uid: 'other', resourceVersion: 'x' }), refused)
  const kept = await put(200, {
    creationTimestamp: '2001-01-01T00:00:00Z',
    generation: 99,
    selfLink: '/mine',
  })
  assert.deepEqual(kept, before)
  const ends = { deletionTimestamp: '2001-01-01T00:00:00Z', deletionGracePeriodSeconds: 7 }
  const { details } = await put(422, ends)
  assert.deepEqual(
    details.causes.map(({ field }: Shown) => field),
    ['metadata.deletionTimestamp', 'metadata.deletionGracePeriodSeconds'],
  )
}

async function names(subject: Subject): Promise<void> {
  const before = await subject.read(await subject.make())
  const { name } = before.metadata
  const other = { ...before, metadata: { ...before.metadata, name: 'other' } }
  assert.deepEqual(
    await subject.must(400, 'PUT', `/${name}`, other),
    failure(
      400,
      'BadRequest',
      `the name of the object (other) does not match the name on the URL (${name})`,
    ),
  )
  const { name: _, ...nameless } = before.metadata
  assert.deepEqual(
    await subject.must(400, 'PUT', `/${name}`, { ...before, metadata: nameless }),
    failure(
      400,
      'BadRequest',
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    ),
  )
  for (const type of ['merge', 'strategic'] as const)
    assert.equal(
      (await subject.patch(type, `/${name}`, { metadata: { name: 'other' } })).status,
      400,
    )
  const moved = { ...before, metadata: { ...before.metadata, namespace: 'elsewhere' } }
  if (!subject.isNamespaced) {
    assert.deepEqual(await subject.must(200, 'PUT', `/${name}`, moved), before)
    return
  }
  const { message } = await subject.must(400, 'PUT', `/${name}`, moved)
  assert.equal(
    message,
    'the namespace of the provided object does not match the namespace sent on the request',
  )
}

async function blindly(subject: Subject): Promise<void> {
  const before = await subject.read(await subject.make())
  const { resourceVersion: _, ...metadata } = before.metadata
  const next = subject.changed({ ...before, metadata })
  const { status, body } = await subject.ask('PUT', `/${metadata.name}`, next)
  if (status === 200) assert.deepEqual(subject.changed(body), body)
  else {
    assert.equal(status, 422)
    assert.deepEqual(body.details.causes, [
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0: must be specified for an update',
        field: 'metadata.resourceVersion',
      },
    ])
  }
  assert.equal(status, UNCONDITIONAL(subject.kind) ? 200 : 422)
}

/** Where nobody may write over what they have not read. */
const CONDITIONAL = new Set([
  'certificates.k8s.io clustertrustbundles',
  'certificates.k8s.io podcertificaterequests',
  'coordination.k8s.io leases',
  'coordination.k8s.io leasecandidates',
  'policy poddisruptionbudgets',
  'node.k8s.io runtimeclasses',
  'storage.k8s.io csidrivers',
  'storage.k8s.io csinodes',
  'resource.k8s.io resourcepoolstatusrequests',
  'storage.k8s.io csistoragecapacities',
  'storage.k8s.io volumeattachments',
  'apiextensions.k8s.io customresourcedefinitions',
  'internal.apiserver.k8s.io storageversions',
  'storagemigration.k8s.io storageversionmigrations',
])
const REGISTRATION = /^(admission|api)registration\.k8s\.io$/
const UNCONDITIONAL = ({ group, plural }: AnyKind) =>
  !REGISTRATION.test(group) && !CONDITIONAL.has(`${group} ${plural}`)

async function missing(subject: Subject): Promise<void> {
  const name = subject.newName()
  const body = subject.body(name)
  const { status } = await subject.ask('PUT', `/${name}`, body)
  assert.equal(status, CREATES(subject.kind) ? 201 : 404)
  const other = subject.newName()
  const patched = await subject.patch('merge', `/${other}`, { metadata: { labels: { a: 'b' } } })
  const message = `${subject.resource} "${other}" not found`
  assert.deepEqual(patched.body, failure(404, 'NotFound', message, detailsOf(subject, other)))
}

/** PUT makes what is not there. */
const CREATING = /^( endpoints| events|events.k8s.io events|coordination.k8s.io .*|rbac.* .*)$/
const CREATES = ({ group, plural }: AnyKind) => CREATING.test(`${group} ${plural}`)

async function patches(subject: Subject): Promise<void> {
  const before = await subject.read(await subject.make({ labels: { keep: '1', drop: '2' } }))
  const at = `/${before.metadata.name}`
  const labels = async (type: 'json' | 'merge' | 'strategic', patch: unknown) =>
    (await subject.mustPatch(type, at, patch)).metadata.labels
  const { drop: _, ...rest } = before.metadata.labels
  const without = { metadata: { labels: { drop: null, merged: '3' } } }
  assert.deepEqual(await labels('merge', without), { ...rest, merged: '3' })
  const strategic = { metadata: { labels: { merged: null, strategic: '4' } } }
  assert.deepEqual(await labels('strategic', strategic), { ...rest, strategic: '4' })
  const operations = [
    { op: 'test', path: '/metadata/labels/keep', value: '1' },
    { op: 'remove', path: '/metadata/labels/strategic' },
    { op: 'add', path: '/metadata/labels/json', value: '5' },
  ]
  assert.deepEqual(await labels('json', operations), { ...rest, json: '5' })
  const wrong = await subject.patch('json', at, [
    { op: 'test', path: '/metadata/labels/keep', value: 'no' },
  ])
  assert.equal(wrong.status, 422)
  assert.equal(wrong.body.reason, 'Invalid')
  const stale = {
    metadata: { resourceVersion: before.metadata.resourceVersion, labels: { a: 'b' } },
  }
  const refused = await subject.patch('merge', at, stale)
  assert.deepEqual(refused.body, conflictOf(subject, before.metadata.name, MODIFIED))
}

async function patchChange(subject: Subject): Promise<void> {
  for (const type of ['merge', 'strategic'] as const) {
    const before = await subject.read(await subject.make())
    const after = await subject.mustPatch(type, `/${before.metadata.name}`, subject.fixture.change)
    assert.deepEqual(subject.changed(after), after, type)
  }
  const { name } = (await subject.make()).metadata
  const { body, status } = await subject.ask(
    'PATCH',
    `/${name}`,
    {},
    {
      headers: { 'content-type': 'text/plain' },
    },
  )
  assert.equal(status, 415)
  assert.equal(body.message, '415: Unsupported Media Type')
}

export const updateChecks: readonly Check[] = [
  { title: 'an object is replaced by who has read it', run: replace },
  { title: 'labels and annotations are no new generation', run: metadataOnly },
  { title: 'what changes nothing is no revision and no event', run: nothing },
  { title: 'the server’s metadata stays', run: immutableMetadata },
  { title: 'names and namespaces in the body are those of the path', run: names },
  { title: 'who has not read it may write over it only where that is allowed', run: blindly },
  { title: 'what is not there is made by PUT only where that is allowed', run: missing },
  { title: 'three patches change labels', run: patches },
  { title: 'patches change what may be changed', run: patchChange },
]
