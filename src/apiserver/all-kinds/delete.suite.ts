/** Deleting: one and many, with conditions, as a try, and held by finalizers. */
import assert from 'node:assert/strict'
import type { AnyKind } from '#api/machinery/kind.ts'
import { type Check, detailsOf, failure, type Shown, type Subject } from './testing/subject.ts'

const BACKGROUND = { propagationPolicy: 'Background' }
const HOLD = 'example.com/hold'

/** Those that something other than the client holds when they are deleted. */
const isHeld = ({ plural }: AnyKind) =>
  [
    'namespaces',
    'persistentvolumes',
    'persistentvolumeclaims',
    'customresourcedefinitions',
    'volumeattributesclasses',
  ].includes(plural)
const isFree = (kind: AnyKind) => !isHeld(kind)

async function gone(subject: Subject): Promise<void> {
  const object = await subject.read(await subject.make())
  const { name, uid } = object.metadata
  const tried = await subject.must(200, 'DELETE', `/${name}`, { ...BACKGROUND, dryRun: ['All'] })
  await subject.must(200, 'DELETE', `/${name}?dryRun=All&propagationPolicy=Background`)
  assert.deepEqual(await subject.read(object), object)
  const answer = await subject.must(200, 'DELETE', `/${name}`, BACKGROUND)
  await subject.must(404, 'GET', `/${name}`)
  if (subject.kind.returnsDeleted) {
    assert.equal(answer.kind, subject.kind.kind)
    assert.equal(answer.metadata.uid, uid)
  } else {
    const details = { ...detailsOf(subject, name), uid }
    const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
    assert.deepEqual(answer, success)
    assert.deepEqual(tried, success)
  }
  const message = `${subject.resource} "${name}" not found`
  const missing = await subject.must(404, 'DELETE', `/${name}`)
  assert.deepEqual(missing, failure(404, 'NotFound', message, detailsOf(subject, name)))
}

async function conditions(subject: Subject): Promise<void> {
  const object = await subject.read(await subject.make())
  const { name, uid, resourceVersion } = object.metadata
  // The kind that is stored stands in the place of the resource.
  const { group, kind } = subject.stored
  const refusal = (why: string) =>
    failure(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${group ? `${kind}.${group}` : kind} "${name}": ${why}`,
      { name, ...(group ? { group } : {}), kind },
    )
  const remove = (code: number, preconditions: object) =>
    subject.must(code, 'DELETE', `/${name}`, { ...BACKGROUND, preconditions })
  assert.deepEqual(
    await remove(409, { uid: 'other' }),
    refusal(
      `the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    ),
  )
  assert.deepEqual(
    await remove(409, { uid, resourceVersion: '1' }),
    refusal(
      `the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    ),
  )
  assert.deepEqual(await subject.read(object), object)
  await remove(200, { uid, resourceVersion })
  await subject.release(name)
}

async function finalizers(subject: Subject): Promise<void> {
  const made = await subject.make({ finalizers: [HOLD] })
  const { name, generation } = made.metadata
  const watch = await subject.watch(`fieldSelector=metadata.name%3D${name}`)
  const marked = await subject.must(200, 'DELETE', `/${name}`, BACKGROUND)
  assert.equal(marked.kind, subject.kind.kind)
  assert.equal(marked.metadata.deletionTimestamp, '2026-05-01T12:00:00Z')
  const isByOthers = ENDED_BY_OTHERS.has(subject.kind.kind)
  assert.equal(marked.metadata.deletionGracePeriodSeconds, isByOthers ? undefined : 0)
  assert.equal(marked.metadata.generation, generation && generation + (isByOthers ? 0 : 1))
  const again = await subject.must(200, 'DELETE', `/${name}`, BACKGROUND)
  assert.equal(again.metadata.uid, marked.metadata.uid)
  assert.equal(again.metadata.deletionTimestamp, marked.metadata.deletionTimestamp)
  const others = { metadata: { finalizers: [HOLD, 'example.com/more'] } }
  const refused = await subject.patch('merge', `/${name}`, others)
  assert.equal(refused.status, 422)
  assert.match(
    refused.body.message,
    /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example.com\/more"\}$/,
  )
  await subject.release(name)
  const last = async (): Promise<string> => {
    const [event] = await watch.take(1)
    return event?.type === 'DELETED' ? event.object.metadata.uid : last()
  }
  assert.equal(await last(), made.metadata.uid)
  watch.cancel()
}

/** What they hold goes first, for however long that takes. */
const ENDED_BY_OTHERS = new Set(['Namespace', 'CustomResourceDefinition'])

async function policies(subject: Subject): Promise<void> {
  for (const [propagationPolicy, finalizer] of [
    ['Orphan', 'orphan'],
    ['Foreground', 'foregroundDeletion'],
  ] as const) {
    const { name } = (await subject.make()).metadata
    const marked = await subject.must(200, 'DELETE', `/${name}`, { propagationPolicy })
    // What becomes of its objects is decided for a definition.
    const isDefinition = subject.kind.kind === 'CustomResourceDefinition'
    assert.equal(marked.metadata.finalizers.includes(finalizer), !isDefinition)
    // The policy may still be changed as long as nobody has acted on it.
    await subject.ask('DELETE', `/${name}`, BACKGROUND)
    await subject.release(name)
  }
  const { name } = (await subject.make()).metadata
  const { message } = await subject.must(422, 'DELETE', `/${name}`, { propagationPolicy: 'Some' })
  assert.equal(
    message,
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Some": ' +
      'supported values: "Foreground", "Background", "Orphan", "nil"',
  )
  const both = { propagationPolicy: 'Orphan', orphanDependents: true }
  assert.equal((await subject.must(422, 'DELETE', `/${name}`, both)).reason, 'Invalid')
}

async function collection(subject: Subject): Promise<void> {
  const make = async (suite: string): Promise<Shown> => subject.make({ labels: { suite } })
  const made = [await make('bin'), await make('bin')].map(({ metadata }) => metadata.name).sort()
  const kept = await make('keep')
  const selector = 'labelSelector=suite%3Dbin&propagationPolicy=Background'
  await subject.must(200, 'DELETE', `?${selector}&dryRun=All`)
  const left = await subject.must(200, 'GET', '?labelSelector=suite%3Dbin')
  assert.equal(left.items.length, 2)
  const byField = await subject.must(
    200,
    'DELETE',
    `?${selector}&fieldSelector=metadata.name%3D${made[0]}`,
  )
  assert.equal(byField.kind, subject.kind.listKind)
  assert.deepEqual(
    byField.items.map((each: Shown) => each.metadata.name),
    [made[0]],
  )
  await subject.must(200, 'DELETE', `?${selector}`)
  for (const name of made) await subject.release(name)
  assert.equal((await subject.read(kept)).metadata.uid, kept.metadata.uid)
  await subject.must(400, 'DELETE', '?fieldSelector=spec.unknown%3D1')
}

const deletesMany = ({ verbs }: AnyKind) => verbs.includes('deletecollection')

async function noCollection(subject: Subject): Promise<void> {
  await subject.must(405, 'DELETE', '')
}

export const deleteChecks: readonly Check[] = [
  { title: 'a deleted object is gone, and is answered for', of: isFree, run: gone },
  { title: 'a deletion is refused where its conditions do not hold', run: conditions },
  { title: 'finalizers hold what is deleted', run: finalizers },
  { title: 'what is owned is orphaned or goes first, as asked', run: policies },
  { title: 'a selection is deleted', of: deletesMany, run: collection },
  { title: 'all at once cannot be deleted', of: kind => !deletesMany(kind), run: noCollection },
]
