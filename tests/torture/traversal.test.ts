/** A short run of `npm run torture -- traversal`, and the faults that it must notice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forget } from './keep.ts'
import { type Item, traverse } from './traversal.ts'

const options = { objects: 2_000, traversals: 12, writes: 200, seed: 1 }

test('twelve traversals of 2,000 objects under writes lose and repeat nothing', async context => {
  context.diagnostic(await traverse(options))
})

test('a page that loses, repeats or ages an object is noticed', async () => {
  const faults: Readonly<Record<string, [(items: Item[]) => Item[], RegExp]>> = {
    lost: [items => items.slice(1), /is missing/],
    twice: [items => [...items, ...items.slice(-1)], /came twice/],
    old: [items => items.map(item => ({ ...item, revision: item.revision - 1 })), /but was of/],
  }
  for (const [what, [spoil, complaint]] of Object.entries(faults))
    await assert.rejects(
      traverse({ ...options, objects: 200, traversals: 1, spoil }),
      (error: Error) => {
        forget(error)
        return complaint.test(error.message)
      },
      what,
    )
})
