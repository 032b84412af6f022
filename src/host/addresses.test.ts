import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { hasLink, hasRoute } from './addresses.ts'

test('a route of the kernel is found by its range and its interface, and by nothing else', context => {
  const found = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1)
  const [name, destination = '', , , , , , mask = ''] =
    found.map(line => line.split('\t')).find(([, , , , , , , its]) => its !== '00000000') ?? []
  if (!name) return context.skip('this machine has no route but the default one')
  const bytes = (text: string) => [...Buffer.from(text, 'hex').reverse()]
  const ones = bytes(mask).reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll('0', '').length,
    0,
  )
  const range = `${bytes(destination).join('.')}/${ones}`
  assert.ok(hasRoute(range, name), range)
  assert.ok(!hasRoute(range, `${name}x`))
  assert.ok(!hasRoute(`${bytes(destination).join('.')}/${ones - 1}`, name))
  assert.ok(!hasRoute('192.0.2.128/29', name))
})

test('a link is found by its whole name', () => {
  assert.equal(hasLink('lo'), true)
  assert.equal(hasLink('l'), false)
  assert.equal(hasLink('o'), false)
})
