import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { endpointSlice } from './endpoint-slice.ts'

const slice = (fields: object) => ({
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.1'] }],
  ports: [{ port: 80 }],
  ...fields,
})
const problemsOf = (fields: object) =>
  lines(endpointSlice.validate(created(endpointSlice, slice(fields))))

test('ports get an empty name and TCP', () => {
  assert.deepEqual(created(endpointSlice, slice({})).ports, [
    { name: '', port: 80, protocol: 'TCP' },
  ])
  assert.deepEqual(problemsOf({}), [])
})

test('addresses are of the type and lead somewhere', () => {
  assert.deepEqual(problemsOf({ endpoints: [{ addresses: [] }] }), [
    'endpoints[0].addresses: Required value: must contain at least 1 address',
  ])
  assert.match(
    problemsOf({ endpoints: [{ addresses: ['::1'] }] })[0] ?? '',
    /must be an IPv4 address/,
  )
  assert.match(problemsOf({ endpoints: [{ addresses: ['127.0.0.1'] }] })[0] ?? '', /loopback/)
  assert.deepEqual(problemsOf({ endpoints: Array(1001).fill({ addresses: ['10.0.0.1'] }) }), [
    'endpoints: Too many: 1001: must have at most 1000 items',
  ])
  assert.deepEqual(problemsOf({ ports: [{ port: 80 }, { port: 81 }] }), [
    'ports[1].name: Duplicate value: ""',
  ])
})

test('the address type never changes', () => {
  const previous = created(endpointSlice, slice({}))
  const next = updated(endpointSlice, previous, slice({ addressType: 'IPv6', endpoints: [] }))
  assert.deepEqual(lines(endpointSlice.validateUpdate(next, previous)), [
    'addressType: Invalid value: "IPv6": field is immutable',
  ])
})

test('kubectl get shows ports and the first addresses', () => {
  const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']
  const endpoints = addresses.map(address => ({ addresses: [address] }))
  const row = rowOf(endpointSlice, created(endpointSlice, slice({ endpoints })))
  assert.equal(row.AddressType, 'IPv4')
  assert.equal(row.Ports, '80')
  assert.equal(row.Endpoints, '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...')
  const empty = rowOf(endpointSlice, created(endpointSlice, slice({ endpoints: [], ports: [] })))
  assert.deepEqual([empty.Ports, empty.Endpoints], ['<unset>', '<unset>'])
})
