import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Row, shownCell, shownTable, TableRows } from './table.ts'

const columns = [
  { name: 'Name', type: 'string' },
  { name: 'Ready', type: 'string' },
  { name: 'Restarts', type: 'string' },
  { name: 'Age', type: 'string' },
  { name: 'Node', type: 'string', priority: 1 },
]
const NOW = Date.parse('2026-01-01T01:00:00Z')

function row(
  name: string,
  { ready = '1/1', restarts = '0', minutes = 1, version = '1', namespace = 'a' } = {},
): Row {
  const creationTimestamp = new Date(NOW - minutes * 60_000).toISOString()
  return {
    cells: [name, ready, restarts, `${minutes}m`, 'node-1'],
    object: {
      metadata: {
        name,
        namespace,
        uid: `uid-${name}`,
        resourceVersion: version,
        creationTimestamp,
      },
    },
  }
}

function tableOf(...rows: Row[]): TableRows {
  const table = new TableRows()
  table.addPage({ columnDefinitions: columns, rows, metadata: { resourceVersion: '9' } })
  return table
}

const all = { isWide: false, text: '', sort: '', showsNamespace: false }
const names = (table: TableRows, wanted: Partial<typeof all> = {}) =>
  shownTable(table, { ...all, ...wanted }).rows.map(({ object }) => object.metadata.name)

test('events keep a list true, and tell from where to watch on', () => {
  const table = tableOf(row('b'), row('a'))
  assert.equal(table.resourceVersion, '9')
  assert.equal(
    table.apply({ type: 'ADDED', object: { rows: [row('c', { version: '10' })] } }),
    true,
  )
  assert.equal(
    table.apply({
      type: 'MODIFIED',
      object: { rows: [row('a', { version: '11', ready: '0/1' })] },
    }),
    true,
  )
  assert.equal(
    table.apply({ type: 'DELETED', object: { rows: [row('b', { version: '12' })] } }),
    true,
  )
  assert.deepEqual(names(table), ['a', 'c'])
  assert.equal(table.resourceVersion, '12')
})

test('a bookmark moves on from where to watch, and is no row', () => {
  const table = tableOf(row('a'))
  const bookmark = { cells: ['', '', '', ''], object: { metadata: { resourceVersion: '50' } } }
  assert.equal(table.apply({ type: 'BOOKMARK', object: { rows: [bookmark] } }), false)
  assert.deepEqual([table.resourceVersion, table.size], ['50', 1])
  table.apply({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '60' }, rows: null } })
  assert.equal(table.resourceVersion, '60')
})

test('sorts by name, by numbers within texts, and by age', () => {
  const table = tableOf(
    row('x', { restarts: '10 (3m ago)', minutes: 5 }),
    row('y', { restarts: '9', minutes: 100 }),
    row('z', { restarts: '0', minutes: 50 }),
  )
  assert.deepEqual(names(table, { sort: 'Restarts' }), ['z', 'y', 'x'])
  assert.deepEqual(names(table, { sort: '-Restarts' }), ['x', 'y', 'z'])
  assert.deepEqual(names(table, { sort: 'Age' }), ['x', 'z', 'y'])
  assert.deepEqual(names(table, { sort: '-Name' }), ['z', 'y', 'x'])
  assert.deepEqual(names(table, { sort: 'No such column' }), ['x', 'y', 'z'])
})

test('wide columns and the namespace are shown where they are wanted', () => {
  const table = tableOf(row('x'))
  const head = (wanted: Partial<typeof all>) =>
    shownTable(table, { ...all, ...wanted })
      .columns.map(({ name }) => name)
      .join()
  assert.equal(head({}), 'Name,Ready,Restarts,Age')
  assert.equal(
    head({ isWide: true, showsNamespace: true }),
    'Namespace,Name,Ready,Restarts,Age,Node',
  )
})

test('a text filters by name, namespace and what stands in the row', () => {
  const table = tableOf(
    row('web-1'),
    row('db-1', { ready: '0/1' }),
    row('x', { namespace: 'shop' }),
  )
  assert.deepEqual(names(table, { text: 'WEB' }), ['web-1'])
  assert.deepEqual(names(table, { text: '0/1' }), ['db-1'])
  assert.deepEqual(names(table, { text: 'shop' }), ['x'])
})

test('ages grow while they are looked at', () => {
  const old = row('x', { minutes: 5 })
  const age = { name: 'Age', type: 'string' }
  assert.equal(shownCell(old, age, 3, NOW), '5m')
  assert.equal(shownCell(old, age, 3, NOW + 3_600_000), '65m')
})
