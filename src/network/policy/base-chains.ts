/**
 * The chains that all packets pass, where there are policies at all. Pure.
 *
 *   forward   between pods, and between pods and anybody else; addresses of Services are translated by then, those of clients not yet
 *   input     from pods to their own node
 *
 * What a node sends to its pods passes neither, so probes always arrive. Every packet that goes the way of its connection's first one is judged, not
 * only that one: what a policy forbids ends also where it had begun before.
 */
import type { Direction } from './allowance.ts'
import { type Family, familyOf } from './ranges.ts'

/** The chain by which is seen that the rules are there. */
export const GATE = 'forward'

/** Behind the refusals of Services without endpoints, before the filters of others; whoever accepts there or here does not speak for the other. */
const PRIORITY = 'filter - 5'
const IP = { 4: 'ip', 6: 'ip6' } as const
const FAMILIES: readonly Family[] = [4, 6]

export const verdictsName = (direction: Direction, family: Family) => `${direction}${family}`
/** Addresses of this node's pods for which the rules are in place. */
export const knownName = (family: Family) => `known${family}`
/** Pairs of an address with itself: a pod that reaches itself through a Service, as long as it is the pod that sends and not another under its address. */
export const selfName = (family: Family) => `self${family}`

/** A pod that sends under another address than its own would be judged as another, or as nobody's pod. The link of a pod is named so by `ptp`. */
const forged = 'iifname "veth*" fib saddr . iif oif missing drop'

const fromItsLink = 'fib saddr . iif oif exists'

/** What belongs to a connection that was let in, or tells of one. */
const belongs = ['ct direction reply return', 'ct state related return']

/** `nodeRanges`: where the addresses of this node's pods are from. Of what is not known yet no packet passes. */
export function baseChains(nodeRanges: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const unknown = (side: 'saddr' | 'daddr') =>
    nodeRanges.map(range => {
      const family = familyOf(range)
      const field = `${IP[family]} ${side}`
      return `${field} ${range} ${field} != @${knownName(family)} drop`
    })
  const verdicts = (direction: Direction, side: 'saddr' | 'daddr') =>
    FAMILIES.map(family => `${IP[family]} ${side} vmap @${verdictsName(direction, family)}`)
  return new Map([
    [
      GATE,
      [
        `type filter hook forward priority ${PRIORITY}; policy accept;`,
        ...belongs,
        ...FAMILIES.map(family => {
          const ip = IP[family]
          return `${ip} saddr . ${ip} daddr @${selfName(family)} ${fromItsLink} return`
        }),
        forged,
        ...unknown('saddr'),
        ...unknown('daddr'),
        ...verdicts('egress', 'saddr'),
        ...verdicts('ingress', 'daddr'),
      ],
    ],
    [
      'input',
      [
        `type filter hook input priority ${PRIORITY}; policy accept;`,
        'iif lo return',
        ...belongs,
        // Without neighbour discovery there is no IPv6.
        'icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } return',
        forged,
        ...unknown('saddr'),
        ...verdicts('egress', 'saddr'),
      ],
    ],
  ])
}
