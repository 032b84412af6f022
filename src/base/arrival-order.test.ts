import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ArrivalOrder } from './arrival-order.ts'

test('it agrees with a list, whatever comes and goes', () => {
  const step = fc.tuple(fc.constantFrom('add', 'add new', 'delete', 'take'), fc.nat(20))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const order = new ArrivalOrder<number>()
      let naive: number[] = []
      for (const [what, member] of steps) {
        assert.equal(order.has(member), naive.includes(member))
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
