/** What the kernel would do with a packet, read from the rules themselves. Knows the words that our rules use, and refuses any other. */
import { BlockList } from 'node:net'
import type { Ruleset } from '#host/nftables/ruleset.ts'
import { canonicalAddress } from '../ranges.ts'

export interface Packet {
  readonly source: string
  readonly destination: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly port: number
  /** It goes back, in a connection that began the other way. */
  readonly isReply?: boolean
  /** It comes from a link to which its source address does not belong. */
  readonly isForged?: boolean
}

export function passes(ruleset: Ruleset, hook: 'forward' | 'input', packet: Packet): boolean {
  return !ruleset.chains.has(hook) || walk(ruleset, hook, packet) !== 'drop'
}

function walk(ruleset: Ruleset, chain: string, packet: Packet): 'drop' | 'return' {
  for (const rule of ruleset.chains.get(chain) ?? missing(`chain ${chain}`)) {
    if (rule.startsWith('type ')) continue
    const verdict = verdictOf(ruleset, rule, packet)
    if (!verdict) continue
    if (verdict === 'drop' || verdict === 'return') return verdict
    if (walk(ruleset, verdict.slice('jump '.length), packet) === 'drop') return 'drop'
  }
  return 'return'
}

type Match = (found: readonly string[], packet: Packet, ruleset: Ruleset) => boolean

const familyName = (address: string) => (address.includes(':') ? 'ip6' : 'ip')
const side = (packet: Packet, word: string | undefined) =>
  canonicalAddress(word === 'saddr' ? packet.source : packet.destination)
const isOfFamily = ({ source }: Packet, family: string | undefined) => familyName(source) === family

const MATCHES: readonly (readonly [RegExp, Match])[] = [
  [/^ct direction reply /, (_, { isReply = false }) => isReply],
  [/^ct state related /, () => false],
  [/^iif lo /, () => false],
  [/^icmpv6 type \{[^}]*\} /, () => false],
  [/^iifname "veth\*" fib saddr \. iif oif missing /, (_, { isForged = false }) => isForged],
  [/^fib saddr \. iif oif exists /, (_, { isForged = false }) => !isForged],
  [/^meta l4proto (\w+) /, ([, protocol], packet) => packet.protocol === protocol],
  [
    /^(tcp|udp|sctp) dport \{ ([^}]*) \} /,
    ([, protocol, ports = ''], packet) =>
      packet.protocol === protocol &&
      ports.split(', ').some(text => {
        const [first, last = first] = text.split('-').map(Number)
        return packet.port >= (first ?? 0) && packet.port <= (last ?? 0)
      }),
  ],
  [
    /^(ip6?) saddr \. ip6? daddr @(\S+) /,
    ([, family, set], packet, ruleset) =>
      isOfFamily(packet, family) &&
      has(ruleset, set, `${side(packet, 'saddr')} . ${side(packet, 'daddr')}`),
  ],
  [
    /^(ip6?) daddr \. meta l4proto \. th dport @(\S+) /,
    ([, family, set], packet, ruleset) =>
      isOfFamily(packet, family) &&
      has(ruleset, set, `${side(packet, 'daddr')} . ${packet.protocol} . ${packet.port}`),
  ],
  [
    /^(ip6?) daddr \. th dport @(\S+) /,
    ([, family, set], packet, ruleset) =>
      isOfFamily(packet, family) && has(ruleset, set, `${side(packet, 'daddr')} . ${packet.port}`),
  ],
  [
    /^(ip6?) (saddr|daddr) (!= )?@(\S+) /,
    ([, family, which, not, set], packet, ruleset) =>
      isOfFamily(packet, family) && has(ruleset, set, side(packet, which)) === !not,
  ],
  [
    /^(ip6?) (saddr|daddr) ([0-9a-f.:]+\/\d+) /,
    ([, family, which, cidr = ''], packet) => {
      if (!isOfFamily(packet, family)) return false
      return subnet(cidr).check(side(packet, which), ipType(cidr))
    },
  ],
]

/** The matches of a rule, and its last word. */
interface ReadRule {
  readonly matches: readonly ((packet: Packet, ruleset: Ruleset) => boolean)[]
  readonly verdict: (packet: Packet, ruleset: Ruleset) => string | undefined
}
const read = new Map<string, ReadRule>()

function verdictOf(ruleset: Ruleset, rule: string, packet: Packet): string | undefined {
  let known = read.get(rule)
  if (!known) {
    known = readRule(rule)
    read.set(rule, known)
  }
  for (const match of known.matches) if (!match(packet, ruleset)) return undefined
  return known.verdict(packet, ruleset)
}

function readRule(rule: string): ReadRule {
  const matches: ReadRule['matches'][number][] = []
  for (let rest = rule; ; ) {
    const last = rest
    if (/^(drop|return)$/.test(last)) return { matches, verdict: () => last }
    const [, family, which, map] = /^(ip6?) (saddr|daddr) vmap @(\S+)$/.exec(last) ?? []
    if (map)
      return {
        matches,
        verdict: (packet, ruleset) => {
          const { elements } = ruleset.maps.get(map) ?? missing(`map ${map}`)
          return isOfFamily(packet, family) ? elements.get(side(packet, which)) : undefined
        },
      }
    const found = MATCHES.map(([pattern, match]) => ({ match, words: pattern.exec(last) })).find(
      ({ words }) => words,
    )
    if (!found?.words) throw new Error(`no rule of ours: ${rule}`)
    const { match, words } = found
    matches.push((packet, ruleset) => match(words, packet, ruleset))
    rest = last.slice(words[0].length)
  }
}

function has(ruleset: Ruleset, name: string | undefined, element: string): boolean {
  const set = ruleset.filled?.get(name ?? '') ?? missing(`set ${name}`)
  if (!set.isInterval) return set.elements.has(element)
  return ranges(set.elements).check(element, ipType(element))
}

const ipType = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4')

/** Made once, since the same ones are asked again and again. */
const known = new Map<string, BlockList>()

function blocksOf(key: string, fill: (blocks: BlockList) => void): BlockList {
  let blocks = known.get(key)
  if (!blocks) {
    blocks = new BlockList()
    fill(blocks)
    known.set(key, blocks)
  }
  return blocks
}

export function subnet(cidr: string): BlockList {
  const [base = '', length] = cidr.split('/')
  return blocksOf(cidr, blocks => blocks.addSubnet(base, Number(length), ipType(base)))
}

const ranges = (elements: ReadonlySet<string>) =>
  blocksOf([...elements].join(), blocks => {
    for (const range of elements) {
      const [first = '', last = first] = range.split('-')
      blocks.addRange(first, last, ipType(first))
    }
  })

function missing(what: string): never {
  throw new Error(`the rules name a ${what} that is not there`)
}
