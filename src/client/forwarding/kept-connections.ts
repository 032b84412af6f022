/**
 * Connections to one service that are kept for the next request: for servers that are told who asks with each one, and are trusted to
 * tell their answers apart. A connection is kept for exactly the target that it was opened to: address, authority, name and our own
 * certificate. Whoever owns them drops them when the service changes.
 */
import type { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { nodeHttp } from '../node-http.ts'

/** Idle ones of one target; what is beyond is closed. */
const MAXIMUM_IDLE = 32
/** Targets with idle connections; the one that came first goes. Certificates are renewed, and endpoints are not many. */
const MAXIMUM_TARGETS = 32
/** Shorter where the other end says so. */
const IDLE_TIMEOUT_MS = 30_000

export class KeptConnections {
  readonly #agents = new Map<string, Agent>()
  #isClosed = false

  /** Undefined where nothing is kept any more: the request opens a connection of its own. `dial` resolves with one that stands. */
  agentFor(target: object, dial: () => Promise<Socket>): Agent | undefined {
    if (this.#isClosed) return undefined
    const key = JSON.stringify(target)
    const known = this.#agents.get(key)
    if (known) return known
    const [first] = this.#agents.keys()
    if (this.#agents.size >= MAXIMUM_TARGETS && first !== undefined) this.#forget(first)
    const agent = this.#agent(key, dial)
    this.#agents.set(key, agent)
    return agent
  }

  get idle(): number {
    return [...this.#agents.values()].reduce((sum, agent) => sum + idleOf(agent).length, 0)
  }

  /** Closes what is idle; what is busy is not kept when its answer is complete. */
  drop(): void {
    for (const key of [...this.#agents.keys()]) this.#forget(key)
  }

  close(): void {
    this.#isClosed = true
    this.drop()
  }

  #agent(key: string, dial: () => Promise<Socket>): Agent {
    const { Agent } = nodeHttp()
    const options = { keepAlive: true, maxFreeSockets: MAXIMUM_IDLE, timeout: IDLE_TIMEOUT_MS }
    const agent: Agent = new Agent(options)
    agent.createConnection = (_options, done) => {
      dial().then(
        socket => done?.(null, socket),
        (error: Error) => done?.(error, undefined as never),
      )
      return undefined
    }
    const { keepSocketAlive, reuseSocket } = Agent.prototype
    // Nobody asked: whatever comes on an idle connection would be taken for the next answer. One that the other end has closed is not
    // picked any more, also while our own end is still being closed.
    const unasked = function (this: Socket) {
      this.destroy()
    }
    agent.keepSocketAlive = socket => {
      if (this.#agents.get(key) !== agent) return false
      // biome-ignore lint/suspicious/noConfusingVoidType: it does answer, whatever its type says
      const isKept = keepSocketAlive.call(agent, socket) as boolean | void
      if (isKept) (socket as Socket).on('data', unasked).on('end', unasked)
      return isKept as never
    }
    agent.reuseSocket = (socket, request) => {
      ;(socket as Socket).off('data', unasked).off('end', unasked)
      reuseSocket.call(agent, socket, request)
    }
    return agent
  }

  #forget(key: string): void {
    const agent = this.#agents.get(key)
    this.#agents.delete(key)
    for (const socket of agent ? idleOf(agent) : []) socket.destroy()
  }
}

function idleOf(agent: Agent): Socket[] {
  return Object.values(agent.freeSockets).flatMap(sockets => sockets ?? [])
}
