/** Which other nodes' pods this one is to find, and under which address their machines are; of one family, which is the cluster range's. */
import type { Node } from '#api/core/v1/node.ts'
import { type Cidr, contains, formatCidr, overlap, parseCidr } from '#base/cidr.ts'
import { addressToNumber, numberToAddress } from '#base/ip-address.ts'

export interface Peer {
  readonly nodeName: string
  /** The range of its pods, `10.244.1.0/24`. */
  readonly podCidr: string
  /** Of its machine. */
  readonly address: string
}

/** This node, as far as routes need to know it. */
export interface Own {
  readonly podCidr: string
  readonly address: string
}

/** Undefined until the node has told its address and been given a range. */
export function ownOf(node: Node | undefined, family: Family): Own | undefined {
  const address = node && addressOf(node, family)
  const range = node && rangeOf(podCidrOf(node, family) ?? '')
  return address && range ? { podCidr: formatCidr(range), address } : undefined
}

/** By what a range of the cluster's tells the family. */
export type Family = Pick<Cidr, 'isIpv6'>

const isOf = (text: string, { isIpv6 }: Family) => text.includes(':') === isIpv6

/** Of a node's ranges the one of the family. */
function podCidrOf({ spec }: Node, family: Family): string | undefined {
  const all = spec.podCIDRs?.length ? spec.podCIDRs : spec.podCIDR ? [spec.podCIDR] : []
  return all.find(range => isOf(range, family))
}

/**
 * The nodes whose ranges are parts of the cluster's and nobody else's; of two that claim the same the older has it. A node says itself where
 * it is, and at its first registration which range it wants: one that claims what is not a node's must not draw the traffic of others to it.
 */
export function peersOf(nodes: readonly Node[], own: Own, clusterCidr: string): Peer[] {
  const cluster = parseCidr(clusterCidr, '--cluster-cidr')
  const taken = [parseCidr(own.podCidr, 'podCIDR')]
  const peers: Peer[] = []
  for (const node of [...nodes].sort(byAge)) {
    const range = rangeOf(podCidrOf(node, cluster) ?? '')
    const address = addressOf(node, cluster)
    if (!range || !address || address === own.address) continue
    if (!isPartOf(range, cluster) || taken.some(other => overlap(range, other))) continue
    if (contains(cluster, address)) continue
    taken.push(range)
    // As the kernel will show it: who finds another text there would make the same route anew for ever.
    peers.push({ nodeName: node.metadata.name ?? '', podCidr: formatCidr(range), address })
  }
  return peers
}

/** An address of one machine on a network; not of the loopback, of a link alone, of many or of none. */
function addressOf({ status }: Node, family: Family): string | undefined {
  const internal = (status.addresses ?? []).find(
    ({ type, address }) =>
      type === 'InternalIP' && isOf(address, family) && addressToNumber(address) !== undefined,
  )?.address
  const number = addressToNumber(internal ?? '')
  const address = number === undefined ? '' : numberToAddress(number, family.isIpv6)
  const isOfOne = ![internal ?? '', address].some(text => NOT_OF_ONE_MACHINE.test(text))
  return address !== '' && isOfOne ? address : undefined
}

const NOT_OF_ONE_MACHINE =
  /^((0|127|169\.254|22[4-9]|2[3-5]\d)\.|::(1|[\da-f.:]*\..*)?$|::ffff:|fe[89ab].?:|ff)/i

function rangeOf(podCidr: string): Cidr | undefined {
  try {
    return parseCidr(podCidr, 'podCIDR')
  } catch {
    return undefined
  }
}

const isPartOf = (range: Cidr, whole: Cidr) =>
  range.base >= whole.base && range.base + range.size <= whole.base + whole.size

function byAge({ metadata: one }: Node, { metadata: other }: Node): number {
  const [a = '', b = ''] = [one.creationTimestamp, other.creationTimestamp]
  if (a !== b) return a < b ? -1 : 1
  return (one.name ?? '') < (other.name ?? '') ? -1 : 1
}
