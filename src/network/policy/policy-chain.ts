/**
 * What a set of policies allows to a pod, as one chain that returns for what is allowed and drops the rest. However many policies there are, what they
 * say of the same peers, and of the same ports, becomes one rule with one set each. The name comes from the content: pods for which the same is
 * allowed share the chain. Pure.
 */
import { createHash } from 'node:crypto'
import type { FilledSet } from '#host/nftables/ruleset.ts'
import {
  ALL_PORTS,
  type Allowance,
  type Direction,
  type PeerSelector,
  type Ports,
} from './allowance.ts'
import type { Protocol } from './policed-pod.ts'
import {
  type AddressRanges,
  addressText,
  type Family,
  mergeAddresses,
  mergePorts,
  type PortRanges,
  portText,
} from './ranges.ts'

export interface PolicyChain {
  readonly name: string
  readonly rules: readonly string[]
  /** Sets of the addresses of pods that one of these selects. */
  readonly peers: ReadonlyMap<string, readonly PeerSelector[]>
  /** The same for what is selected with some of its ports only: sets of address, protocol and port. */
  readonly served: ReadonlyMap<string, readonly PeerSelector[]>
  readonly blocks: ReadonlyMap<string, FilledSet>
  /** Sets of addresses with the number that a named port has there; the value is `tcp/http`. */
  readonly ports: ReadonlyMap<string, string>
}

const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp']
const IP = { 4: 'ip', 6: 'ip6' } as const
export const ADDRESS_TYPE = { 4: 'ipv4_addr', 6: 'ipv6_addr' } as const

export function policyChain(
  allowances: readonly Allowance[],
  direction: Direction,
  family: Family,
): PolicyChain {
  const building = {
    peers: new Map<string, readonly PeerSelector[]>(),
    served: new Map<string, readonly PeerSelector[]>(),
    blocks: new Map<string, FilledSet>(),
    ports: new Map<string, string>(),
  }
  const field = `${IP[family]} ${direction === 'ingress' ? 'saddr' : 'daddr'}`
  const rules = byPorts(byPeers(allowances, family)).flatMap(group => {
    const matches = peerMatches(group, { building, field, family })
    const ports = portMatches(group.ports, { building, family })
    return matches.flatMap(match =>
      ports.map(port => [match, port, 'return'].filter(Boolean).join(' ')),
    )
  })
  rules.push('drop')
  return { name: `${direction}${family}/${hashOf(rules.join('\n'))}`, rules, ...building }
}

/** Whoever has these peers has these ports; of `any`, selectors and blocks one or several say who. */
interface Group {
  any: boolean
  readonly selectors: PeerSelector[]
  readonly block: AddressRanges[number][]
  readonly ports: Ports
}

/** Collected in place: a policy may have tens of thousands of rules, and copying what is known for each would take minutes. */
class GatheredPorts implements Ports {
  any = false
  readonly numbers: Partial<Record<Protocol, PortRanges[number][]>> = {}
  readonly names: string[] = []

  add({ any, numbers, names }: Ports): void {
    this.any ||= any
    for (const protocol of PROTOCOLS)
      for (const range of numbers[protocol] ?? []) {
        this.numbers[protocol] ??= []
        this.numbers[protocol].push(range)
      }
    for (const name of names) this.names.push(name)
  }
}

/** One group for each sort of peers, with all ports that it may use. */
function byPeers(allowances: readonly Allowance[], family: Family): Group[] {
  const groups = new Map<string, Group & { readonly ports: GatheredPorts }>()
  const add = (key: string, ports: Ports, peers: Partial<Group>) => {
    let known = groups.get(key)
    if (!known) {
      known = { any: false, selectors: [], block: [], ...peers, ports: new GatheredPorts() }
      groups.set(key, known)
    }
    known.ports.add(ports)
  }
  for (const { peers, ports } of allowances) {
    if (peers.any) add('any', ports, { any: true })
    for (const selector of peers.selectors)
      add(`pods ${selector.key}`, ports, { selectors: [selector] })
    const block = mergeAddresses(peers.blocks[family])
    if (block.length > 0) add(`block ${blockText(block, family)}`, ports, { block })
  }
  return [...groups.values()]
}

/** One group for each sort of ports, with all peers that may use it; in an order that does not depend on that of the policies. */
function byPorts(groups: readonly Group[]): Group[] {
  const joined = new Map<string, Group>()
  for (const group of groups) {
    const ports = tidyPorts(group.ports)
    const key = JSON.stringify(ports)
    const known = joined.get(key)
    if (!known) joined.set(key, { ...group, ports })
    else {
      known.any ||= group.any
      for (const selector of group.selectors) known.selectors.push(selector)
      for (const range of group.block) known.block.push(range)
    }
  }
  return [...joined].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => group)
}

function tidyPorts({ any, numbers, names }: Ports): Ports {
  if (any) return { any, numbers: {}, names: [] }
  const tidy: Partial<Record<Protocol, Ports['numbers'][Protocol]>> = {}
  for (const protocol of PROTOCOLS) {
    const ranges = numbers[protocol]
    if (ranges) tidy[protocol] = mergePorts(ranges)
  }
  return { any, numbers: tidy, names: [...new Set(names)].sort() }
}

interface Building {
  readonly peers: Map<string, readonly PeerSelector[]>
  readonly served: Map<string, readonly PeerSelector[]>
  readonly blocks: Map<string, FilledSet>
  readonly ports: Map<string, string>
}

function peerMatches(
  { any, selectors, block }: Group,
  { building, field, family }: { building: Building; field: string; family: Family },
): string[] {
  if (any) return ['']
  const matches: string[] = []
  if (selectors.length > 0) {
    const keys = selectors.map(({ key }) => key).sort()
    const hash = hashOf(keys.join('\n'))
    building.peers.set(`peers${family}/${hash}`, selectors)
    matches.push(`${field} @peers${family}/${hash}`)
    if (field.endsWith('daddr')) {
      building.served.set(`served${family}/${hash}`, selectors)
      matches.push(`${field} . meta l4proto . th dport @served${family}/${hash}`)
    }
  }
  if (block.length > 0) {
    const ranges = mergeAddresses(block)
    const name = `block${family}/${hashOf(blockText(ranges, family))}`
    const elements = new Set(ranges.map(range => addressText(range, family)))
    building.blocks.set(name, { type: ADDRESS_TYPE[family], isInterval: true, elements })
    matches.push(`${field} @${name}`)
  }
  return matches
}

function portMatches(
  { any, numbers, names }: Ports,
  { building, family }: { building: Building; family: Family },
): string[] {
  if (any) return ['']
  const matches: string[] = []
  for (const protocol of PROTOCOLS) {
    const ranges = numbers[protocol]
    if (!ranges) continue
    const [first] = ranges
    if (first?.first === ALL_PORTS[0]?.first && first?.last === ALL_PORTS[0]?.last)
      matches.push(`meta l4proto ${protocol}`)
    else matches.push(`${protocol} dport { ${ranges.map(portText).join(', ')} }`)
  }
  for (const name of names) {
    const [protocol] = name.split('/')
    const set = `port${family}/${name}`
    building.ports.set(set, name)
    matches.push(`meta l4proto ${protocol} ${IP[family]} daddr . th dport @${set}`)
  }
  return matches
}

const blockText = (block: AddressRanges, family: Family) =>
  block.map(range => addressText(range, family)).join(' ')

/** Nobody finds a text with the hash of somebody else's. */
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 24)
