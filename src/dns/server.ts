/** DNS messages over UDP and TCP: cluster names from records, all others forwarded as they came. */

import packet from 'dns-packet'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { type Listening, listenTcp, listenUdp, type Peer } from '#host/sockets.ts'
import { type Answer, type DnsRecord, TTL_SECONDS } from './answers.ts'
import { Forwarder, type Protocol } from './forward.ts'
import {
  type AskedQuestion,
  decodeQuery,
  encodeQuery,
  encodeReply,
  FLAG,
  type Query,
  RCODE,
  type Reply,
} from './message.ts'
import { tcpConnections } from './tcp.ts'

export interface DnsServerOptions {
  readonly listen: readonly Peer[]
  /** Those that are answered for; an answer without records names its own, or the first. */
  readonly zones: readonly [string, ...string[]]
  /** Undefined for names that are to be forwarded. */
  readonly resolve: (name: string, type: string) => Answer | undefined
  /** Where other names are asked, in order. */
  readonly upstreams: readonly Peer[]
  readonly random: Random
  readonly log: Log
}

/** Plain UDP answers; of larger ones as much as fits, and the client comes back over TCP. */
const PLAIN_UDP_BYTES = 512
/** What we promise with EDNS: fits an Ethernet frame, so it is never fragmented. */
const EDNS_UDP_BYTES = 1232
const TCP_BYTES = 65_535
/** Names that lead to names that lead to names. */
const MAXIMUM_ALIASES = 8

const CLASS_IN = 1
const CLASS_ANY = 255

