import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { Commit } from '../history.ts'
import type { Revision, StoreEvent } from '../store.ts'
import { Dice } from '../testing/disk/dice.ts'
import { BatchRows, joined, Packing } from './batch-rows.ts'
import { Damage } from './damage.ts'
import { FileEntry } from './file-entry.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { PackWriter } from './pack-writer.ts'
import { PACK_CHANGES, type PlacedPack } from './placed-pack.ts'
import { remover } from './removal.ts'
import { eachRow } from './rows.ts'
import { migrate } from './schema.ts'

const encoder = new TextEncoder()
const nowhere = { read: () => assert.fail('no value is read') }

/** A put of text, or a delete, at a revision. */
function event(revision: Revision, key: string, text: string | null): StoreEvent {
  const entry = (value: string) =>
    new FileEntry(
      nowhere,
      { key, createRevision: 1, modRevision: revision },
      value.length,
      encoder.encode(value),
    )
  if (text === null) return { type: 'delete', revision, key, previous: entry('') }
  return { type: 'put', revision, entry: entry(text), previous: undefined }
}

const commit = (revision: Revision, events: readonly StoreEvent[]): Commit => ({
  revision,
  timeMs: 1000 + revision,
  events,
})
const puts = (count: number, text: (i: number) => string = i => `v${i}`) =>
  Array.from({ length: count }, (_, i) => commit(i + 1, [event(i + 1, `/k${i}`, text(i))]))

/** The tables of a file, written and removed as the writer does it. */
function tables() {
  const database = new DatabaseSync(':memory:')
  migrate(database, ':memory:')
  const writer = new PackWriter(database)
  const remove = remover(database)
  const packing = new Packing()
  const head = { type: 'write', epoch: 0, revision: 1, compacted: 1, isLast: false } as const
  return {
    database,
    /** Packs that began. Batches that are followed share them. */
    write(commits: readonly Commit[], isFollowed = false): readonly PlacedPack[] {
      const rows = new BatchRows(packing)
      for (const each of commits) rows.addCommit(each)
      writer.add(joined({ ...head, isFollowed, ...rows.finish() }).message)
      if (!isFollowed) {
        writer.finish()
        packing.close()
      }
      return rows.packs
    },
    remove(packs: readonly PlacedPack[], rows: { modRevision: Revision; key: string }[] = []) {
      const batch = new BatchRows(packing)
      batch.remove({ packs, rows, compacted: 1 })
      remove(joined({ ...head, isFollowed: false, ...batch.finish() }).message)
    },
    /** All that can be read, each with `*` where it is in a pack. */
    left() {
      const found: string[] = []
      eachRow(database, ({ revision, key, value, packed }) => {
        const text = value === null ? 'gone' : new TextDecoder().decode(value)
        found.push(`${revision}${key}=${text}${packed ? '*' : ''}`)
      })
      return found
    },
    log: () =>
      database
        .prepare(
          'SELECT id / 1024 AS revision, key, CAST(value AS TEXT) AS text FROM log ORDER BY id',
        )
        .all()
        .map(({ revision, key, text }) => `${revision}${key}=${text ?? 'gone'}`),
  }
}

test('changes of batches that are followed share a pack, others begin one', () => {
  const table = tables()
  const commits = puts(6)
  const packs = [
    ...table.write(commits.slice(0, 2), true),
    ...table.write(commits.slice(2, 3), true),
    ...table.write(commits.slice(3, 4)),
    ...table.write(commits.slice(4)),
  ]
  assert.deepEqual(
    packs.map(({ id, lastId, changes }) => [id, lastId, changes]),
    [
      [IDS_PER_REVISION, 4 * IDS_PER_REVISION, 4],
      [5 * IDS_PER_REVISION, 6 * IDS_PER_REVISION, 2],
    ],
  )
  assert.deepEqual(
    table.database.prepare('SELECT id, last FROM packs').all().map(Object.values),
    packs.map(({ id, lastId }) => [id, lastId]),
  )
  const expected = ['1/k0=v0', '2/k1=v1', '3/k2=v2', '4/k3=v3', '5/k4=v4', '6/k5=v5']
  assert.deepEqual(
    table.left(),
    expected.map(row => `${row}*`),
  )
  assert.deepEqual(table.log(), expected)
})

test('a pack has room for so many changes and so many bytes, or for one that is larger', () => {
  const table = tables()
  assert.deepEqual(
    table.write(puts(80)).map(({ changes }) => changes),
    [32, 32, 16],
  )
  const large = tables()
  const sizes = [10, 30_000, 10, 13_000, 13_000, 10, 100_000]
  const packs = large.write(puts(sizes.length, i => 'x'.repeat(sizes[i] as number)))
  assert.deepEqual(
    packs.map(({ changes }) => changes),
    [1, 1, 2, 2, 1],
  )
  assert.deepEqual(
    large.left().map(row => row.length),
    sizes.map(size => size + 6),
  )
})

