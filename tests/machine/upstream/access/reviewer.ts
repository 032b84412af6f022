/** Somebody else who knows tokens and rights: a webhook that answers reviews, and remembers who asked what. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was asked
export type Review = any

export interface Asked {
  readonly path: string
  readonly isUpstream: boolean
  readonly review: Review
}

export class Reviewer {
  readonly asked: Asked[] = []
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  /** `answer` gives the status of the review, or an HTTP status instead. */
  static async start(answer: (path: string, review: Review) => object | number): Promise<Reviewer> {
    const server = createServer()
    const reviewer = new Reviewer(server)
    server.on('request', async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      const review = JSON.parse(Buffer.concat(parts).toString())
      const path = (request.url ?? '').split('?')[0] ?? ''
      // Go's library always says who it is.
      const isUpstream = request.headers['user-agent'] !== undefined
      reviewer.asked.push({ path, isUpstream, review })
      const status = answer(path, review)
      if (typeof status === 'number') {
        response.writeHead(status).end('no')
        return
      }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ ...review, status }))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return reviewer
  }

  /** A kubeconfig that leads here. */
  kubeconfig(path: string): object {
    const { port } = this.#server.address() as AddressInfo
    return {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}${path}` } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}
