import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressOf, listAddress, noQuery, objectAddress, parseRoute } from './route.ts'

test('addresses lead back to what they were made of, whatever an object is called', () => {
  const text = fc.string({ unit: 'grapheme' })
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter(each => each !== '-')
  fc.assert(
    fc.property(name, name, text, text, (resource, object, tab, filter) => {
      const route = {
        page: 'object',
        resource,
        namespace: '',
        name: object,
        tab,
        container: filter,
      } as const
      assert.deepEqual(parseRoute(addressOf(route)), route)
      const list = {
        page: 'list',
        resource,
        query: { ...noQuery, text: filter, labels: tab, isWide: true },
      } as const
      assert.deepEqual(parseRoute(addressOf(list)), list)
    }),
  )
})

test('addresses as people see them', () => {
  assert.equal(
    listAddress('pods', { namespace: 'shop', sort: '-Age' }),
    '#/list/pods?namespace=shop&sort=-Age',
  )
  assert.equal(
    objectAddress('deployments.apps', { namespace: 'shop', name: 'web' }, 'yaml'),
    '#/object/deployments.apps/shop/web?tab=yaml',
  )
  assert.equal(objectAddress('nodes', { name: 'one' }), '#/object/nodes/-/one')
})

test('what is no page is told as such, and a lone percent sign is no error', () => {
  assert.deepEqual(parseRoute(''), { page: 'overview' })
  assert.deepEqual(parseRoute('#/kinds'), { page: 'kinds' })
  assert.equal(parseRoute('#/list').page, 'unknown')
  assert.equal(parseRoute('#/object/pods/a').page, 'unknown')
  assert.equal(parseRoute('#/list/100%').page, 'list')
})
