import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { cborItemOf, cborOf } from './cbor.ts'
import { encodeValue, StoredObject } from './storage/stored-object.ts'

test('the item of an object is made once, and goes with the other forms when there is no room for them', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } }
  const stored = new StoredObject('/a', 7, encodeValue(object))
  const [item, whole] = [cborItemOf(configMap, stored), Buffer.from(cborOf(configMap, stored))]
  assert.equal(cborItemOf(configMap, stored), item)
  stored.forget()
  const anew = cborItemOf(configMap, stored)
  assert.notEqual(anew, item)
  assert.deepEqual(anew, item)
  assert.deepEqual(Buffer.from(cborOf(configMap, stored)), whole)
})
