/** A line to a server that a test can cut and join again. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export class Line {
  readonly url: string
  readonly #server: Server
  readonly #sockets: Set<Socket>
  readonly #state: { isCut: boolean }

  private constructor(server: Server, sockets: Set<Socket>, state: { isCut: boolean }) {
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    this.url = `http://127.0.0.1:${port}`
    this.#server = server
    this.#sockets = sockets
    this.#state = state
  }

  static async to(target: string): Promise<Line> {
    const port = Number(new URL(target).port)
    const sockets = new Set<Socket>()
    const state = { isCut: false }
    const server = createServer(near => {
      if (state.isCut) return void near.destroy()
      const far = connect(port, '127.0.0.1')
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket)
        socket.pipe(other)
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          other.destroy()
          sockets.delete(socket)
        })
      }
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new Line(server, sockets, state)
  }

  cut(): void {
    this.#state.isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  join(): void {
    this.#state.isCut = false
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
