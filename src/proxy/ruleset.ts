/**
 * From service ports of one family to the wanted contents of its nftables table. Pure. Layout:
 *
 *   prerouting, output (nat) → services → by address, protocol and port → service/… → endpoint/… → dnat
 *   postrouting (nat)        masquerades what was marked: hairpins, traffic from outside, pods that leave the cluster
 *   refuse-* (filter)        services without endpoints are refused at once instead of timing out
 *   unknown-port-* (filter)  so are ports that no service has at its address
 */
import type { Ruleset, VerdictMap } from '#host/nftables/ruleset.ts'
import { type Family, familyOf, inName, target, wordsOf } from './family.ts'
import type { Endpoint, HostPort, ServicePort } from './service-ports.ts'

export interface ProxyFacts {
  /** Addresses of pods, of the family that the rules are for; traffic from elsewhere to a service is masqueraded. */
  readonly clusterCidr: string
}

/** The chain that every packet to a Service passes. */
export const GATE = 'services'

/** Marks packets that postrouting has to masquerade. The bit is upstream's. */
const MASQUERADE_MARK = '0x4000'
const mark = `meta mark set meta mark or ${MASQUERADE_MARK}`

/** Of `services` that name the same outer address and port the first has it. */
export function rulesetOf(
  services: readonly ServicePort[],
  hostPorts: readonly HostPort[],
  facts: ProxyFacts,
): Ruleset {
  const building = new Building(familyOf(facts.clusterCidr))
  for (const { clusterIps, protocol, port } of services)
    for (const ip of clusterIps) building.internal.add(addressKey(ip, protocol, port))
  for (const service of services) addService(building, service, facts)
  for (const hostPort of hostPorts) addHostPort(building, hostPort)
  const { sets, chains, addressed, nodePorts, refused, refusedNodePorts } = building
  const { dropped, droppedNodePorts, hostAddressed } = building
  for (const [name, rules] of baseChains(facts)) chains.set(name, rules)
  const byAddress = `${building.words.addressType} . inet_proto . inet_service : verdict`
  const byPort = 'inet_proto . inet_service : verdict'
  const maps = new Map<string, VerdictMap>([
    ['service-addresses', { type: byAddress, elements: addressed }],
    ['host-addresses', { type: byAddress, elements: hostAddressed }],
    ['node-ports', { type: byPort, elements: nodePorts }],
    ['refused-addresses', { type: byAddress, elements: refused }],
    ['refused-node-ports', { type: byPort, elements: refusedNodePorts }],
    ['dropped-addresses', { type: byAddress, elements: dropped }],
    ['dropped-node-ports', { type: byPort, elements: droppedNodePorts }],
  ])
  const elements = new Set(services.flatMap(({ clusterIps }) => clusterIps))
  const filled = new Map([['cluster-ips', { type: building.words.addressType, elements }]])
  return { sets, filled, maps, chains }
}

class Building {
  readonly words
  readonly sets = new Map<string, string>()
  readonly chains = new Map<string, readonly string[]>()
  /** What a Service has inside the cluster, which nobody takes from it by naming the same as an outer address. */
  readonly internal = new Set<string>()
  /** Outer addresses, which the first has that names them: a later Service must not take them from it. */
  readonly external = new Map<string, ServicePort>()
  readonly addressed = new Map<string, string>()
  /** Of host ports: they are on addresses of the node, whatever address is named. */
  readonly hostAddressed = new Map<string, string>()
  readonly nodePorts = new Map<string, string>()
  readonly refused = new Map<string, string>()
  readonly refusedNodePorts = new Map<string, string>()
  readonly dropped = new Map<string, string>()
  readonly droppedNodePorts = new Map<string, string>()

  constructor(family: Family) {
    this.words = wordsOf(family)
  }

  /** Whether an outer address is this Service's. */
  claim(key: string, service: ServicePort): boolean {
    if (this.internal.has(key)) return false
    const first = this.external.get(key) ?? service
    this.external.set(key, first)
    return first === service
  }

  /** Matches packets of pods, or of all others. */
  from(side: 'pods' | 'others', { clusterCidr }: ProxyFacts): string {
    return `${this.words.ip} saddr ${side === 'pods' ? '' : '!= '}${clusterCidr}`
  }
}

