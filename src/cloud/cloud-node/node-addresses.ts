/** Which addresses a node has, of those that its cloud knows. Pure. */

import { canonicalIp } from '#api/core/v1/addresses.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { NodeAddress } from '../provider.ts'

/** The addresses that the node's kubelet was told to have, with commas between them. */
export const PROVIDED_NODE_IP = 'alpha.kubernetes.io/provided-node-ip'

/** The cloud's word, with the node's own host name where the cloud has none, in the order that its kubelet wishes. Throws where that wish cannot be met. */
export function addressesFor(node: Node, told: readonly NodeAddress[]): readonly NodeAddress[] {
  const names = told.some(({ type }) => type === 'Hostname')
    ? []
    : (node.status?.addresses ?? []).filter(({ type }) => type === 'Hostname')
  return wishedFirst(node, [...told, ...names])
}

/**
 * What the kubelet was told comes first, and is the only address of its type: a machine may have more of them, which nodes are not to be
 * reached by.
 */
export function wishedFirst(node: Node, told: readonly NodeAddress[]): readonly NodeAddress[] {
  const wish = node.metadata.annotations?.[PROVIDED_NODE_IP]
  if (wish === undefined) return told
  const first = wishedIps(wish).flatMap(ip => {
    const found = told.filter(({ address }) => canonicalIp(address) === ip)
    if (found.length === 0)
      throw new Error(`failed to get node address from cloud provider that matches ip: ${ip}`)
    return found
  })
  const types = new Set(first.map(({ type }) => type))
  return [...first, ...told.filter(({ type }) => !types.has(type))]
}

function wishedIps(wish: string): string[] {
  return wish.split(',').map(each => {
    const ip = canonicalIp(each.trim())
    if (ip === undefined) throw new Error(`failed to parse node IP ${JSON.stringify(wish)}`)
    return ip
  })
}

/** Types may stand in any order; which of one type is first means something. */
export function sameAddresses(
  before: readonly NodeAddress[],
  after: readonly NodeAddress[],
): boolean {
  return before.length === after.length && byType(before) === byType(after)
}

const byType = (addresses: readonly NodeAddress[]): string =>
  addresses
    .toSorted((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0))
    .map(({ type, address }) => `${type} ${address}`)
    .join('\n')
