import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Dice } from '../testing/disk/dice.ts'
import { rowForgetter } from './forget-rows.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { type ForgottenRow, joined, PackedRows } from './packed-rows.ts'
import { migrate } from './schema.ts'

interface StoredRow extends ForgottenRow {
  readonly place: number
}

function tableOf(rows: readonly StoredRow[]) {
  const database = new DatabaseSync(':memory:')
  migrate(database, ':memory:')
  const insert = database.prepare('INSERT INTO log VALUES (?, ?, 1, 1, NULL, 1)')
  for (const { modRevision, place, key } of rows) {
    insert.run(modRevision * IDS_PER_REVISION + place, key)
  }
  const forget = rowForgetter(database)
  return {
    forget(named: readonly ForgottenRow[]) {
      const packed = new PackedRows()
      packed.forget(named)
      const head = { type: 'write', epoch: 0, revision: 1, compacted: 1 } as const
      const batch = joined({ ...head, isFollowed: false, isLast: false, ...packed.finish() })
      forget(batch.message, 0)
    },
    left: () =>
      database
        .prepare('SELECT (id / 1024) || key AS name FROM log ORDER BY id')
        .all()
        .map(({ name }) => name),
  }
}

const alone = (modRevision: number, key = `/k${modRevision}`) => ({ modRevision, place: 0, key })
const named = ({ modRevision, key }: ForgottenRow) => `${modRevision}${key}`

test('neighbours go together, others stay', () => {
  const rows = Array.from({ length: 20 }, (_, i) => alone(i + 1))
  const table = tableOf(rows)
  const gone = rows.filter(({ modRevision }) => modRevision !== 7 && modRevision < 18)
  table.forget(gone.toReversed())
  assert.deepEqual(
    table.left(),
    [rows[6], ...rows.slice(17)].map(row => named(row as StoredRow)),
  )
})

test('a key that changed in the same commit as a forgotten one stays', () => {
  const rows = Array.from({ length: 9 }, (_, i) => alone(i + 1))
  const other = { modRevision: 5, place: 1, key: '/other' }
  const table = tableOf([...rows, other])
  table.forget(rows)
  assert.deepEqual(table.left(), ['5/other'])
})

test('what is gone already, while another row stands in its range, takes nothing along', () => {
  const rows = Array.from({ length: 9 }, (_, i) => alone(i + 1))
  const other = { modRevision: 5, place: 3, key: '/other' }
  const table = tableOf([...rows.filter(({ modRevision }) => modRevision !== 5), other])
  table.forget(rows)
  assert.deepEqual(table.left(), ['5/other'])
})

test('a live row whose key stands in the place of one that is gone already stays', () => {
  const table = tableOf([
    { modRevision: 6, place: 0, key: '/a' },
    { modRevision: 6, place: 1, key: '/b' },
    alone(7, '/c'),
    alone(8, '/d'),
  ])
  table.forget([alone(5, '/a'), alone(6, '/b'), alone(7, '/c'), alone(8, '/d')])
  assert.deepEqual(table.left(), ['6/a'])
})

test('keys that read like others when they stand side by side are told apart', () => {
  const table = tableOf([alone(5, '/a'), alone(6, '/b\n/c'), alone(7, '/d'), alone(8, '/e')])
  table.forget([alone(5, '/a\n/b'), alone(6, '/c'), alone(7, '/d'), alone(8, '/e')])
  assert.deepEqual(table.left(), ['5/a', '6/b\n/c'])
})

test('a live key that reads like two that were named stays', () => {
  const table = tableOf([alone(5, '/a/b'), alone(7, '/c'), alone(8, '/d')])
  table.forget([alone(5, '/a'), alone(6, '/b'), alone(7, '/c'), alone(8, '/d')])
  assert.deepEqual(table.left(), ['5/a/b'])
})

test('live keys that read like those that were named, but end elsewhere, stay', () => {
  const table = tableOf([alone(5, '/a/b'), alone(6, '/c'), alone(7, '/d'), alone(8, '/e')])
  table.forget([alone(5, '/a'), alone(6, '/b/c'), alone(7, '/d'), alone(8, '/e')])
  assert.deepEqual(table.left(), ['5/a/b', '6/c'])
})

test('keys beyond ASCII go, too', () => {
  const rows = ['/ä', '/\u{1f600}', '/c', '/d'].map((key, i) => alone(i + 1, key))
  const table = tableOf(rows)
  table.forget(rows)
  assert.deepEqual(table.left(), [])
})

test('random commits, of which random rows are forgotten in several batches: what was not named stays', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const dice = new Dice(seed)
    const rows: StoredRow[] = []
    for (let revision = 1; revision <= 120; revision++) {
      const keys = dice.below(5) === 0 ? 1 + dice.below(4) : 1
      const first = dice.below(4)
      for (let place = 0; place < keys; place++) {
        rows.push({ modRevision: revision, place, key: `/${(first + place) % 4}` })
      }
    }
    const table = tableOf(rows)
    const staying = rows.filter(() => dice.below(8) === 0)
    const going = rows.filter(row => !staying.includes(row))
    while (going.length > 0) {
      const batch = going.splice(0, 1 + dice.below(40))
      // Not in the order of history, as where keys changed seldom and often.
      if (dice.below(2) === 0) batch.reverse()
      table.forget(batch)
      // As after a failure, of which nobody knew how far it had come.
      if (dice.below(4) === 0) going.push(...batch.filter(() => dice.below(3) === 0))
    }
    assert.deepEqual(table.left(), staying.map(named), `seed ${seed}`)
  }
})