export async function serveDns(
  options: DnsServerOptions,
): Promise<{ readonly ports: readonly number[]; stop(): Promise<void> }> {
  const open: Listening[] = []
  const answer = answerer(options)
  const stop = async () => {
    await Promise.all(open.map(listening => listening.close()))
  }
  const accept = tcpConnections(question => answer(question, 'tcp'))
  try {
    for (const { address, port } of options.listen) {
      const tcp = await listenTcp(address, port, accept)
      open.push(tcp)
      open.push(
        await listenUdp(
          address,
          tcp.port,
          (question, reply) => void answer(question, 'udp').then(bytes => bytes && reply(bytes)),
        ),
      )
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    ports: open.filter((_, index) => index % 2 === 0).map(listening => listening.port),
    stop,
  }
}

/** Never rejects: whoever sends what we can not handle must not end the process. */
function answerer(
  options: DnsServerOptions,
): (question: Uint8Array, protocol: Protocol) => Promise<Uint8Array | undefined> {
  const forwarder = new Forwarder(options.upstreams)
  return async (bytes, protocol) => {
    const query = decodeQuery(bytes)
    if (!query) return undefined
    const { question } = query
    try {
      const refusal = refusalOf(query)
      if (refusal !== undefined) return plainReply(query, refusal)
      if (!question) return undefined
      const known = options.resolve(question.name, question.type)
      if (known) {
        const whole = await withAliases(options, forwarder, question, known)
        return fit(query, authoritative(options, question, whole), protocol)
      }
      if (!forwarder.hasServers) return plainReply(query, RCODE.REFUSED)
      return await forwarder.ask(bytes, protocol)
    } catch (error) {
      options.log.debug('a question could not be answered', {
        ...{ name: question?.name, error: messageOf(error) },
      })
      return plainReply(query, RCODE.SERVFAIL)
    }
  }
}

function refusalOf({ opcode, question, edns }: Query): number | undefined {
  if (opcode !== 0) return RCODE.NOTIMP
  if (!question) return RCODE.FORMERR
  if (edns && edns.version !== 0) return RCODE.BADVERS
  if (question.class !== CLASS_IN && question.class !== CLASS_ANY) return RCODE.REFUSED
  return undefined
}

const REVERSE_ZONES = ['in-addr.arpa', 'ip6.arpa']

function zoneOf(name: string, zones: DnsServerOptions['zones']): string {
  const asked = name.toLowerCase()
  return (
    [...zones, ...REVERSE_ZONES].find(zone => asked === zone || asked.endsWith(`.${zone}`)) ??
    zones[0]
  )
}

/** An answer that ends with another name, with what that one has: clients of a machine's resolver do not look further themselves. */
async function withAliases(
  options: DnsServerOptions,
  forwarder: Forwarder,
  { type }: AskedQuestion,
  answer: Answer,
): Promise<Answer> {
  if (type !== 'A' && type !== 'AAAA') return answer
  const answers = [...answer.answers]
  for (let aliases = 0; aliases < MAXIMUM_ALIASES; aliases++) {
    const last = answers.at(-1)
    if (last?.type !== 'CNAME') break
    const target = last.data.replace(/\.$/, '')
    const known = options.resolve(target, type)
    const more = known?.answers ?? (await lookUp(options, forwarder, target, type))
    answers.push(...more)
    if (!known) break
  }
  return { ...answer, answers }
}

/** None where nobody knows: the name itself is an answer, too. */
async function lookUp(
  { random, log }: DnsServerOptions,
  forwarder: Forwarder,
  name: string,
  type: 'A' | 'AAAA',
): Promise<readonly DnsRecord[]> {
  if (!forwarder.hasServers) return []
  const query = encodeQuery(random.integer(65_536), name, type)
  try {
    let answer = packet.decode(Buffer.from(await forwarder.ask(query, 'udp')))
    if (answer.flag_tc) answer = packet.decode(Buffer.from(await forwarder.ask(query, 'tcp')))
    return (answer.answers ?? []).flatMap((record): DnsRecord[] =>
      record.type === 'CNAME' || record.type === type
        ? [{ type: record.type, name: record.name, ttl: record.ttl ?? 0, data: record.data }]
        : [],
    )
  } catch (error) {
    log.debug('the name behind a name could not be asked', { name, error: messageOf(error) })
    return []
  }
}

function authoritative(
  { zones, random }: DnsServerOptions,
  question: AskedQuestion,
  { exists, answers, additionals }: Answer,
): Reply {
  const zone = zoneOf(question.name, zones)
  const soa = { type: 'SOA' as const, name: zone, ttl: TTL_SECONDS }
  const isOfZone = question.type === 'SOA' && question.name.toLowerCase() === zone
  return {
    flags: FLAG.AUTHORITATIVE | FLAG.RECURSION_AVAILABLE,
    code: exists ? RCODE.NOERROR : RCODE.NXDOMAIN,
    answers: isOfZone ? [soa] : inAnyOrder(answers, random),
    authorities: answers.length === 0 && !isOfZone ? [soa] : [],
    additionals,
    ednsUdpBytes: EDNS_UDP_BYTES,
  }
}

/** Most clients take the first address. Names that lead to others stay before what they lead to. */
function inAnyOrder(answers: readonly DnsRecord[], random: Random): readonly DnsRecord[] {
  const names = answers.filter(({ type }) => type === 'CNAME')
  const others = answers.filter(({ type }) => type !== 'CNAME')
  for (let last = others.length - 1; last > 0; last--) {
    const chosen = random.integer(last + 1)
    const [one, other] = [others[last], others[chosen]] as [DnsRecord, DnsRecord]
    others[last] = other
    others[chosen] = one
  }
  return [...names, ...others]
}

function plainReply(query: Query, code: number): Uint8Array {
  const reply = { flags: FLAG.RECURSION_AVAILABLE, code, ednsUdpBytes: EDNS_UDP_BYTES }
  return encodeReply(query, reply, PLAIN_UDP_BYTES)
}

function fit(query: Query, reply: Reply, protocol: Protocol): Uint8Array {
  const offered = Math.min(query.edns?.udpBytes ?? PLAIN_UDP_BYTES, EDNS_UDP_BYTES)
  const limit = protocol === 'tcp' ? TCP_BYTES : Math.max(PLAIN_UDP_BYTES, offered)
  return encodeReply(query, reply, limit)
}
