import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { checkGiven } from './given-options.ts'
import type { StartOptions } from './start-cluster.ts'

const complaint = (options: object): string => {
  try {
    checkGiven(options as StartOptions)
  } catch (error) {
    assert.ok(error instanceof UserError)
    return error.message
  }
  return 'taken'
}

test('a word that is no option is not passed over', () => {
  assert.equal(
    complaint({ node: { kind: 'hollow', count: 2 } }),
    'startCluster has no option "node"; did you mean nodes?',
  )
  assert.equal(complaint({ replicas: 3 }), 'startCluster has no option "replicas"')
  assert.equal(complaint({ toString: 1 }), 'startCluster has no option "toString"')
  assert.equal(complaint({ nodes: undefined, listen: undefined, clock: undefined }), 'taken')
})

test('nodes are of a kind, and as many as a whole number says', () => {
  const nodes = (given: unknown) => complaint({ nodes: given })
  for (const given of [
    { kind: 'none' },
    { kind: 'containerd' },
    { kind: 'hollow', count: 1 },
    { kind: 'hollow', count: 1000 },
  ])
    assert.equal(nodes(given), 'taken')
  const kinds =
    "nodes wants { kind: 'hollow', count: 3 }, { kind: 'containerd' } or { kind: 'none' }"
  assert.equal(nodes(3), `${kinds}, not 3`)
  assert.equal(nodes(null), `${kinds}, not null`)
  assert.equal(nodes({ kind: 'hollows', count: 2 }), `${kinds}, not {"kind":"hollows","count":2}`)
  const counts = 'nodes.count wants a whole number from 1 on, not'
  assert.equal(nodes({ kind: 'hollow' }), `${counts} undefined`)
  for (const count of [0, -2, 1.5, '2'])
    assert.equal(nodes({ kind: 'hollow', count }), `${counts} ${JSON.stringify(count)}`)
})

test('where it listens is an object with a port that there is', () => {
  const listen = (given: unknown) => complaint({ listen: given })
  for (const given of [{}, { port: 0 }, { port: 65_535, address: '::1' }])
    assert.equal(listen(given), 'taken')
  assert.equal(listen(true), "listen wants { port: 0 } for a free port, or one's own, not true")
  assert.equal(listen({ port: 99_999 }), 'listen.port wants a port from 0 to 65535, not 99999')
  assert.equal(listen({ port: '0' }), 'listen.port wants a port from 0 to 65535, not "0"')
  assert.equal(listen({ port: 0, address: 1 }), 'listen.address wants a text, not 1')
})

test('lists of words and Maps are not mistaken for one another', () => {
  assert.equal(complaint({ controllers: ['*'] }), 'controllers wants a text, not ["*"]')
  assert.equal(
    complaint({ featureGates: { GenericWorkload: true } }),
    "featureGates wants a Map such as new Map([['NAME', true]])",
  )
  assert.equal(complaint({ runtimeConfig: new Map([['api/beta', true]]) }), 'taken')
})
