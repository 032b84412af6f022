import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ROW_HEIGHT, visibleRows } from './visible-rows.ts'

test('what is seen is made, and never less than nothing', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.nat(3000), fc.nat(20_000), (scrollTop, height, count) => {
      const { first, last } = visibleRows(scrollTop, height, count)
      assert.ok(first >= 0 && first <= last && last <= count)
      // Where a browser lets one scroll to, all that is seen is there.
      const end = Math.max(0, count * ROW_HEIGHT - height)
      if (scrollTop > end) return
      assert.ok(first * ROW_HEIGHT <= scrollTop)
      assert.ok(last === count || last * ROW_HEIGHT >= scrollTop + height)
      assert.ok(last - first < height / ROW_HEIGHT + 30)
    }),
  )
})

test('a filter that leaves one row of thousands, far down in them', () => {
  assert.deepEqual(visibleRows(160_000, 600, 1), { first: 0, last: 1 })
  assert.deepEqual(visibleRows(160_000, 600, 0), { first: 0, last: 0 })
})
