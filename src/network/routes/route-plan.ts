/** How packets for the pods of other nodes leave this one: straight to a neighbour's machine, or through a tunnel where routers lie between. */
import { addressAt, bitsOf, parseCidr } from '#base/cidr.ts'
import type { Own, Peer } from './peers.ts'

/** `auto` tunnels only where it must; `none` leaves it to somebody else. */
export const ROUTE_MODES = ['auto', 'direct', 'vxlan', 'none'] as const
export type RouteMode = (typeof ROUTE_MODES)[number]

/** How the kernel gets to a machine. */
export interface Reach {
  readonly device: string
  /** Without a router in between, on the network under whose address this machine is known. */
  readonly isNeighbour: boolean
}

export interface Route {
  readonly podCidr: string
  readonly gateway: string
  readonly device: string
}

export interface Tunnelled extends Route {
  /** Of the machine at the other end. */
  readonly address: string
  /** Of its tunnel. */
  readonly mac: string
}

export interface Tunnel {
  readonly device: string
  /** Tells this cluster's packets from those of others; 24 bits. */
  readonly identifier: number
  readonly mac: string
  /** What packets of this machine's own come from; the others' route back to it leads through the tunnel. */
  readonly source: string
  /** Of this machine, which packets are wrapped for. */
  readonly local: string
  /** The links that wrapped packets leave by. */
  readonly underlying: readonly string[]
  readonly ends: readonly Tunnelled[]
}

export interface RoutePlan {
  /** What is not in it is another cluster's. */
  readonly clusterCidr: string
  readonly direct: readonly Route[]
  /** Undefined where nobody needs it. */
  readonly tunnel: Tunnel | undefined
}

export interface PlanFacts {
  readonly own: Own
  readonly peers: readonly Peer[]
  /** By address; peers that cannot be reached are missing. */
  readonly reach: ReadonlyMap<string, Reach>
  readonly mode: RouteMode
  readonly tunnelDevice: string
  readonly clusterCidr: string
}

export function planRoutes(facts: PlanFacts): RoutePlan {
  const { own, peers, reach, mode, tunnelDevice: device, clusterCidr } = facts
  const direct: Route[] = []
  const ends: Tunnelled[] = []
  const underlying = new Set<string>()
  for (const { podCidr, address } of mode === 'none' ? [] : peers) {
    const way = reach.get(address)
    if (!way) continue
    if (way.isNeighbour && mode !== 'vxlan')
      direct.push({ podCidr, gateway: address, device: way.device })
    else if (mode !== 'direct') {
      underlying.add(way.device)
      ends.push({ podCidr, address, device, gateway: sourceOf(podCidr), mac: macOf(podCidr) })
    }
  }
  const { podCidr, address: local } = own
  const tunnel: Tunnel = {
    ...{ device, ends, local, underlying: [...underlying] },
    identifier: identifierOf(clusterCidr),
    mac: macOf(podCidr),
    source: sourceOf(podCidr),
  }
  return { clusterCidr, direct, tunnel: ends.length > 0 ? tunnel : undefined }
}

/** The first address of a node's range, which no pod gets. */
const sourceOf = (podCidr: string) => addressAt(parseCidr(podCidr, 'podCIDR'), 0)

/** Made from the range, so that nobody has to be told: locally administered, and of one machine. */
function macOf(podCidr: string): string {
  const range = parseCidr(podCidr, 'podCIDR')
  // Ranges of IPv6 are long: nodes of one cluster differ in the last bits before their own addresses.
  const number = range.isIpv6
    ? range.base >> BigInt(bitsOf(range) - range.prefixLength)
    : range.base
  const bytes = [24n, 16n, 8n, 0n].map(shift => Number((number >> shift) & 0xffn))
  return [0x02, 0x50, ...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(':')
}

const IDENTIFIER_BITS = 24n
const MASK = (1n << IDENTIFIER_BITS) - 1n

/** The same on all nodes of a cluster; clusters whose pods could meet have other ranges, and so another one. */
function identifierOf(clusterCidr: string): number {
  const { base, prefixLength } = parseCidr(clusterCidr, '--cluster-cidr')
  let folded = BigInt(prefixLength) << 16n
  for (let rest = base >> 8n; rest > 0n; rest >>= IDENTIFIER_BITS) folded ^= rest & MASK
  return Number(folded & MASK) || 1
}
