import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interfacesIn } from './network-figures.ts'

test('interfaces with what they received and transmitted, without the loopback', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       9       9    0    0    0     0          0         0        9       9    0    0    0     0       0          0
  eth0: 1000      20    1    2    0     0          0         0     3000      40    3    4    0     0       0          0
eth1:5 6 7 8 0 0 0 0 50 60 70 80 0 0 0 0
`
  assert.deepEqual(interfacesIn(text), [
    {
      name: 'eth0',
      received: { bytes: 1000, packets: 20, errors: 1, dropped: 2 },
      transmitted: { bytes: 3000, packets: 40, errors: 3, dropped: 4 },
    },
    {
      name: 'eth1',
      received: { bytes: 5, packets: 6, errors: 7, dropped: 8 },
      transmitted: { bytes: 50, packets: 60, errors: 70, dropped: 80 },
    },
  ])
  assert.deepEqual(interfacesIn(''), [])
})
