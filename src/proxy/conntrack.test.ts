import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import {
  changedDestinations,
  type Destinations,
  flowOf,
  isStale,
  udpDestinationsOf,
} from './conntrack.ts'
import { FlowCleaner } from './flow-cleaner.ts'
import type { Endpoint, HostPort, ServicePort } from './service-ports.ts'

const one = { ip: '10.244.0.5', port: 53 }
const two = { ip: '10.244.0.6', port: 53 }
const isLocal = (ip: string) => ip === '192.0.2.1'

test('destinations are those of UDP alone: cluster and external addresses, node and host ports', () => {
  const port = dns([one], { nodePort: 30_053, externalIps: ['198.51.100.1'] })
  const hostPort: HostPort = {
    ...{ name: 'default/p/udp/5353', protocol: 'udp', port: 5353, hostIp: '' },
    endpoint: two,
  }
  const tcp = { ...hostPort, protocol: 'tcp', port: 80 } as const
  assert.deepEqual(
    [...udpDestinationsOf([port, { ...port, protocol: 'tcp', port: 54 }], [hostPort, tcp])],
    [
      ['10.96.0.10:53', new Set(['10.244.0.5:53'])],
      ['198.51.100.1:53', new Set(['10.244.0.5:53'])],
      [':30053', new Set(['10.244.0.5:53'])],
      [':5353', new Set(['10.244.0.6:53'])],
    ],
  )
})

test('nobody takes flows from another by naming its address', () => {
  const thief = dns([two], { clusterIps: ['10.96.0.11'], externalIps: ['10.96.0.10', '1.1.1.1'] })
  const owner = dns([one], { externalIps: ['1.1.1.1'] })
  const answering = (services: ServicePort[], at: string) => [
    ...(udpDestinationsOf(services, []).get(at) ?? []),
  ]
  for (const services of [
    [thief, owner],
    [owner, thief],
  ])
    assert.deepEqual(answering(services, '10.96.0.10:53'), ['10.244.0.5:53'])
  assert.deepEqual(answering([owner, thief], '1.1.1.1:53'), ['10.244.0.5:53'])
})

const changes: readonly [what: string, ServicePort[] | undefined, ServicePort[], string[]][] = [
  ['nothing', [dns([one])], [dns([one])], []],
  ['one more endpoint', [dns([one])], [dns([one, two])], []],
  ['an endpoint goes', [dns([one, two])], [dns([two])], ['10.96.0.10:53']],
  ['another port', [dns([one])], [dns([{ ...one, port: 5353 }])], ['10.96.0.10:53']],
  ['the first endpoint', [dns([])], [dns([one])], ['10.96.0.10:53']],
  ['the last one goes', [dns([one])], [dns([])], ['10.96.0.10:53']],
  ['a new service', [], [dns([one])], ['10.96.0.10:53']],
  ['a service goes', [dns([one])], [], ['10.96.0.10:53']],
  [
    'another node port',
    [dns([one], { nodePort: 30_053 })],
    [dns([one], { nodePort: 30_054 })],
    [':30053', ':30054'],
  ],
  ['an external address', [dns([one])], [dns([one], { externalIps: ['1.1.1.1'] })], ['1.1.1.1:53']],
  ['a start', undefined, [dns([one])], ['10.96.0.10:53']],
]
for (const [what, before, after, expected] of changes)
  test(`what to look at after ${what}`, () => {
    const old = before && udpDestinationsOf(before, [])
    const changed = changedDestinations(old, udpDestinationsOf(after, []))
    assert.deepEqual([...changed].sort(), expected)
  })

test('lines of a listing become flows; others are none', () => {
  const line =
    'udp      17 29 src=10.244.0.2 dst=10.96.0.10 sport=4000 dport=53 [UNREPLIED] src=10.244.0.5 dst=10.244.0.1 sport=5353 dport=4000 mark=0 use=1'
  assert.deepEqual(flowOf(line), {
    destination: { ip: '10.96.0.10', port: 53 },
    answeredBy: { ip: '10.244.0.5', port: 5353 },
  })
  const counted =
    'udp      17 175 src=10.244.0.2 dst=10.96.0.10 sport=4000 dport=53 packets=3 bytes=90 src=10.244.0.5 dst=10.244.0.2 sport=53 dport=4000 packets=3 bytes=90 [ASSURED] mark=0 zone=2 use=1'
  assert.deepEqual(flowOf(counted)?.answeredBy, one)
  assert.equal(flowOf('tcp      6 431999 ESTABLISHED src=10.244.0.2 dst=10.96.0.10'), undefined)
  assert.equal(flowOf(''), undefined)
})

const judged: readonly [what: string, to: Endpoint, by: Endpoint, stale: boolean][] = [
  ['to an endpoint that is gone', vip(53), one, true],
  ['to one that serves', vip(53), two, false],
  ['never translated', vip(53), vip(53), true],
  ['to a port of a service that did not change', vip(54), one, false],
  ['to the node port, and a gone endpoint', { ip: '192.0.2.1', port: 30_053 }, one, true],
  ['to the node port, and a living one', { ip: '192.0.2.1', port: 30_053 }, two, false],
  ['to the node port, untranslated', ...untranslated('192.0.2.1', 30_053), true],
  ["to another machine's port of that number", ...untranslated('203.0.113.7', 30_053), false],
  ['to a service address whose port has that number', ...untranslated('10.96.0.10', 30_053), false],
]
for (const [what, destination, answeredBy, expected] of judged)
  test(`a flow ${what} is ${expected ? 'deleted' : 'left alone'}`, () => {
    const now: Destinations = new Map([
      ['10.96.0.10:53', new Set(['10.244.0.6:53'])],
      ['10.96.0.10:54', new Set(['10.244.0.6:53'])],
      ['10.96.0.10:30053', new Set(['10.244.0.6:53'])],
      [':30053', new Set(['10.244.0.6:53'])],
    ])
    const changed = new Set(['10.96.0.10:53', ':30053'])
    assert.equal(isStale({ destination, answeredBy }, changed, now, isLocal), expected)
  })

test('of a service that is gone every flow is deleted', () => {
  const changed = new Set(['10.96.0.10:53'])
  assert.ok(isStale({ destination: vip(53), answeredBy: one }, changed, new Map(), isLocal))
})

test('without the command it is told once', async () => {
  const warnings: string[] = []
  const log = { ...silentLog, warn: (message: string) => warnings.push(message) }
  const cleaner = new FlowCleaner({ log, family: 4, conntrack: ['/nowhere/conntrack'] })
  for (const endpoints of [[one], [two], [one]]) {
    cleaner.settled(udpDestinationsOf([dns(endpoints)], []))
    await cleaner.idle()
  }
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /package conntrack/)
  await cleaner.stop()
})

function vip(port: number): Endpoint {
  return { ip: '10.96.0.10', port }
}

function untranslated(ip: string, port: number): [Endpoint, Endpoint] {
  return [
    { ip, port },
    { ip, port },
  ]
}

function dns(servingEndpoints: readonly Endpoint[], more: Partial<ServicePort> = {}): ServicePort {
  return {
    ...{ name: 'default/dns/udp/dns', protocol: 'udp', port: 53, clusterIps: ['10.96.0.10'] },
    ...{ externalIps: [], balancerIps: [], sourceRanges: [] },
    ...{ nodePort: undefined, affinitySeconds: undefined, allEndpoints: servingEndpoints },
    ...{ internalEndpoints: servingEndpoints, externalEndpoints: servingEndpoints },
    ...{ servingEndpoints, keepsClientAddress: false },
    ...more,
  }
}
