/** DNS messages over UDP and TCP: cluster names from records, all others forwarded as they came. */

import type { Socket } from 'node:net'
import packet, { type Answer as PacketAnswer } from 'dns-packet'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import {
  exchangeTcp,
  exchangeUdp,
  type Listening,
  listenTcp,
  listenUdp,
  type Peer,
} from '#host/sockets.ts'
import { type Answer, type DnsRecord, TTL_SECONDS } from './answers.ts'

export interface DnsServerOptions {
  readonly listen: readonly Peer[]
  /** Those that are answered for; an answer without records names its own, or the first. */
  readonly zones: readonly [string, ...string[]]
  /** Undefined for names that are to be forwarded. */
  readonly resolve: (name: string, type: string) => Answer | undefined
  /** Where other names are asked, in order. */
  readonly upstreams: readonly Peer[]
  readonly log: Log
}

/** Plain UDP answers; larger ones are cut and the client comes back over TCP. */
const PLAIN_UDP_BYTES = 512
/** What we promise with EDNS: fits an Ethernet frame, so it is never fragmented. */
const EDNS_UDP_BYTES = 1232
/** Questions under way at upstream servers; beyond it, clients get SERVFAIL at once. */
const MAXIMUM_FORWARDED = 1000
const FORWARD_TIMEOUT_MS = 2000
/** An idle TCP client is let go after this. */
const TCP_IDLE_MS = 10_000
/** A TCP client that sends more than one maximal message without a question is cut off. */
const TCP_BUFFER_BYTES = 65_537 * 2

const RCODE = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
const AUTHORITATIVE_ANSWER = 1 << 10
const RECURSION_AVAILABLE = 1 << 7
const RECURSION_DESIRED = 1 << 8
const TRUNCATED = 1 << 9

export async function serveDns(
  options: DnsServerOptions,
): Promise<{ readonly ports: readonly number[]; stop(): Promise<void> }> {
  const open: Listening[] = []
  const answer = answerer(options)
  const stop = async () => {
    await Promise.all(open.map(listening => listening.close()))
  }
  try {
    for (const { address, port } of options.listen) {
      const tcp = await listenTcp(address, port, socket =>
        serveTcp(socket, question => answer(question, 'tcp')),
      )
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

type Protocol = 'udp' | 'tcp'

function answerer(
  options: DnsServerOptions,
): (question: Uint8Array, protocol: Protocol) => Promise<Uint8Array | undefined> {
  let forwarded = 0
  return async (bytes, protocol) => {
    const query = decodeQuery(bytes)
    if (!query) return undefined
    const question = query.questions?.[0]
    if (!question || query.questions?.length !== 1) return reply(query, RCODE.NOTIMP)
    const known = options.resolve(question.name, question.type)
    if (known)
      return fit(query, authoritative(query, known, zoneOf(question.name, options.zones)), protocol)
    if (options.upstreams.length === 0) return reply(query, RCODE.REFUSED)
    if (forwarded >= MAXIMUM_FORWARDED) return reply(query, RCODE.SERVFAIL)
    forwarded++
    try {
      return await forward(options.upstreams, bytes, protocol)
    } catch (error) {
      options.log.debug('forwarding a question failed', {
        name: question.name,
        error: messageOf(error),
      })
      return reply(query, RCODE.SERVFAIL)
    } finally {
      forwarded--
    }
  }
}

function zoneOf(name: string, zones: DnsServerOptions['zones']): string {
  const asked = name.toLowerCase()
  return zones.find(zone => asked === zone || asked.endsWith(`.${zone}`)) ?? zones[0]
}

type Query = ReturnType<typeof packet.decode>

/** Undefined for what is no DNS question: it gets no answer, so nobody can use us to flood a third party. */
function decodeQuery(bytes: Uint8Array): Query | undefined {
  try {
    const query = packet.decode(Buffer.from(bytes))
    return query.type === 'query' ? query : undefined
  } catch {
    return undefined
  }
}

function authoritative(
  query: Query,
  { exists, answers, additionals }: Answer,
  zone: string,
): Buffer {
  const startOfAuthority = {
    type: 'SOA' as const,
    name: zone,
    ttl: TTL_SECONDS,
    data: {
      mname: `ns.dns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: TTL_SECONDS,
    },
  }
  return packet.encode({
    type: 'response',
    id: query.id ?? 0,
    flags:
      AUTHORITATIVE_ANSWER |
      RECURSION_AVAILABLE |
      (flagsOf(query) & RECURSION_DESIRED) |
      (exists ? RCODE.NOERROR : RCODE.NXDOMAIN),
    questions: query.questions ?? [],
    answers: answers.map(wire),
    authorities: answers.length === 0 ? [startOfAuthority] : [],
    additionals: additionals.map(wire),
  })
}

function wire(record: DnsRecord): PacketAnswer {
  return record as PacketAnswer
}

function reply(query: Query, code: number): Buffer {
  const flags = RECURSION_AVAILABLE | (flagsOf(query) & RECURSION_DESIRED) | code
  return packet.encode({
    type: 'response',
    id: query.id ?? 0,
    flags,
    questions: query.questions ?? [],
  })
}

function flagsOf(query: Query): number {
  return query.flags ?? 0
}

/** Cuts an answer that a UDP client could not receive; the TC bit makes it ask again over TCP. */
function fit(query: Query, answer: Buffer, protocol: Protocol): Buffer {
  const edns = query.additionals?.find(record => record.type === 'OPT')
  const offered = edns && 'udpPayloadSize' in edns ? Number(edns.udpPayloadSize) : PLAIN_UDP_BYTES
  const limit = Math.max(PLAIN_UDP_BYTES, Math.min(offered, EDNS_UDP_BYTES))
  if (protocol === 'tcp' || answer.length <= limit) return answer
  return reply(query, TRUNCATED | AUTHORITATIVE_ANSWER)
}

async function forward(
  upstreams: readonly Peer[],
  question: Uint8Array,
  protocol: Protocol,
): Promise<Uint8Array> {
  let failure: unknown
  for (const upstream of upstreams) {
    try {
      return protocol === 'udp'
        ? await askUdp(upstream, question)
        : await askTcp(upstream, question)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

function askUdp(upstream: Peer, question: Uint8Array): Promise<Uint8Array> {
  const sameId = (answer: Uint8Array) =>
    answer.length > 12 && answer[0] === question[0] && answer[1] === question[1]
  return exchangeUdp(upstream, question, FORWARD_TIMEOUT_MS, sameId)
}

async function askTcp(upstream: Peer, question: Uint8Array): Promise<Uint8Array> {
  const complete = (received: Uint8Array) =>
    received.length >= 2 && received.length >= 2 + frameLength(received)
  const framed = await exchangeTcp(upstream, frame(question), FORWARD_TIMEOUT_MS, complete)
  return framed.subarray(2, 2 + frameLength(framed))
}

/** Over TCP each message follows its length in two bytes. */
function serveTcp(
  socket: Socket,
  answer: (question: Uint8Array) => Promise<Uint8Array | undefined>,
): void {
  let received = Buffer.alloc(0)
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 2 && received.length >= 2 + frameLength(received)) {
      const length = frameLength(received)
      void answer(received.subarray(2, 2 + length)).then(
        bytes => bytes && socket.writable && socket.write(frame(bytes)),
      )
      received = received.subarray(2 + length)
    }
    if (received.length > TCP_BUFFER_BYTES) socket.destroy()
  })
}

function frameLength(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
}

function frame(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
}
