import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StreamTable } from './stream-table.ts'

class Stream {
  readonly id: number
  nextInTable: Stream | undefined

  constructor(id: number) {
    this.id = id
  }
}

test('finds what a Map finds, whoever comes and goes', () => {
  const step = fc.tuple(fc.constantFrom('add', 'delete', 'get'), fc.integer({ min: 0, max: 200 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const table = new StreamTable<Stream>()
      const model = new Map<number, Stream>()
      for (const [what, number] of steps) {
        const id = 2 * number + 1
        const known = model.get(id)
        if (what === 'add' && !known) {
          const stream = new Stream(id)
          table.add(stream)
          model.set(id, stream)
        } else if (what === 'delete') {
          table.delete(known ?? new Stream(id))
          model.delete(id)
        } else assert.equal(table.get(id), known)
        assert.equal(table.size, model.size)
      }
      const byId = (a: Stream, b: Stream) => a.id - b.id
      assert.deepEqual(
        table
          .all()
          .sort(byId)
          .map(({ id }) => id),
        [...model.values()].sort(byId).map(({ id }) => id),
      )
    }),
  )
})

test('who left points at nobody', () => {
  const table = new StreamTable<Stream>()
  const streams = [1, 33, 65].map(id => new Stream(id))
  for (const stream of streams) table.add(stream)
  for (const stream of streams) table.delete(stream)
  assert.deepEqual(
    streams.map(({ nextInTable }) => nextInTable),
    [undefined, undefined, undefined],
  )
})