function baseChains({ clusterCidr }: ProxyFacts): [string, string[]][] {
  const { ip, loopback } = wordsOf(familyOf(clusterCidr))
  const ask = (what: string) => [
    `ct state new ${ip} daddr . meta l4proto . th dport vmap @${what}-addresses`,
    `ct state new fib daddr type local meta l4proto . th dport vmap @${what}-node-ports`,
  ]
  const refuse = ask('refused')
  // Of what comes from outside: what the node itself sends has not been translated yet where it goes out.
  const refuseOrDrop = [...refuse, ...ask('dropped')]
  return [
    // A reset for TCP: the kernel may hold back an ICMP error for a second, and the client would wait for it.
    ['refuse', ['meta l4proto tcp reject with tcp reset', 'reject']],
    [
      GATE,
      [
        `${ip} daddr . meta l4proto . th dport vmap @service-addresses`,
        `fib daddr type local ${ip} daddr . meta l4proto . th dport vmap @host-addresses`,
        `fib daddr type local ${ip} daddr != ${loopback} meta l4proto . th dport vmap @node-ports`,
      ],
    ],
    ['prerouting', ['type nat hook prerouting priority dstnat; policy accept;', 'jump services']],
    ['output', ['type nat hook output priority -100; policy accept;', 'jump services']],
    [
      'postrouting',
      [
        'type nat hook postrouting priority srcnat; policy accept;',
        `meta mark and ${MASQUERADE_MARK} != 0 meta mark set meta mark xor ${MASQUERADE_MARK} masquerade`,
        `${ip} saddr ${clusterCidr} ${ip} daddr != ${clusterCidr} fib daddr type != local masquerade`,
      ],
    ],
    ['refuse-input', ['type filter hook input priority -110; policy accept;', ...refuseOrDrop]],
    ['refuse-forward', ['type filter hook forward priority -110; policy accept;', ...refuseOrDrop]],
    // Behind the translation: what still goes to the address of a Service asks for a port that it does not have.
    [
      'unknown-port-forward',
      [
        'type filter hook forward priority 0; policy accept;',
        `ct state new ${ip} daddr @cluster-ips goto refuse`,
      ],
    ],
    [
      'unknown-port-output',
      [
        'type filter hook output priority 0; policy accept;',
        `ct state new ${ip} daddr @cluster-ips goto refuse`,
        // So do balancers that are closed to the node itself.
        ...ask('dropped').slice(0, 1),
      ],
    ],
    ['refuse-output', ['type filter hook output priority -110; policy accept;', ...refuse]],
  ]
}

const addressKey = (ip: string, protocol: string, port: number) => `${ip} . ${protocol} . ${port}`

function addService(building: Building, service: ServicePort, facts: ProxyFacts): void {
  const { name, protocol, port } = service
  const key = (ip: string) => addressKey(ip, protocol, port)
  if (service.internalEndpoints.length === 0) {
    // Where other nodes have some, who asks this one is not told that there are none.
    const verdict = service.allEndpoints.length > 0 ? 'drop' : 'goto refuse'
    for (const ip of service.clusterIps) building.refused.set(key(ip), verdict)
  } else {
    const internal = `service/${name}`
    building.chains.set(internal, [
      `${building.from('others', facts)} ${mark}`,
      ...balance(building, service, service.internalEndpoints),
    ])
    for (const ip of service.clusterIps) building.addressed.set(key(ip), `goto ${internal}`)
  }
  addExternal(building, service, facts)
}

