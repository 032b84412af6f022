import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { addressToday } from '#host/addresses.ts'
import { keepAddresses } from './kept-addresses.ts'

const LINK = '10.244.0.1'

test('a node follows its machine to another network, and stays what it was beside one more', async () => {
  const clock = createManualClock()
  const addresses = ['192.168.1.5']
  let machine = ['192.168.1.5', LINK]
  const moved: string[] = []
  const kept = keepAddresses(addresses, {
    clock,
    today: held => addressToday(held, LINK, machine),
    moved: address => moved.push(address),
  })
  const after = async (now: readonly string[]) => {
    machine = [...now]
    await clock.advance(10_000)
    return addresses[0]
  }
  assert.equal(await after(['172.16.0.9', '192.168.1.5', LINK]), '192.168.1.5')
  assert.equal(await after([LINK]), '192.168.1.5', 'out of the reach of any network')
  assert.equal(await after(['10.0.0.7', LINK]), '10.0.0.7')
  assert.equal(await after(['10.0.0.7', LINK]), '10.0.0.7')
  assert.deepEqual(moved, ['10.0.0.7'])
  await kept.stop()
  assert.equal(clock.pending, 0)
})

test('a machine that started without a network is known by its address once it has one', () => {
  assert.equal(addressToday(LINK, LINK, [LINK]), LINK)
  assert.equal(addressToday(LINK, LINK, ['127.0.0.1']), LINK)
  assert.equal(addressToday(LINK, LINK, [LINK, '192.168.1.5']), '192.168.1.5')
})
