/** What conditions of devices may cost; held against upstream's server in tests/machine/upstream. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { DEVICE_VARIABLES } from './admission-types.ts'
import { estimatedCostOver } from './engine.ts'
import { prepareExpressions, wrongDeviceExpression } from './expressions.ts'

before(prepareExpressions)

const costOf = (text: string) => estimatedCostOver(text, DEVICE_VARIABLES)

test('a condition costs what its parts do, for the longest texts that devices may tell', () => {
  assert.equal(costOf('true'), 0)
  assert.equal(costOf('"gpu.example.com" in device.attributes'), 3)
  // A text of 63 letters, seven times as many as are read for 1.
  assert.equal(costOf('device.driver == device.driver'), 4 + 7)
  assert.equal(costOf('device.attributes["gpu.example.com"].x'), 4)
  assert.equal(costOf('device.attributes["gpu.example.com"].x == "fish"'), 5)
  assert.equal(costOf('cel.bind(gpu, device.attributes["gpu.example.com"], gpu.x)'), 15)
  // Turns of 4 for each of 32 domains, the variable, its field, and the result.
  assert.equal(costOf('device.attributes.all(domain, domain == "")'), 2 + 32 * 4 + 1)
})

test('rules for texts are compared for 1, however they are named', () => {
  assert.equal(costOf("format.dns1123Label() == format.named('uri').value()"), 4)
})

test('a condition that may cost more than a million is refused', () => {
  const names = 'device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, TEST)))'
  const refused = wrongDeviceExpression('e', names.replace('TEST', 'a + b + c == ""'))
  assert.deepEqual(
    refused.map(({ message }) => message),
    ['Forbidden: too complex, exceeds cost limit'],
  )
  assert.deepEqual(wrongDeviceExpression('e', names.replace('TEST', 'a == b')), [])
})
