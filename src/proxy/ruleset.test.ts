import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { transaction } from '#host/nftables/transaction.ts'
import { rulesetOf } from './ruleset.ts'
import { hostPortsOf, servicePortsOf } from './service-ports.ts'
import { service, slice } from './testing.ts'

const facts = { clusterCidr: '10.244.0.0/16' }

test('a service port reaches its ready endpoints, a node port as well', () => {
  const [port] = servicePortsOf(
    service({ type: 'NodePort' }, { nodePort: 30_080 }),
    [slice('10.244.0.5', '10.244.0.6')],
    'here',
  )
  assert.ok(port)
  const rules = rulesetOf([port], [], facts)
  assert.equal(
    rules.maps.get('service-addresses')?.elements.get('10.96.0.7 . tcp . 80'),
    'goto service/default/web/tcp/http',
  )
  assert.equal(
    rules.maps.get('node-ports')?.elements.get('tcp . 30080'),
    'goto external/default/web/tcp/http',
  )
  assert.deepEqual(rules.chains.get('endpoint/default/web/tcp/http/10.244.0.6/8080'), [
    'ip saddr 10.244.0.6 meta mark set meta mark or 0x4000',
    'meta l4proto tcp dnat to 10.244.0.6:8080',
  ])
})

test('without endpoints a service is refused, not silent', () => {
  const rules = rulesetOf(servicePortsOf(service({}), [], 'here'), [], facts)
  assert.equal(
    rules.maps.get('refused-addresses')?.elements.get('10.96.0.7 . tcp . 80'),
    'goto refuse',
  )
  assert.equal(rules.maps.get('service-addresses')?.elements.size, 0)
})

test('headless and external names have no rules', () => {
  assert.deepEqual(
    servicePortsOf(service({ clusterIP: 'None' }), [slice('10.244.0.5')], 'here'),
    [],
  )
  assert.deepEqual(servicePortsOf(service({ type: 'ExternalName', clusterIP: '' }), [], 'here'), [])
})

test('what another proxy serves, or nobody, has no rules for as long as its label says so', () => {
  for (const label of ['service-proxy-name', 'headless']) {
    const labels = { [`service.kubernetes.io/${label}`]: '' }
    const labelled = service({})
    labelled.metadata.labels = labels
    assert.deepEqual(servicePortsOf(labelled, [slice('10.244.0.5')], 'here'), [])
    delete labelled.metadata.labels
    const foreign = slice('10.244.0.6')
    foreign.metadata.labels = labels
    const [port] = servicePortsOf(labelled, [slice('10.244.0.5'), foreign], 'here')
    assert.deepEqual(port?.internalEndpoints, [{ ip: '10.244.0.5', port: 8080 }])
  }
})

test('ready endpoints first; where there is none, those that still serve while ending', () => {
  const ending = slice('10.244.0.9')
  ending.endpoints = [
    { addresses: ['10.244.0.9'], conditions: { ready: false, serving: true, terminating: true } },
  ]
  const both = servicePortsOf(service({}), [slice('10.244.0.5'), ending], 'here')
  assert.deepEqual(both[0]?.internalEndpoints, [{ ip: '10.244.0.5', port: 8080 }])
  const onlyEnding = servicePortsOf(service({}), [ending], 'here')
  assert.deepEqual(onlyEnding[0]?.internalEndpoints, [{ ip: '10.244.0.9', port: 8080 }])
})

test('traffic policies keep to the node, and Local keeps the client address', () => {
  const slices = [slice('10.244.0.5'), slice('10.244.1.5')]
  slices[1]?.endpoints?.forEach(endpoint => {
    endpoint.nodeName = 'elsewhere'
  })
  const [port] = servicePortsOf(
    service({ externalTrafficPolicy: 'Local' }, { nodePort: 30_080 }),
    slices,
    'here',
  )
  assert.equal(port?.internalEndpoints.length, 2)
  assert.deepEqual(port?.externalEndpoints, [{ ip: '10.244.0.5', port: 8080 }])
  assert.equal(port?.keepsClientAddress, true)
})

