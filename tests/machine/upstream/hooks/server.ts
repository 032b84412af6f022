/** A webhook for one API server: it answers as the path says, and remembers what it was sent. */
import { once } from 'node:events'
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import type { Shown } from '../differences.ts'

const validity = { notBefore: Date.parse('2025-01-01'), notAfter: Date.parse('2049-01-01') }
const authority = issueAuthority('webhook-ca', validity, systemRandom)
const stranger = issueAuthority('another-ca', validity, systemRandom)
export const base64 = (text: string) => Buffer.from(text).toString('base64')
export const caBundle = base64(authority.certificate)
export const anotherBundle = base64(stranger.certificate)

function keysFor(...names: string[]) {
  const request = {
    subject: { commonName: 'webhook' },
    usages: ['server'] as const,
    names,
    validity,
  }
  const { certificate, key } = issueLeaf(request, authority, systemRandom)
  return { cert: certificate, key }
}

/** Where nobody listens, whatever the machine. */
export const NO_PORT = 1
/** So long that no connection ends in the very moment in which it is used again. */
const KEEP_ALIVE_MS = 600_000

export interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly review: Shown
}

/** What is answered: a response within a review, or any text, or nothing; perhaps with a beginning of something. */
export type Reply =
  | {
      readonly response: object
      readonly review?: object
      readonly status?: number
      readonly type?: string
    }
  | { readonly text: string; readonly status?: number; readonly headers?: Record<string, string> }
  | { readonly hangs: true }
  | { readonly breaks: true; readonly after?: string }

export type Behaviour = (request: Shown) => Reply

export class HookServer {
  readonly heard: Heard[] = []
  readonly #behaviours: ReadonlyMap<string, Behaviour>
  readonly #doors: readonly Server[]

  constructor(behaviours: ReadonlyMap<string, Behaviour>) {
    this.#behaviours = behaviours
    const listen = (request: IncomingMessage, reply: ServerResponse) => this.#hear(request, reply)
    const settings = { keepAliveTimeout: KEEP_ALIVE_MS }
    this.#doors = [
      createSecure({ ...keysFor('127.0.0.1', 'hook.default.svc'), ...settings }, listen),
      createSecure({ ...keysFor('10.1.2.3', 'another.example.com'), ...settings }, listen),
      createPlain(settings, listen),
      createTcp(socket => socket.once('data', () => socket.end()).on('error', () => {})),
    ]
  }

  async listen(): Promise<void> {
    for (const door of this.#doors) {
      door.listen(0, '127.0.0.1')
      await once(door, 'listening')
    }
  }

  /** 0 is where it should be; 1 has a certificate of somebody else, 2 none at all, 3 hangs up. */
  port(door: number): number {
    const address = this.#doors[door]?.address()
    return (address as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const door of this.#doors) {
      if ('closeAllConnections' in door) (door.closeAllConnections as () => void)()
      door.close()
      await once(door, 'close')
    }
  }

  async #hear(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const review: Shown = body === '' ? {} : JSON.parse(body)
    const { method = '', url = '', headers } = request
    this.heard.push({ method, path: url, headers: headers as Heard['headers'], review })
    const [path = ''] = url.split('?')
    const name = path.slice(path.lastIndexOf('/') + 1)
    answer(reply, review, this.#behaviours.get(name)?.(review.request) ?? { response: {} })
  }
}

function answer(reply: ServerResponse, review: Shown, given: Reply): void {
  if ('hangs' in given) return
  if ('breaks' in given) {
    if (given.after === undefined) reply.destroy()
    else {
      reply.writeHead(200, { 'content-length': String(2 * given.after.length) })
      reply.write(given.after, () => reply.destroy())
    }
    return
  }
  if ('text' in given) {
    reply.writeHead(given.status ?? 200, given.headers).end(given.text)
    return
  }
  const { apiVersion, kind } = review
  const response = { uid: review.request?.uid, allowed: true, ...given.response }
  const body = JSON.stringify({ apiVersion, kind, response, ...given.review })
  reply.writeHead(given.status ?? 200, { 'content-type': given.type ?? 'application/json' })
  reply.end(body)
}

export const patchOf = (...operations: readonly object[]) => ({
  patchType: 'JSONPatch',
  patch: base64(JSON.stringify(operations)),
})