/** Where it is reached from outside, and from inside by those who use its outer addresses. */
function addExternal(building: Building, service: ServicePort, facts: ProxyFacts): void {
  const { name, protocol, port, nodePort, sourceRanges } = service
  const key = (ip: string) => addressKey(ip, protocol, port)
  const [externalIps, balancerIps] = [service.externalIps, service.balancerIps].map(ips =>
    ips.filter(ip => building.claim(key(ip), service)),
  ) as [string[], string[]]
  const addresses = [...externalIps, ...balancerIps]
  if (addresses.length === 0 && nodePort === undefined) return
  const isServedHere = service.externalEndpoints.length > 0
  if (!isServedHere) {
    // Where other nodes have some, who asks this one is not told that there are none.
    const isServed = service.allEndpoints.length > 0
    const verdict = isServed ? 'drop' : 'goto refuse'
    const [byAddress, byPort] = isServed
      ? [building.dropped, building.droppedNodePorts]
      : [building.refused, building.refusedNodePorts]
    for (const ip of externalIps) byAddress.set(key(ip), verdict)
    const isToldToAll = isServed || sourceRanges.length === 0
    if (!isToldToAll && balancerIps.length > 0)
      building.chains.set(`refused/${name}`, [
        `${building.words.ip} saddr { ${sourceRanges.join(', ')} } goto refuse`,
        'drop',
      ])
    for (const ip of balancerIps)
      byAddress.set(key(ip), isToldToAll ? verdict : `goto refused/${name}`)
    if (nodePort !== undefined) byPort.set(`${protocol} . ${nodePort}`, verdict)
    if (!isServed) return
  }
  const external = `external/${name}`
  building.chains.set(external, [
    ...(service.keepsClientAddress ? fromInside(building, service, facts) : [mark]),
    ...(isServedHere ? balance(building, service, service.externalEndpoints) : []),
  ])
  for (const ip of externalIps) building.addressed.set(key(ip), `goto ${external}`)
  if (nodePort !== undefined)
    building.nodePorts.set(`${protocol} . ${nodePort}`, `goto ${external}`)
  const isOpen = sourceRanges.length === 0
  const balancer = isOpen ? external : `balancer/${name}`
  if (!isOpen && balancerIps.length > 0)
    building.chains.set(balancer, [
      `${building.words.ip} saddr { ${sourceRanges.join(', ')} } goto ${external}`,
    ])
  for (const ip of balancerIps) {
    building.addressed.set(key(ip), `goto ${balancer}`)
    if (!isOpen) building.dropped.set(key(ip), 'drop')
  }
}

/** Of a Service that keeps to the node: pods and the node itself are no clients from outside, and may go to all of its endpoints. */
function fromInside(building: Building, service: ServicePort, facts: ProxyFacts): string[] {
  const everywhere = `everywhere/${service.name}`
  building.chains.set(everywhere, [
    `${building.from('others', facts)} ${mark}`,
    ...balance(building, service, service.allEndpoints),
  ])
  return [
    `${building.from('pods', facts)} goto ${everywhere}`,
    `fib saddr type local goto ${everywhere}`,
  ]
}

/** Rules that send a new connection to one endpoint: the one the client had before, if it is to stay with it, else any. */
function balance(
  building: Building,
  service: ServicePort,
  endpoints: readonly Endpoint[],
): string[] {
  const targets = endpoints.map(endpoint => endpointChain(building, service, endpoint))
  const sticky =
    service.affinitySeconds === undefined
      ? []
      : endpoints.map(
          (endpoint, index) =>
            `${building.words.ip} saddr @${affinitySet(service, endpoint)} goto ${targets[index]}`,
        )
  const choices = targets.map((target, index) => `${index} : goto ${target}`).join(', ')
  return [...sticky, `numgen random mod ${targets.length} vmap { ${choices} }`]
}

function endpointChain(building: Building, service: ServicePort, endpoint: Endpoint): string {
  const chain = `endpoint/${service.name}/${inName(endpoint.ip)}/${endpoint.port}`
  const { ip, addressType } = building.words
  const rules = [`${ip} saddr ${endpoint.ip} ${mark}`]
  if (service.affinitySeconds !== undefined) {
    const set = affinitySet(service, endpoint)
    // How long is said with each element: what a set is made with stays, whatever becomes of the Service.
    building.sets.set(set, `{ type ${addressType}; flags dynamic,timeout; size 65535; }`)
    rules.push(`update @${set} { ${ip} saddr timeout ${service.affinitySeconds}s }`)
  }
  rules.push(`meta l4proto ${service.protocol} dnat to ${target(endpoint.ip, endpoint.port)}`)
  building.chains.set(chain, rules)
  return chain
}

function affinitySet(service: ServicePort, endpoint: Endpoint): string {
  return `affinity/${service.name}/${inName(endpoint.ip)}/${endpoint.port}`
}

function addHostPort(
  building: Building,
  { name, protocol, port, hostIp, endpoint }: HostPort,
): void {
  const chain = `host/${name}`
  building.chains.set(chain, [
    `${building.words.ip} saddr ${endpoint.ip} ${mark}`,
    `meta l4proto ${protocol} dnat to ${target(endpoint.ip, endpoint.port)}`,
  ])
  if (hostIp) building.hostAddressed.set(addressKey(hostIp, protocol, port), `goto ${chain}`)
  else building.nodePorts.set(`${protocol} . ${port}`, `goto ${chain}`)
}