/** On this node, for a Service whose endpoints may all be elsewhere. */
function balanced(endpoints: 'here' | 'elsewhere' | 'nowhere', spec: object = {}) {
  const found = slice('10.244.1.5')
  if (endpoints === 'elsewhere')
    for (const endpoint of found.endpoints ?? []) endpoint.nodeName = 'elsewhere'
  const asked = service(
    { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ...spec },
    { nodePort: 30_080 },
  )
  const ingress = [
    { ip: '203.0.113.7', ipMode: 'VIP' },
    { ip: '203.0.113.8', ipMode: 'Proxy' },
    { hostname: 'lb.example.com' },
  ]
  const told = { ...asked, status: { loadBalancer: { ingress } } } as unknown as Service
  const rules = rulesetOf(
    servicePortsOf(told, endpoints === 'nowhere' ? [] : [found], 'here'),
    [],
    facts,
  )
  const at = (map: string, key: string) => rules.maps.get(map)?.elements.get(key)
  return {
    chain: (name: string) => rules.chains.get(`${name}/default/web/tcp/http`),
    addressed: at('service-addresses', '203.0.113.7 . tcp . 80'),
    proxied: at('service-addresses', '203.0.113.8 . tcp . 80'),
    refused: at('refused-addresses', '203.0.113.7 . tcp . 80'),
    refusedNodePort: at('refused-node-ports', 'tcp . 30080'),
    dropped: at('dropped-addresses', '203.0.113.7 . tcp . 80'),
    droppedNodePort: at('dropped-node-ports', 'tcp . 30080'),
  }
}

const EXTERNAL = 'goto external/default/web/tcp/http'
const EVERYWHERE = 'goto everywhere/default/web/tcp/http'
const CHOICE = /^numgen random mod 1 vmap/

test('who is inside reaches a Service that keeps to its node wherever its endpoints are', () => {
  const here = balanced('here')
  assert.equal(here.addressed, EXTERNAL)
  assert.deepEqual([here.refused, here.dropped], [undefined, undefined])
  assert.equal(here.proxied, undefined, 'a balancer in between')
  const [fromPods, fromNode, choice = ''] = here.chain('external') ?? []
  assert.equal(fromPods, `ip saddr 10.244.0.0/16 ${EVERYWHERE}`)
  assert.equal(fromNode, `fib saddr type local ${EVERYWHERE}`)
  assert.match(choice, CHOICE)

  const elsewhere = balanced('elsewhere')
  assert.equal(elsewhere.addressed, EXTERNAL)
  assert.equal(elsewhere.chain('external')?.length, 2, 'nobody from outside')
  assert.match(elsewhere.chain('everywhere')?.[1] ?? '', CHOICE)
  assert.deepEqual([elsewhere.dropped, elsewhere.droppedNodePort], ['drop', 'drop'])
  assert.equal(elsewhere.refused, undefined)

  const nowhere = balanced('nowhere')
  assert.equal(nowhere.addressed, undefined)
  assert.deepEqual([nowhere.refused, nowhere.refusedNodePort], ['goto refuse', 'goto refuse'])
})

test('a load balancer’s address is open to the ranges that its Service names', () => {
  const loadBalancerSourceRanges = ['198.51.100.0/24', '192.0.2.1/32', '2001:db8::/32']
  const rules = balanced('here', { loadBalancerSourceRanges })
  assert.equal(rules.addressed, 'goto balancer/default/web/tcp/http')
  assert.deepEqual(rules.chain('balancer'), [
    `ip saddr { 198.51.100.0/24, 192.0.2.1/32 } ${EXTERNAL}`,
  ])
  assert.equal(rules.dropped, 'drop')
  assert.equal(rules.droppedNodePort, undefined)
})

test('session affinity asks the set of each endpoint first', () => {
  const [port] = servicePortsOf(
    service({ sessionAffinity: 'ClientIP' }),
    [slice('10.244.0.5')],
    'here',
  )
  const rules = rulesetOf(port ? [port] : [], [], facts)
  assert.match(
    rules.chains.get('service/default/web/tcp/http')?.[1] ?? '',
    /^ip saddr @affinity\/.* goto endpoint\//,
  )
  const update = (seconds?: number) => {
    const more = seconds && { sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } } }
    const at = service({ sessionAffinity: 'ClientIP', ...more })
    const { chains } = rulesetOf(servicePortsOf(at, [slice('10.244.0.5')], 'here'), [], facts)
    return chains.get('endpoint/default/web/tcp/http/10.244.0.5/8080')?.[1]
  }
  // A set that is there stays as it was made; so how long is said where an element is added, and may change.
  assert.match(update() ?? '', /saddr timeout 10800s/)
  assert.match(update(60) ?? '', /saddr timeout 60s/)
})

