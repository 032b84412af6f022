import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Commit } from '../history.ts'
import type { Entry, Revision } from '../store.ts'
import { FileEntry } from './file-entry.ts'
import { ForgottenHistory } from './forgotten-history.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { PlacedPack } from './placed-pack.ts'

const nowhere = { read: () => new Uint8Array() }
const entryAt = (modRevision: Revision, key = '/a') =>
  new FileEntry(nowhere, { key, createRevision: 1, modRevision }, 1, new Uint8Array(1))

/** Puts that replace rows of `kept`, or nothing. */
function commits(count: number, from: Revision, replace = true): Commit[] {
  return Array.from({ length: count }, (_, i) => {
    const revision = from + i
    const previous = replace ? entryAt(1 + i) : undefined
    const event = { type: 'put', revision, entry: entryAt(revision), previous } as const
    return { revision, timeMs: 0, events: [event] }
  })
}

/** Entries of a pack for each, which are what the commits put. */
function packed(of: readonly Commit[]): PlacedPack[] {
  return of.map(({ revision, events }) => {
    const pack = new PlacedPack(revision * IDS_PER_REVISION)
    for (const [place, event] of events.entries()) {
      const put = event.type === 'put' ? event.entry : undefined
      pack.add(revision * IDS_PER_REVISION + place, 2, put && 1)
      if (put instanceof FileEntry) put.putInto(pack, place)
    }
    return pack
  })
}

const revisionsOf = (rows: readonly Pick<Entry, 'modRevision'>[]) => rows.map(r => r.modRevision)

test('more is removed than comes, however much that is', () => {
  const history = new ForgottenHistory([], 0, 0)
  history.add(commits(5000, 10_000), 15_000)
  assert.equal(history.take(1).rows.length, 64)
  history.noteSent(200, false)
  assert.equal(history.take(200).rows.length, 1000)
  history.noteSent(200, true)
  assert.equal(history.take(100).rows.length, 250)
  history.noteSent(0, true)
  assert.equal(history.take(0).rows.length, 512, 'where nobody waits')
})

test('a few rows wait until there are more, or until somebody wants them gone', () => {
  const history = new ForgottenHistory([], 0, 0)
  history.add(commits(63, 100), 200)
  assert.equal(history.isDue, false)
  history.hurry()
  assert.equal(history.isDue, true)
  const removal = history.take(0)
  assert.deepEqual([removal.rows.length, removal.compacted], [63, 200])
  history.removed(removal)
  assert.equal(history.isDue, false)
  history.add(commits(1, 300), 301)
  assert.equal(history.isDue, false, 'what comes later is not as urgent')
  history.add(commits(63, 302), 400)
  assert.equal(history.isDue, true)
})

test('that history became shorter is written even if nothing goes for it, when somebody wants it', () => {
  const history = new ForgottenHistory([], 0, 0)
  history.add(commits(5, 1, false), 5)
  assert.equal(history.isDue, false)
  history.hurry()
  assert.equal(history.isDue, true)
  const removal = history.take(0)
  assert.deepEqual(removal, { compacted: 5, rows: [], packs: [] })
  history.removed(removal)
  history.hurry()
  assert.equal(history.isDue, false)
})

test('the file tells of a commit until all is gone that it replaced', () => {
  const history = new ForgottenHistory([], 0, 0)
  const [one, two] = [entryAt(1, '/a'), entryAt(2, '/b')]
  const put = (previous: FileEntry) =>
    ({ type: 'put', revision: 100, entry: entryAt(100, previous.key), previous }) as const
  const both: Commit = { revision: 100, timeMs: 0, events: [put(one), put(two)] }
  history.add([...commits(63, 10), both, ...commits(10, 101)], 110)
  const removal = history.take(1)
  assert.deepEqual([removal.rows.length, removal.compacted], [65, 100], 'a commit as a whole')
  history.removed(removal)
  assert.deepEqual(history.take(1).compacted, 110)
})

test('packs wait for the rows that their changes replaced', () => {
  const written = commits(70, 100)
  const packs = packed(written)
  const again = written.map(({ events: [event] }, i): Commit => {
    const revision = 200 + i
    const previous = event?.type === 'put' ? event.entry : undefined
    const put = { type: 'put', revision, entry: entryAt(revision), previous } as const
    return { revision, timeMs: 0, events: [put] }
  })
  const history = new ForgottenHistory(packs, 99, 169)
  history.add([...written, ...again], 269)
  assert.ok(packs.every(({ needed }) => needed === 0))
  const first = history.take(1)
  assert.deepEqual([first.rows.length, first.packs.length, first.compacted], [64, 0, 163])
  history.removed(first)
  const second = history.take(0)
  assert.deepEqual([second.rows.length, second.packs.length, second.compacted], [6, 70, 269])
})

test('what dies while its pack is on its way out has a row of its own by then, unless it stays', () => {
  const written = commits(1, 100, false)
  const [pack] = packed(written)
  assert.ok(pack)
  const history = new ForgottenHistory([pack], 100, 100)
  for (let i = 0; i < 6; i++) history.hurry()
  const removal = history.take(0)
  assert.deepEqual([removal.packs, pack.needed, pack.leaves], [[pack], 1, 'soon'])
  const [event] = written[0]?.events ?? []
  const previous = event?.type === 'put' ? event.entry : undefined
  const put = { type: 'put', revision: 101, entry: entryAt(101), previous } as const
  history.add([{ revision: 101, timeMs: 0, events: [put] }], 101)
  history.removed(removal)
  assert.equal(pack.leaves, 'gone')
  assert.deepEqual(revisionsOf(history.take(0).rows), [100])
})

test('what could not leave is tried again', () => {
  const [pack] = packed(commits(1, 100, false))
  assert.ok(pack)
  const history = new ForgottenHistory([pack], 100, 100)
  for (let i = 0; i < 6; i++) history.hurry()
  history.stays(history.take(0))
  assert.equal(pack.leaves, 'not')
  assert.deepEqual([history.isDue, history.take(0).packs], [true, [pack]])
})

test('a delete has a row of its own only in the file of an older proa', () => {
  const remove = (revision: Revision): Commit => {
    const event = { type: 'delete', revision, key: '/a', previous: entryAt(revision - 1) } as const
    return { revision, timeMs: 0, events: [event] }
  }
  const history = new ForgottenHistory(packed(commits(1, 50)), 10, 50)
  history.add([remove(20), remove(60)], 60)
  assert.deepEqual(revisionsOf(history.take(0).rows), [19, 20, 59])
})
