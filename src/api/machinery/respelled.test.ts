import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namespace } from '../core/v1/namespace.ts'
import { pod } from '../core/v1/pod/pod.ts'
import { respelled } from './respelled.ts'

const spec = (memory: string, more: object = {}) => ({
  spec: { containers: [{ name: 'a', resources: { limits: { memory, cpu: '1' }, ...more } }] },
})

test('an amount that means the same is spelled as before', () => {
  assert.deepEqual(respelled(pod.shape, spec('64Mi'), spec('67108864')), spec('67108864'))
  assert.deepEqual(respelled(pod.shape, spec('65Mi'), spec('67108864')), spec('65Mi'))
})

test('what else has changed stays changed, and what is new is new', () => {
  const more = { requests: { memory: '64Mi' } }
  assert.deepEqual(
    respelled(pod.shape, spec('64Mi', more), spec('67108864')),
    spec('67108864', more),
  )
})

test('what is spelled as before is handed back, and so is a kind without amounts', () => {
  const [next, other] = [spec('64Mi'), { spec: { finalizers: ['a'] } }]
  assert.equal(respelled(pod.shape, next, spec('64Mi')), next)
  assert.equal(respelled(namespace.shape, other, { spec: {} }), other)
})

test('a text that looks like an amount is no amount', () => {
  const named = (name: string) => ({ spec: { containers: [{ name, image: name }] } })
  assert.deepEqual(respelled(pod.shape, named('1000m'), named('1')), named('1000m'))
})

test('items are held against those in their place, and lists may grow', () => {
  const list = (...amounts: string[]) => ({
    spec: { containers: amounts.map(cpu => ({ resources: { limits: { cpu } } })) },
  })
  assert.deepEqual(respelled(pod.shape, list('1e3', '2e3'), list('1k')), list('1k', '2e3'))
})

test('shapes in which something lies within itself are looked through once', () => {
  const values: Record<string, unknown> = { type: 'map' }
  values.values = values
  const field = (schema: unknown) => ({ schema, number: 1 })
  const shape = { fields: { any: field(values), amount: field({ type: 'quantity' }) } } as never
  assert.deepEqual(
    respelled(shape, { any: { a: {} }, amount: '1Gi' }, { any: { a: {} }, amount: '1024Mi' }),
    { any: { a: {} }, amount: '1024Mi' },
  )
})