test('nobody takes an address inside the cluster by naming it as one outside', () => {
  const own = service({ type: 'ClusterIP' })
  const other = service({ clusterIP: '10.96.0.8', externalIPs: ['10.96.0.7', '192.0.2.9'] })
  other.metadata.name = 'thief'
  other.status = { loadBalancer: { ingress: [{ ip: '10.96.0.7' }] } } as Service['status']
  for (const slices of [[slice('10.244.0.5')], []])
    for (const services of [
      [own, other],
      [other, own],
    ]) {
      const ports = services.flatMap(each =>
        servicePortsOf(each, each === own ? slices : [slice('10.244.0.6')], 'here'),
      )
      const { maps } = rulesetOf(ports, [], facts)
      const at = (map: string) => maps.get(map)?.elements.get('10.96.0.7 . tcp . 80')
      const isServed = slices.length > 0
      assert.equal(
        at('service-addresses'),
        isServed ? 'goto service/default/web/tcp/http' : undefined,
      )
      assert.equal(at('refused-addresses'), isServed ? undefined : 'goto refuse')
      assert.equal(
        maps.get('service-addresses')?.elements.get('192.0.2.9 . tcp . 80'),
        'goto external/default/thief/tcp/http',
      )
    }
})

test('an address is one, however it is written: in two forms the kernel would take none of the rules', () => {
  const keys = (ips: string[], status = {}) => {
    const at = service({ clusterIP: 'fd00:10:96::7', externalIPs: ips })
    at.status = status as Service['status']
    const ports = servicePortsOf(at, [slice6('FD00:10:244:0::5', 'fd00:10:244::5')], 'here', 6)
    assert.deepEqual(ports[0]?.allEndpoints, [{ ip: 'fd00:10:244::5', port: 8080 }])
    return [...(rulesetOf(ports, [], facts6).maps.get('service-addresses')?.elements.keys() ?? [])]
  }
  const [inside, outside] = ['fd00:10:96::7 . tcp . 80', '2001:db8::9 . tcp . 80']
  assert.deepEqual(keys(['2001:DB8:0::9', '2001:db8::9']), [inside, outside])
  assert.deepEqual(keys([], { loadBalancer: { ingress: [{ ip: '2001:DB8::0:9' }] } }), [
    inside,
    outside,
  ])
})

test('host ports lead to the pod', () => {
  const pod = {
    metadata: { name: 'p', namespace: 'default' },
    status: { podIP: '10.244.0.5' },
    spec: {
      containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }] }],
    },
  } as unknown as Pod
  const rules = rulesetOf([], hostPortsOf(pod), facts)
  assert.equal(
    rules.maps.get('node-ports')?.elements.get('tcp . 8080'),
    'goto host/default/p/tcp/8080',
  )
})

