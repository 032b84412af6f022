/**
 * TCP relays between processes, and a rule for what becomes of the bytes on each way. Held bytes wait in the kernel's buffers, as behind a
 * partition: nobody sees an end, and what was sent arrives late, once the rule lets it.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** One way of one connection; answers go from whoever listens to whoever connected. */
export interface Way {
  readonly from: string
  readonly to: string
}

/** `hold`, or for how many milliseconds each piece is late; 0 passes it on at once. */
export type Rule = (way: Way) => 'hold' | number

const pass: Rule = () => 0

interface Flow extends Way {
  readonly source: Socket
  readonly sink: Socket
  /** Pieces that are late, in order. */
  late: Promise<unknown>
}

export class Network {
  #rule = pass
  readonly #servers: Server[] = []
  readonly #flows = new Set<Flow>()

  /** Resolves with the port of a relay to `port`; `from` may depend on the port of whoever connects. */
  async relay(
    { from, to }: { from: string | ((port: number) => string); to: string },
    port: () => number,
  ): Promise<number> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, near => {
      const name = typeof from === 'string' ? from : from(near.remotePort ?? 0)
      const far = connect({ port: port(), host: '127.0.0.1', allowHalfOpen: true })
      this.#join(near, far, { from: name, to })
      this.#join(far, near, { from: to, to: name })
    })
    this.#servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  set rule(rule: Rule) {
    this.#rule = rule
    for (const flow of this.#flows) this.#obey(flow)
  }

  heal(): void {
    this.rule = pass
  }

  /** Both ends of such connections are told that the other one is gone. */
  reset(isMeant: (way: Way) => boolean): void {
    for (const flow of this.#flows)
      if (isMeant(flow)) {
        flow.source.resetAndDestroy()
        flow.sink.resetAndDestroy()
      }
  }

  close(): void {
    for (const server of this.#servers) server.close()
    this.reset(() => true)
  }

  #join(source: Socket, sink: Socket, way: Way): void {
    const flow: Flow = { ...way, source, sink, late: Promise.resolve() }
    this.#flows.add(flow)
    const isHeld = () => this.#rule(way) === 'hold'
    source.on('data', bytes => this.#pass(flow, () => void sink.write(bytes)))
    source.on('end', () => this.#pass(flow, () => void sink.end()))
    source.on('error', () => {})
    source.on('close', () => {
      // An end that nobody can be told is told when somebody can.
      if (!isHeld()) this.#end(flow)
    })
    this.#obey(flow)
  }

  #pass(flow: Flow, act: () => void): void {
    const rule = this.#rule(flow)
    const ms = rule === 'hold' ? 0 : rule
    flow.late = ms > 0 ? this.#later(flow.late, ms, act) : flow.late.then(act)
  }

  async #later(before: Promise<unknown>, ms: number, act: () => void): Promise<void> {
    await Promise.all([before, new Promise(resolve => setTimeout(resolve, ms))])
    act()
  }

  #obey(flow: Flow): void {
    const { source } = flow
    if (this.#rule(flow) === 'hold') source.pause()
    else if (source.destroyed) this.#end(flow)
    else source.resume()
  }

  #end(flow: Flow): void {
    this.#flows.delete(flow)
    void flow.late.then(() => flow.sink.destroySoon())
  }
}
