/** Which routes are to be made and which are to go, so that each range of pods leads to its node. Pure. */
import { BlockList, isIP } from 'node:net'
import type { Node } from '#api/core/v1/node.ts'
import { UserError } from '#base/errors.ts'
import type { NodeAddress, Route } from '../provider.ts'

/** Whether an address is the cluster's to route. */
export type ClusterRanges = (address: string) => boolean

/** Reads `--cluster-cidr`: one range, or one of each family. Throws a UserError. */
export function clusterRanges(text: string): ClusterRanges {
  const list = new BlockList()
  const families: string[] = []
  for (const each of text.split(',')) {
    const range = rangeOf(each.trim())
    if (!range)
      throw new UserError(
        `--cluster-cidr wants a range such as 10.244.0.0/16, or one of each family with a comma between them, not "${text}"`,
      )
    families.push(range.family)
    list.addSubnet(range.address, range.length, range.family)
  }
  if (families.length > 2 || new Set(families).size < families.length)
    throw new UserError(`--cluster-cidr takes one range of each family, not "${text}"`)
  return address => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function rangeOf(text: string) {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const kind = isIP(address)
  if (kind === 0 || Number(bits) > (kind === 4 ? 32 : 128)) return undefined
  return { address, length: Number(bits), family: kind === 4 ? 'ipv4' : 'ipv6' } as const
}

export interface RoutePlan {
  readonly remove: readonly Route[]
  readonly create: readonly { readonly node: Node; readonly route: Route }[]
  /** One that is replaced must go before its successor comes. */
  readonly isRemovedFirst: boolean
}

/** Routes outside the cluster's ranges are nobody's business here. */
export function planRoutes(
  nodes: readonly Node[],
  routes: readonly Route[],
  isOurs: ClusterRanges,
): RoutePlan {
  const standing = new Set<Route>()
  const create: { node: Node; route: Route }[] = []
  for (const node of nodes) {
    const { name = '' } = node.metadata
    const addresses = node.status?.addresses ?? []
    for (const destinationCIDR of node.spec?.podCIDRs ?? []) {
      const ofNode = routes.filter(
        route => route.targetNode === name && route.destinationCIDR === destinationCIDR,
      )
      const isRight = ofNode[0] && leadsTo(ofNode[0], addresses)
      if (isRight) for (const route of ofNode) standing.add(route)
      else
        create.push({
          node,
          route: {
            name: '',
            targetNode: name,
            ...(addresses.length > 0 ? { targetNodeAddresses: addresses } : {}),
            destinationCIDR,
          },
        })
    }
  }
  const remove = routes.filter(
    route => (route.blackhole || !standing.has(route)) && isInside(route.destinationCIDR, isOurs),
  )
  return { create, remove, isRemovedFirst: routes[0]?.targetNodeAddresses !== undefined }
}

/** A cloud that does not tell addresses looks after them itself. */
function leadsTo({ targetNodeAddresses: told }: Route, addresses: readonly NodeAddress[]): boolean {
  if (told === undefined) return true
  const text = (all: readonly NodeAddress[]) =>
    all
      .map(({ type, address }) => `${type} ${address}`)
      .sort()
      .join('\n')
  return text(told) === text(addresses)
}

/** Its first or its last address is. */
function isInside(cidr: string, isOurs: ClusterRanges): boolean {
  const range = rangeOf(cidr)
  if (!range) return false
  return isOurs(range.address) || isOurs(lastOf(range))
}

function lastOf({ address, length, family }: NonNullable<ReturnType<typeof rangeOf>>): string {
  const isV4 = family === 'ipv4'
  const [bits, group] = isV4 ? [32, 8] : [128, 16]
  const parts = isV4 ? address.split('.').map(Number) : groupsOf(address)
  const filled = parts.map((part, index) => {
    const free = Math.min(group, Math.max(0, (index + 1) * group - length))
    return part | (2 ** free - 1)
  })
  if (bits === 32) return filled.join('.')
  return filled.map(part => part.toString(16)).join(':')
}

/** Eight numbers of an IPv6 address without an IPv4 tail, which no range is written with. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const read = (text: string) =>
    text === '' ? [] : text.split(':').map(part => parseInt(part, 16))
  const [first, last] = [read(head), read(tail ?? '')]
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length
  return [...first, ...Array<number>(Math.max(0, zeros)).fill(0), ...last]
}
