/** What upstream's proxy does in rarer cases, found by `tests/machine/upstream/proxy.test.ts`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import { rulesetOf } from './ruleset.ts'
import { servicePortsOf } from './service-ports.ts'
import { service, slice } from './testing.ts'

const facts = { clusterCidr: '10.244.0.0/16' }

test('hints lead to endpoints of the same node, or else of the same zone, where all have some', () => {
  const hinted = (ip: string, hints: object | undefined) => {
    const made = slice(ip)
    for (const endpoint of made.endpoints ?? []) Object.assign(endpoint, hints && { hints })
    return made
  }
  const zone = (name: string) => ({ forZones: [{ name }] })
  const both = (node: string, name: string) => ({ forNodes: [{ name: node }], ...zone(name) })
  const chosen = (hints: readonly (object | undefined)[], mine: string | undefined = 'z') => {
    const slices = hints.map((each, index) => hinted(`10.244.0.${index + 1}`, each))
    const [port] = servicePortsOf(service({}), slices, 'here', 4, mine)
    return port?.internalEndpoints.map(({ ip }) => ip.split('.').at(-1)).join()
  }
  assert.equal(chosen([zone('z'), zone('y')]), '1')
  assert.equal(chosen([zone('z'), undefined]), '1,2')
  assert.equal(chosen([zone('x'), zone('y')]), '1,2', 'none is for this zone')
  assert.equal(chosen([zone('z'), zone('y')], ''), '1,2', 'the zone is not known')
  assert.equal(chosen([both('here', 'z'), both('there', 'z'), both('far', 'y')]), '1')
  assert.equal(chosen([both('there', 'z'), both('far', 'y')]), '1', 'none on the node')
  assert.equal(chosen([both('here', 'z'), zone('z'), zone('y')]), '1,2')
})

test('of two Services with the same outer address the first has it', () => {
  const named = (name: string, status: object = {}) => {
    const made = service({ externalIPs: ['192.0.2.1'] })
    return { ...made, metadata: { ...made.metadata, name }, status } as Service
  }
  const other = {
    ...named('b'),
    spec: { ...named('b').spec, clusterIPs: ['10.96.0.8'] },
  } as Service
  const ports = [named('a'), other].flatMap(each =>
    servicePortsOf(each, each === other ? [] : [slice('10.244.0.5')], 'here'),
  )
  const key = '192.0.2.1 . tcp . 80'
  const [first, second] = [ports, [...ports].reverse()].map(each => rulesetOf(each, [], facts))
  assert.equal(
    first?.maps.get('service-addresses')?.elements.get(key),
    'goto external/default/a/tcp/http',
  )
  assert.equal(first?.maps.get('refused-addresses')?.elements.has(key), false)
  assert.equal(second?.maps.get('service-addresses')?.elements.has(key), false)
  assert.equal(second?.maps.get('refused-addresses')?.elements.get(key), 'goto refuse')
})

test('a Service that keeps to nodes on which none of its endpoints are is silent there, to inner clients too', () => {
  const elsewhere = slice('10.244.1.5')
  for (const endpoint of elsewhere.endpoints ?? []) endpoint.nodeName = 'elsewhere'
  const ports = servicePortsOf(service({ internalTrafficPolicy: 'Local' }), [elsewhere], 'here')
  const rules = rulesetOf(ports, [], facts)
  const key = '10.96.0.7 . tcp . 80'
  assert.equal(rules.maps.get('refused-addresses')?.elements.get(key), 'drop')
})

test('ports that no Service has at its address are refused', () => {
  const rules = rulesetOf(servicePortsOf(service({}), [slice('10.244.0.5')], 'here'), [], facts)
  assert.deepEqual(rules.filled?.get('cluster-ips')?.elements, new Set(['10.96.0.7']))
  for (const hook of ['forward', 'output']) {
    const chain = rules.chains.get(`unknown-port-${hook}`)
    assert.equal(chain?.[1], 'ct state new ip daddr @cluster-ips goto refuse')
  }
})

test('a load balancer that is closed to somebody tells him nothing, nor the node itself', () => {
  const closed = service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24'] })
  closed.status = { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } }
  const rules = rulesetOf(servicePortsOf(closed, [], 'here'), [], facts)
  const key = '198.51.100.1 . tcp . 80'
  const verdict = rules.maps.get('refused-addresses')?.elements.get(key)
  assert.equal(verdict, 'goto refused/default/web/tcp/http')
  assert.deepEqual(rules.chains.get('refused/default/web/tcp/http'), [
    'ip saddr { 192.0.2.0/24 } goto refuse',
    'drop',
  ])
  const output = rules.chains.get('unknown-port-output')?.join()
  assert.match(output ?? '', /@dropped-addresses/)
})
