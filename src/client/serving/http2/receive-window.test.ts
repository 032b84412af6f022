import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ReceiveWindow } from './receive-window.ts'

test('what is allowed comes, a byte more does not', () => {
  const window = new ReceiveWindow(100, () => assert.fail())
  assert.ok(window.take(60))
  assert.ok(window.take(40))
  assert.ok(!window.take(1))
})

test('the client hears of room in large steps', () => {
  const told: number[] = []
  const window = new ReceiveWindow(100, bytes => told.push(bytes))
  assert.ok(window.take(100))
  window.consume(49)
  assert.deepEqual(told, [])
  window.consume(1)
  assert.deepEqual(told, [50])
  assert.ok(window.take(50))
  assert.ok(!window.take(1))
})

test('a client that obeys is never refused, and never stuck once all is consumed', () => {
  const steps = fc.array(fc.tuple(fc.nat(60), fc.nat(60)), { maxLength: 200 })
  fc.assert(
    fc.property(steps, all => {
      let room = 100
      let unread = 0
      const window = new ReceiveWindow(100, bytes => {
        room += bytes
      })
      for (const [sent, read] of all) {
        const bytes = Math.min(sent, room)
        assert.ok(window.take(bytes))
        room -= bytes
        unread += bytes
        const consumed = Math.min(read, unread)
        window.consume(consumed)
        unread -= consumed
        assert.ok(room >= 0 && room + unread <= 100)
      }
      window.consume(unread)
      assert.ok(room > 50, `${room} is left`)
    }),
  )
})