test('deletes, empty values, keys of any kind and commits of many changes come back as they were', () => {
  const table = tables()
  const keys = ['/é', '/\u{1f600}', '/"quoted"', '/\n', '/\u2028', '/plain']
  table.write([
    commit(
      1,
      keys.map(key => event(1, key, key)),
    ),
    commit(2, [event(2, '/é', null), event(2, '/plain', '')]),
  ])
  const expected = [...keys.map(key => `1${key}=${key}`), '2/é=gone', '2/plain=']
  assert.deepEqual(
    table.left(),
    expected.map(row => `${row}*`),
  )
  assert.deepEqual(table.log(), expected)
})

test('what is still needed of a pack that goes has rows of its own', () => {
  const table = tables()
  const [pack, other] = [table.write(puts(5)), table.write([commit(6, [event(6, '/k1', null)])])]
  for (const place of [0, 1, 3]) pack[0]?.forget(place)
  table.remove(pack)
  assert.deepEqual(table.left(), ['3/k2=v2', '5/k4=v4', '6/k1=gone*'])
  table.remove(other, [{ modRevision: 3, key: '/k2' }])
  assert.deepEqual(table.left(), ['5/k4=v4'])
  table.remove([], [{ modRevision: 5, key: '/other' }])
  assert.deepEqual(table.left(), ['5/k4=v4'], 'a key that changed in the same commit stays')
})

test('packs side by side go together, but none that was not named', () => {
  const table = tables()
  const packs = puts(10).flatMap(each => table.write([each]))
  for (const pack of packs) pack.forget(0)
  table.remove(packs.slice(0, 4))
  assert.equal(table.left().length, 6)
  const [, second, , ...others] = packs.slice(4)
  table.remove([packs[4] as PlacedPack, ...others])
  assert.deepEqual(table.left(), ['6/k5=v5*', '7/k6=v6*'])
  table.remove([second as PlacedPack])
  assert.deepEqual(table.left(), ['7/k6=v6*'])
})

test('a value that the disk changed is not made whole when it gets a row of its own', () => {
  const table = tables()
  const packs = table.write(puts(3))
  table.database.exec(
    "UPDATE packs SET bytes = CAST(replace(CAST(bytes AS TEXT), 'v1', 'w1') AS BLOB)",
  )
  assert.throws(() => table.left(), /the checksum of \/k1 at revision 2 is wrong/)
  table.remove(packs)
  assert.throws(() => table.left(), /the checksum of \/k1 at revision 2 is wrong/)
  table.remove([], [{ modRevision: 2, key: '/k1' }])
  assert.deepEqual(table.left(), ['1/k0=v0', '3/k2=v2'])
})

test('a damaged pack stays, and all that should leave after it', () => {
  const table = tables()
  const packs = puts(6).flatMap(each => table.write([each]))
  for (const pack of packs.filter((_, i) => i !== 2)) pack.forget(0)
  table.database.exec("UPDATE packs SET heads = replace(heads, '/k2', '/k9')")
  table.remove(packs.slice(0, 4))
  table.remove(packs.slice(4), [{ modRevision: 9, key: '/other' }])
  const stay = table.database.prepare('SELECT id FROM packs').all()
  assert.deepEqual(
    stay.map(({ id }) => id),
    packs.slice(2).map(({ id }) => id),
  )
  assert.throws(() => table.left(), Damage)
})

test('random packs of which random changes are needed: these stay, and nothing else', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const dice = new Dice(seed)
    const table = tables()
    const packs: PlacedPack[] = []
    const places = new Map<string, { pack: PlacedPack; place: number }>()
    for (let revision = 1; revision <= 150; revision++) {
      const events = Array.from({ length: 1 + dice.below(3) }, (_, i) =>
        event(revision, `/${i}`, dice.below(6) === 0 ? null : 'v'.repeat(dice.below(3000))),
      )
      packs.push(...table.write([commit(revision, events)], dice.below(5) > 0))
      for (const { type, ...put } of events) {
        const entry = type === 'put' && 'entry' in put ? put.entry : undefined
        if (!(entry instanceof FileEntry) || !entry.pack) continue
        places.set(`${revision}${entry.key}`, { pack: entry.pack, place: entry.place })
      }
    }
    table.write([])
    assert.ok(packs.every(({ changes }) => changes <= PACK_CHANGES))
    const needed = new Set([...places.keys()].filter(() => dice.below(3) === 0))
    for (const [name, { pack, place }] of places) if (!needed.has(name)) pack.forget(place)
    const going = packs.slice(0, packs.length - 3)
    for (let at = 0; at < going.length; ) {
      const count = 1 + dice.below(20)
      table.remove(going.slice(at, at + count))
      at += count
    }
    const nameOf = (row: string) => row.slice(0, row.indexOf('='))
    const kept = table
      .left()
      .filter(row => !row.endsWith('*'))
      .map(nameOf)
    const expected = [...needed].filter(name =>
      going.includes(places.get(name)?.pack as PlacedPack),
    )
    assert.deepEqual(kept.sort(), expected.sort(), `seed ${seed}`)
  }
})
