/** What the tests of serving share: an authority, a server over a handler, and clients of both HTTP versions. */

import type { EventEmitter } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { type Log, silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { ServedPeer } from '../serving/handler.ts'
import { type HttpsServing, type ServeHttpsOptions, serveHttps } from '../serving/serve-https.ts'
import type { ApiRequest, ApiResponse, EventSource } from '../transport.ts'

/** Longer than a night of torture on a busy machine. */
export const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 48 * 3_600_000 }
export const authority = issueAuthority('test-ca', validity, systemRandom)

/** Key and certificate of somebody, as TLS options want them. */
export function certified(commonName: string, usage: 'server' | 'client', by = authority) {
  const names = usage === 'server' ? { names: ['localhost', '127.0.0.1'] } : {}
  const request = { subject: { commonName }, usages: [usage], validity, ...names }
  const { certificate, key } = issueLeaf(request, by, systemRandom)
  return { cert: certificate, key }
}

export const serving = certified('server', 'server')
export const trust = { ca: authority.certificate, servername: 'localhost' }

export type Handle = (request: ApiRequest, peer: ServedPeer) => Promise<ApiResponse>

export interface Served extends HttpsServing, AsyncDisposable {
  readonly port: number
  readonly url: string
}

export async function serve(
  handle: Handle,
  more: Partial<ServeHttpsOptions> & Partial<ServeHttpsOptions['handler']> = {},
): Promise<Served> {
  const { upgrade, passesOn, ...options } = more
  const served = await serveHttps({
    addresses: [{ address: '127.0.0.1', port: 0 }],
    tls: () => ({ ...serving, clientCa: authority.certificate }),
    handler: { handle, ...(upgrade ? { upgrade } : {}), ...(passesOn ? { passesOn } : {}) },
    clock: systemClock,
    log: silentLog,
    ...options,
  })
  const port = served.ports[0] ?? 0
  return {
    ...served,
    port,
    url: `https://localhost:${port}`,
    [Symbol.asyncDispose]: () => served.stop(),
  }
}

export const text = (
  status: number,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): ApiResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: { kind: 'bytes', bytes: typeof body === 'string' ? Buffer.from(body) : body },
})

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Uint8Array
  /** TLS options, e.g. a client certificate. */
  readonly tls?: object
}

/** The same question over either version of HTTP, on a connection of its own. */
export const versions: Readonly<Record<string, (at: Served, asked?: Asked) => Promise<Answer>>> = {
  'HTTP/2': async (at, asked = {}) => {
    const session = connect(at.url, { ...trust, ...asked.tls })
    try {
      return await ask2(session, asked)
    } finally {
      session.destroy()
    }
  },
  'HTTP/1.1': (at, { method = 'GET', path = '/', headers = {}, body, tls } = {}) =>
    new Promise((resolve, reject) => {
      const options = { port: at.port, host: '127.0.0.1', agent: false, method, path, headers }
      const request = httpsRequest({ ...options, ...trust, ...tls }, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode = 0 } = response
          resolve({ status: statusCode, headers: response.headers, body: Buffer.concat(chunks) })
        })
      })
      request.on('error', reject)
      request.end(body)
    }),
}

export function ask2(
  session: ClientHttp2Session,
  { method = 'GET', path = '/', headers = {}, body }: Asked = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    session.on('error', reject)
    const stream = session.request(
      { ...headers, ':method': method, ':path': path },
      { endStream: body === undefined },
    )
    let answered: Record<string, unknown> = {}
    const chunks: Buffer[] = []
    stream.on('response', incoming => {
      answered = incoming
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      const status = Number(answered[':status'])
      if (Number.isNaN(status)) reject(new Error('the stream ended without an answer'))
      else resolve({ status, headers: answered, body: Buffer.concat(chunks) })
    })
    stream.on('close', () => reject(new Error('closed without an answer')))
    if (body !== undefined) stream.end(body)
  })
}

/** A bare TLS connection that speaks HTTP/1.1 by hand. */
export function rawConnection(at: Served, tls: object = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port: at.port, host: '127.0.0.1', ...trust, ...tls }, () =>
      resolve(socket),
    )
    socket.on('error', reject)
  })
}

export function collectedLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const take = (message: string) => lines.push(message)
  const log = { lines, debug() {}, info: take, warn: take, error: take, with: () => log }
  return log
}

/** A source that is pushed by hand. */
export function pushed() {
  const state = { subscribed: false, cancelled: false }
  let sink: Parameters<EventSource<Uint8Array>['subscribe']>[0] | undefined
  const stream: EventSource<Uint8Array> = {
    subscribe(given) {
      sink = given
      state.subscribed = true
      return () => {
        state.cancelled = true
      }
    },
  }
  return {
    state,
    response: {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { kind: 'stream', stream },
    } as ApiResponse,
    next: (bytes: string | Uint8Array) =>
      sink?.next(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
    end: (error?: Error) => sink?.end(error),
  }
}

/** `once` of Node would reject where an error comes before: a connection that is cut off may have one. */
export const closed = (of: EventEmitter): Promise<void> =>
  new Promise(resolve => of.once('close', () => resolve()))

export async function until(isTrue: () => boolean, timeoutMs = 30_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!isTrue()) {
    if (Date.now() > end) throw new Error('it did not happen in time')
    await delay(5)
  }
}