const facts6 = { clusterCidr: 'fd00:10:244::/56' }
const both = {
  ...{ clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00:10:96::7'] },
  ...{ ipFamilies: ['IPv4', 'IPv6'], type: 'NodePort', sessionAffinity: 'ClientIP' },
  externalIPs: ['192.0.2.9', '2001:db8::9'],
}

test('each family has rules of its own addresses, in words of its own', () => {
  const slices = [slice('10.244.0.5'), slice6('fd00:10:244::5')]
  const of = (family: 4 | 6) =>
    servicePortsOf(service(both, { nodePort: 30_080 }), slices, 'here', family)
  const [four, six] = [rulesetOf(of(4), [], facts), rulesetOf(of(6), [], facts6)]
  const keys = ({ maps }: typeof four) => [
    ...(maps.get('service-addresses')?.elements.keys() ?? []),
  ]
  assert.deepEqual(keys(four), ['10.96.0.7 . tcp . 80', '192.0.2.9 . tcp . 80'])
  assert.deepEqual(keys(six), ['fd00:10:96::7 . tcp . 80', '2001:db8::9 . tcp . 80'])
  assert.match(six.maps.get('service-addresses')?.type ?? '', /^ipv6_addr \./)
  const chain = 'endpoint/default/web/tcp/http/fd00_10_244__5/8080'
  const set = 'affinity/default/web/tcp/http/fd00_10_244__5/8080'
  assert.deepEqual(six.chains.get(chain), [
    'ip6 saddr fd00:10:244::5 meta mark set meta mark or 0x4000',
    `update @${set} { ip6 saddr timeout 10800s }`,
    'meta l4proto tcp dnat to [fd00:10:244::5]:8080',
  ])
  assert.match(six.sets.get(set) ?? '', /type ipv6_addr;/)
  const ofIpv4 = [...six.chains.values()].flat().filter(rule => /\bip (saddr|daddr)/.test(rule))
  assert.deepEqual(ofIpv4, [])
  // Names of chains have no colons: nft would not take them.
  assert.ok([...six.chains.keys(), ...six.sets.keys()].every(name => !name.includes(':')))
})

test('a Service of one family is not served at node ports of the other', () => {
  const single = service({ type: 'NodePort', clusterIPs: ['10.96.0.7'] }, { nodePort: 30_080 })
  assert.deepEqual(servicePortsOf(single, [slice6('fd00:10:244::5')], 'here', 6), [])
})

test('a host port is one of each family, or of the family of its address', () => {
  const pod = (hostIP?: string) =>
    ({
      metadata: { name: 'p', namespace: 'default' },
      spec: {
        containers: [
          {
            ports: [
              { containerPort: 80, hostPort: 8080, protocol: 'TCP', ...(hostIP ? { hostIP } : {}) },
            ],
          },
        ],
      },
      status: { podIP: '10.244.0.7', podIPs: [{ ip: '10.244.0.7' }, { ip: 'fd00:10:244::7' }] },
    }) as unknown as Pod
  const places = (hostIP?: string) =>
    ([4, 6] as const).flatMap(family =>
      hostPortsOf(pod(hostIP), family).map(({ hostIp, endpoint }) => [hostIp, endpoint.ip]),
    )
  const [four, six] = ['10.244.0.7', 'fd00:10:244::7']
  assert.deepEqual(places(), [
    ['', four],
    ['', six],
  ])
  assert.deepEqual(places('0.0.0.0'), [['', four]])
  assert.deepEqual(places('::'), [['', six]])
  assert.deepEqual(places('192.0.2.1'), [['192.0.2.1', four]])
  assert.deepEqual(places('2001:db8::1'), [['2001:db8::1', six]])
  assert.deepEqual(places('2001:DB8:0::1'), [['2001:db8::1', six]])
})

test('an address of a host port is on the node, or it is none', () => {
  const pod = (hostIP: string, name = 'p') =>
    ({
      metadata: { name, namespace: 'default' },
      spec: { containers: [{ ports: [{ containerPort: 80, hostPort: 443, hostIP }] }] },
      status: { podIP: '10.244.0.7' },
    }) as unknown as Pod
  // The API server takes any text, upstream's too, and this would be commands for nft.
  for (const hostIP of ['}\nflush ruleset\nadd element ip proa x { 1.2.3.4', 'x', ' 1.2.3.4', '1'])
    assert.deepEqual(hostPortsOf(pod(hostIP)), [], hostIP)
  const { maps, chains } = rulesetOf([], hostPortsOf(pod('10.96.0.1')), facts)
  assert.equal(maps.get('service-addresses')?.elements.size, 0)
  assert.deepEqual(
    [...(maps.get('host-addresses')?.elements.keys() ?? [])],
    ['10.96.0.1 . tcp . 443'],
  )
  const asks = chains.get('services')?.filter(rule => rule.endsWith('@host-addresses'))
  assert.match(`${asks}`, /^fib daddr type local ip daddr /)
  // nft takes names of at most 255 letters.
  const long = rulesetOf([], hostPortsOf(pod('192.0.2.1', `${'p'.repeat(250)}.q`)), facts)
  const other = rulesetOf([], hostPortsOf(pod('192.0.2.1', `${'p'.repeat(250)}.r`)), facts)
  const named = ({ chains }: typeof long) => [...chains.keys()].find(name => /^host\//.test(name))
  assert.ok((named(long) ?? '').length < 256)
  assert.notEqual(named(long), named(other))
})

test('a change writes only what differs, in an order that nft takes', () => {
  const one = rulesetOf(servicePortsOf(service({}), [slice('10.244.0.5')], 'here'), [], facts)
  const two = rulesetOf(servicePortsOf(service({}), [slice('10.244.0.6')], 'here'), [], facts)
  assert.equal(transaction({ family: 'ip', name: 'proa' }, one, one), '')
  assert.deepEqual(transaction({ family: 'ip', name: 'proa' }, one, two).trim().split('\n'), [
    'add chain ip proa endpoint/default/web/tcp/http/10.244.0.6/8080',
    'add rule ip proa endpoint/default/web/tcp/http/10.244.0.6/8080 ip saddr 10.244.0.6 meta mark set meta mark or 0x4000',
    'add rule ip proa endpoint/default/web/tcp/http/10.244.0.6/8080 meta l4proto tcp dnat to 10.244.0.6:8080',
    'flush chain ip proa service/default/web/tcp/http',
    'add rule ip proa service/default/web/tcp/http ip saddr != 10.244.0.0/16 meta mark set meta mark or 0x4000',
    'add rule ip proa service/default/web/tcp/http numgen random mod 1 vmap { 0 : goto endpoint/default/web/tcp/http/10.244.0.6/8080 }',
    'flush chain ip proa endpoint/default/web/tcp/http/10.244.0.5/8080',
    'delete chain ip proa endpoint/default/web/tcp/http/10.244.0.5/8080',
  ])
})

function slice6(...ips: string[]): EndpointSlice {
  return { ...slice(...ips), addressType: 'IPv6', metadata: { name: 'web-2' } }
}
