import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { type EndpointSlice, endpointSlice } from './endpoint-slice.ts'

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

test('what old versions wrote stays as long as its endpoints do', () => {
  const old = { addresses: ['10.0.0.1'], deprecatedTopology: { zone: 'a' } }
  const topology = ({ endpoints }: EndpointSlice) => endpoints[0]?.deprecatedTopology
  const fresh = created(endpointSlice, slice({ endpoints: [old] }))
  assert.equal(topology(fresh), undefined)
  const previous = { ...fresh, endpoints: [{ ...old, conditions: {} }] }
  const same = updated(endpointSlice, previous, slice({ endpoints: [old], ports: [{ port: 81 }] }))
  assert.deepEqual(topology(same), { zone: 'a' })
  const other = { ...old, addresses: ['10.0.0.2'] }
  assert.equal(topology(updated(endpointSlice, previous, slice({ endpoints: [other] }))), undefined)
})

test('a change of labels counts as one of the endpoints', () => {
  const previous = created(endpointSlice, slice({}))
  previous.metadata.generation = 4
  const relabelled = slice({ metadata: { name: 'web', labels: { a: 'b' } } })
  assert.equal(updated(endpointSlice, previous, relabelled).metadata.generation, 5)
  assert.equal(updated(endpointSlice, previous, slice({})).metadata.generation, undefined)
})

test('hints name zones and nodes', () => {
  const hints = { forZones: [{ name: 'a b' }], forNodes: [{ name: 'n1' }, { name: 'n1' }] }
  const problems = problemsOf({ endpoints: [{ addresses: ['10.0.0.1'], hints }] })
  assert.match(
    problems[0] ?? '',
    /^endpoints\[0\]\.hints\.forZones\[0\]\.name: Invalid value: "a b"/,
  )
  assert.equal(problems[1], 'endpoints[0].hints.forNodes[1].name: Duplicate value: "n1"')
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
  const every = created(endpointSlice, slice({ ports: [{ protocol: 'TCP' }] }))
  assert.equal(rowOf(endpointSlice, every).Ports, '<unset>', 'each port, without a name')
})

test('an address is judged by its type, and by none that nobody knows', () => {
  const refused = (addressType: string, address: string) =>
    problemsOf({ addressType, endpoints: [{ addresses: [address] }] }).map(line =>
      line.slice(0, 99),
    )
  assert.deepEqual(refused('FQDN', 'a.example.com.'), [])
  assert.deepEqual(refused('FQDN', ''), ['endpoints[0].addresses[0]: Required value'])
  assert.deepEqual(refused('FQDN', '1'), [
    'endpoints[0].addresses[0]: Invalid value: "1": should be a domain with at least two segments separa',
  ])
  assert.match(refused('FQDN', '.')[0] ?? '', /Invalid value: "": a lowercase RFC 1123 subdomain/)
  assert.deepEqual(refused('Moon', 'x'), [
    'addressType: Unsupported value: "Moon": supported values: "FQDN", "IPv4", "IPv6"',
  ])
})

test('what is set to nothing in a slice is refused; zones and numbers of ports are free', () => {
  const fieldsOf = (fields: object) => problemsOf(fields).map(line => line.replace(/: .*/, ''))
  const endpoint = (fields: object) => ({ endpoints: [{ addresses: ['10.0.0.1'], ...fields }] })
  assert.deepEqual(fieldsOf(endpoint({ nodeName: '', hostname: '' })), [
    'endpoints[0].nodeName',
    'endpoints[0].hostname',
  ])
  assert.deepEqual(fieldsOf(endpoint({ zone: 'Not_Valid!' })), [])
  assert.deepEqual(fieldsOf({ ports: [{ port: -1 }] }), [])
  assert.deepEqual(problemsOf({ ports: [{ port: 1, protocol: '' }] }), [
    'ports[0].protocol: Unsupported value: "": supported values: "SCTP", "TCP", "UDP"',
  ])
  assert.equal(fieldsOf({ ports: [{ port: 1, appProtocol: '' }] })[0], 'ports[0].appProtocol')
})
