import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ROW_HEIGHT, TALL_ROW_HEIGHT, visibleRows } from './visible-rows.ts'

test('what is seen is made, and never less than nothing', () => {
  fc.assert(
    fc.property(
      ...[fc.nat(1_000_000), fc.nat(3000), fc.nat(20_000)],
      fc.constantFrom(ROW_HEIGHT, TALL_ROW_HEIGHT),
      (scrollTop, height, count, rowHeight) => {
        const { first, last } = visibleRows(scrollTop, height, count, rowHeight)
        assert.ok(first >= 0 && first <= last && last <= count)
        // Where a browser lets one scroll to, all that is seen is there.
        const end = Math.max(0, count * rowHeight - height)
        if (scrollTop > end) return
        assert.ok(first * rowHeight <= scrollTop)
        assert.ok(last === count || last * rowHeight >= scrollTop + height)
        assert.ok(last - first < height / rowHeight + 30)
      },
    ),
  )
})

test('a filter that leaves one row of thousands, far down in them', () => {
  assert.deepEqual(visibleRows(160_000, 600, 1), { first: 0, last: 1 })
  assert.deepEqual(visibleRows(160_000, 600, 0), { first: 0, last: 0 })
})
