/** Questions that others answer: passed on as they came, to the server that answered last. */
import { exchangeTcp, exchangeUdp, type Peer } from '#host/sockets.ts'
import { frame, frameLength } from './tcp.ts'

export type Protocol = 'udp' | 'tcp'

/** Questions under way at upstream servers; beyond it, clients get SERVFAIL at once. */
const MAXIMUM_FORWARDED = 1000
const FORWARD_TIMEOUT_MS = 2000

export class Forwarder {
  /** The one that answered last comes first: a server that is dead costs its time once, and not each client. */
  #servers: readonly Peer[]
  #underWay = 0

  constructor(servers: readonly Peer[]) {
    this.#servers = servers
  }

  get hasServers(): boolean {
    return this.#servers.length > 0
  }

  /** Rejects where nobody answers in time, and where too many wait already. */
  async ask(question: Uint8Array, protocol: Protocol): Promise<Uint8Array> {
    if (this.#underWay >= MAXIMUM_FORWARDED) throw new Error('too many questions wait for others')
    this.#underWay++
    try {
      return await this.#askInTurn(question, protocol)
    } finally {
      this.#underWay--
    }
  }

  async #askInTurn(question: Uint8Array, protocol: Protocol): Promise<Uint8Array> {
    let failure: unknown = new Error('nobody to ask')
    for (const server of this.#servers)
      try {
        const answer = await (protocol === 'udp' ? askUdp : askTcp)(server, question)
        if (this.#servers[0] !== server)
          this.#servers = [server, ...this.#servers.filter(other => other !== server)]
        return answer
      } catch (error) {
        failure = error
      }
    throw failure
  }
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
