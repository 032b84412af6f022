/** Watching: each change in each form, and marks of how far the watch is. */
import assert from 'node:assert/strict'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { admin } from '../testing.ts'
import type { Check, Shown, Subject } from './testing/subject.ts'

const as = (kind: string, type = 'json') => ({
  headers: { accept: `application/${type};as=${kind};g=meta.k8s.io;v=v1` },
})
const shownTypes = (events: readonly { type: string }[]) => events.map(({ type }) => type)

/** One object from its birth to its end; gives its last state before each event. */
async function life(subject: Subject, labels: object): Promise<Shown[]> {
  const made = await subject.read(await subject.make({ labels }))
  const after = await subject.mustPatch('merge', `/${made.metadata.name}`, subject.fixture.change)
  await subject.end(after)
  return [made, after]
}

async function changes(subject: Subject): Promise<void> {
  const labels = { suite: 'watched' }
  const { metadata } = await subject.must(200, 'GET', '?limit=1')
  const query = `labelSelector=suite%3Dwatched&resourceVersion=${metadata.resourceVersion}`
  const watch = await subject.watch(query)
  const tables = await subject.watch(query, as('Table'))
  const bare = await subject.watch(query, as('PartialObjectMetadata'))
  const frames = await protobufFrames(subject, query)
  const [made, after] = await life(subject, labels)
  const events: { type: string; object: Shown }[] = []
  while (events.at(-1)?.type !== 'DELETED') events.push(...(await watch.take(1)))
  assert.equal(events[0]?.type, 'ADDED')
  assert.equal(events[0]?.object.metadata.uid, made.metadata.uid)
  assert.ok(
    events.some(({ object }) => same(object, after)),
    'the change is told as it was answered',
  )
  assert.deepEqual(new Set(shownTypes(events.slice(1, -1))), new Set(['MODIFIED']))
  const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion))
  assert.deepEqual(
    revisions,
    [...new Set(revisions)].sort((a, b) => a - b),
  )
  const rows = await tables.take(events.length)
  assert.deepEqual(shownTypes(rows), shownTypes(events))
  assert.equal(rows[0]?.object.kind, 'Table')
  assert.equal(rows[0]?.object.rows[0].object.metadata.uid, made.metadata.uid)
  const metadatas = await bare.take(events.length)
  assert.deepEqual(shownTypes(metadatas), shownTypes(events))
  const { metadata: whole } = events[0]?.object ?? {}
  assert.deepEqual(metadatas[0]?.object.metadata, subject.kind.metadataAlone(whole))
  assert.equal(metadatas[0]?.object.kind, 'PartialObjectMetadata')
  assert.equal(frames.length, events.length)
  for (const frame of frames)
    assert.equal(frame.readUInt32BE(0), frame.length - 4, 'a frame says its length')
  for (const each of [watch, tables, bare]) each.cancel()
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

async function protobufFrames(subject: Subject, query: string): Promise<Buffer[]> {
  const headers = { accept: 'application/vnd.kubernetes.protobuf;stream=watch' }
  const request = { method: 'GET' as const, path: `${subject.at}?watch=1&${query}`, headers }
  const { body, headers: answered } = await subject.server.server.handle(request, { user: admin })
  assert.equal(answered['content-type'], 'application/vnd.kubernetes.protobuf;stream=watch')
  assert.ok(body.kind === 'stream')
  const frames: Buffer[] = []
  body.stream.subscribe({ next: bytes => void frames.push(Buffer.from(bytes)), end() {} })
  return frames
}

async function initialEvents(subject: Subject): Promise<void> {
  const labels = { suite: 'initial' }
  const made = await subject.read(await subject.make({ labels }))
  const selector = 'labelSelector=suite%3Dinitial&allowWatchBookmarks=true'
  const streamed = await subject.watch(
    `${selector}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
  )
  const [first, mark] = await streamed.take(2)
  assert.deepEqual(first, { type: 'ADDED', object: made })
  const { resourceVersion } = mark?.object.metadata ?? {}
  assert.ok(Number(resourceVersion) >= Number(made.metadata.resourceVersion))
  assert.deepEqual(mark, {
    type: 'BOOKMARK',
    object: {
      kind: subject.kind.kind,
      apiVersion: apiVersionOf(subject.kind),
      metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } },
    },
  })
  subject.server.clock.advance(60_000)
  const [bookmark] = await streamed.take(1)
  assert.equal(bookmark?.type, 'BOOKMARK')
  assert.equal(bookmark?.object.metadata.annotations, undefined)
  streamed.cancel()
}

export const watchChecks: readonly Check[] = [
  { title: 'a life is watched in every form', run: changes },
  { title: 'what is there comes first, and its end is marked', run: initialEvents },
]
