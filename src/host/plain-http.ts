/** A small HTTP server for whoever watches over this machine: short answers to GET, without TLS and without rights. */
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Listening } from './sockets.ts'

export interface PlainAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface PlainHttpOptions {
  /** Undefined for all addresses of the machine, of both families where it has both. */
  readonly address: string | undefined
  readonly port: number
  /** Gets the path without its query. Rejections are answered with 500. */
  answer(path: string): PlainAnswer | Promise<PlainAnswer>
}

/** Everybody on the network may ask: watchers are few, so more connections than this are none of theirs. */
const CONNECTIONS_LIMIT = 256
/** For a request as a whole; a question is a few lines long. */
const REQUEST_TIMEOUT_MS = 10_000

/** Resolves when the port is open; rejects with the system's error where it cannot be had. */
export async function listenPlainHttp(options: PlainHttpOptions): Promise<Listening> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, async (request, response) => {
    const { status, headers, body } = await answerTo(request.method, request.url, options)
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    response.end(request.method === 'HEAD' ? undefined : body)
    request.resume()
  })
  server.maxConnections = CONNECTIONS_LIMIT
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port, host: options.address }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answerTo(method = '', url = '/', options: PlainHttpOptions): Promise<PlainAnswer> {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'Method Not Allowed')
  try {
    return await options.answer(url.split('?')[0] ?? '/')
  } catch {
    return plain(500, 'Internal Server Error')
  }
}

export function plain(status: number, text: string): PlainAnswer {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
  }
  return { status, headers, body: `${text}\n` }
}

/** A machine that is busy may take seconds over a few words, and who asks has nothing else to do. */
const ANSWER_TIMEOUT_MS = 60_000

/** What somebody near answers to GET; undefined where nobody does. */
export function askPlainHttp(url: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const request = get(url, { timeout: ANSWER_TIMEOUT_MS, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', part => {
        text += part
      })
      response.once('end', () => resolve(text))
      response.once('error', () => resolve(undefined))
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(undefined))
  })
}
