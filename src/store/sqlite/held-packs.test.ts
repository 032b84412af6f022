import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeldPacks } from './held-packs.ts'
import { PlacedPack } from './placed-pack.ts'

const LIMIT = 100

test('packs are held while there is room, the newest longest, and never with bytes of another', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: LIMIT + 10 }), { maxLength: 60 })
  fc.assert(
    fc.property(sizes, lengths => {
      const held = new HeldPacks(LIMIT)
      const packs = lengths.map((length, id) => ({ pack: new PlacedPack(id), length, id }))
      for (const [i, { pack, length, id }] of packs.entries()) {
        held.add(pack, new Uint8Array(length).fill(id + 1))
        const isThere = ({ pack }: { pack: PlacedPack }) => held.get(pack) !== undefined
        const there = packs.slice(0, i + 1).filter(isThere)
        for (const { pack, length, id } of there) {
          const bytes = held.get(pack)?.subarray(0, length)
          assert.deepEqual(bytes, new Uint8Array(length).fill(id + 1))
        }
        assert.ok(there.reduce((sum, { length }) => sum + length, 0) <= LIMIT)
        if (length <= LIMIT) assert.equal(there.at(-1)?.pack, pack)
        const fitting = packs.slice(0, i + 1).filter(each => each.length <= LIMIT)
        assert.deepEqual(
          there,
          fitting.slice(fitting.length - there.length),
          'those that came last',
        )
      }
    }),
  )
})
