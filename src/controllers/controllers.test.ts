import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllers, parseEnabled } from './controllers.ts'

const enabled = (text: string) =>
  controllers.filter(({ name }) => parseEnabled(text)(name)).map(({ name }) => name)

test('--controllers names what runs', () => {
  const all = controllers.filter(({ isOffByDefault }) => !isOffByDefault).length
  assert.equal(enabled('*').length, all)
  assert.equal(enabled('*,tokencleaner,bootstrapsigner').length, controllers.length)
  assert.deepEqual(enabled('deployment-controller'), ['deployment-controller'])
  assert.equal(enabled('*,-deployment-controller').length, all - 1)
  assert.deepEqual(enabled(''), [])
  assert.deepEqual(
    enabled('-deployment-controller'),
    [],
    'without * nothing else runs, as upstream',
  )
  assert.equal(enabled('*,-deployment,-nodeipam').length, all - 2)
  assert.deepEqual(enabled('-*'), enabled(''))
  assert.equal(enabled('*,-service-lb-controller').length, all)
  assert.throws(
    () => parseEnabled('*,service-lb-controller'),
    /does not have the controller "service-lb/,
  )
  assert.throws(() => parseEnabled('*,-deploy'), /there is no controller "deploy"/)
})

test('every controller is listed once, under upstream’s name', () => {
  const names = controllers.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  assert.ok(names.every(name => /^[a-z-]+-controller$/.test(name)))
  for (const name of names) assert.ok(parseEnabled(name)(name), name)
})
