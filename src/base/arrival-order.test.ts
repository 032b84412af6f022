import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { ArrivalOrder, NOWHERE, type Placed } from './arrival-order.ts'

test('it agrees with a list, whatever comes and goes', () => {
  const step = fc.tuple(fc.constantFrom('add', 'add new', 'delete', 'take'), fc.nat(20))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), steps => {
      const order = new ArrivalOrder<Placed>()
      const members = Array.from({ length: 21 }, (): Placed => ({ slot: NOWHERE }))
      let naive: Placed[] = []
      for (const [what, index] of steps) {
        const member = members[index] as Placed
        if (what === 'take') assert.equal(order.takeOldest(), naive.shift())
        else if (what === 'delete') {
          assert.equal(order.delete(member), naive.includes(member))
          naive = naive.filter(each => each !== member)
        } else if (what === 'add new') {
          const isNew = !naive.includes(member)
          assert.equal(order.addNew(member), isNew)
          if (isNew) naive = [...naive, member]
        } else {
          order.add(member)
          naive = [...naive.filter(each => each !== member), member]
        }
      }
    }),
  )
})

test('who has left is gone with the next collection of young objects', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void
  const order = new ArrivalOrder<Placed & { bytes: Uint8Array }>()
  let size = 0
  const pass = (members: number) => {
    for (let i = 0; i < members; i++) {
      order.addNew({ slot: NOWHERE, bytes: new Uint8Array(1024) })
      if (size++ >= 40) order.takeOldest()
    }
    collect({ type: 'minor' })
  }
  pass(200)
  // What is there for long becomes old.
  for (let i = 0; i < 3; i++) collect({ type: 'minor' })
  collect()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 100; i++) pass(200)
  const kept = process.memoryUsage().arrayBuffers - before
  assert.ok(kept < 1024 * 1024, `${kept} bytes of 20,480,000 are left`)
})

test('who is there is told in order, and all may go at once', () => {
  const order = new ArrivalOrder<Placed & { readonly name: string }>()
  const members = Array.from({ length: 40 }, (_, at) => ({ name: `${at}`, slot: NOWHERE }))
  for (const member of members) order.add(member)
  for (const member of members) if (Number(member.name) % 3 > 0) order.delete(member)
  const [first] = members
  if (first) order.add(first)
  const left = members.slice(1).filter(({ name }) => Number(name) % 3 === 0)
  assert.deepEqual([...order], [...left, first])
  assert.equal(order.size, 14)
  order.clear()
  assert.deepEqual([[...order], order.size], [[], 0])
  assert.ok(members.every(({ slot }) => slot === NOWHERE))
})
