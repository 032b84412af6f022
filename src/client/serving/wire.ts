/** One request on its way in and its answer on its way out: HTTP/2 and HTTP/1.1 look the same from here on. */
import type { Readable, Writable } from 'node:stream'
import type { Method } from '../transport.ts'
import type { ServedPeer } from './handler.ts'

export interface Wire {
  readonly method: Method
  /** Path and query as they came. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly peer: ServedPeer
  /** The body, or undefined where none was announced. */
  readonly incoming: Readable | undefined
  readonly outgoing: Writable
  /** Sends status and headers; without `hasBody` that is the whole answer. */
  begin(status: number, headers: Readonly<Record<string, string>>, hasBody: boolean): void
  /** Breaks off, so that the client sees that the answer is not whole. */
  reset(): void
  /** Takes no further requests on this connection once this one is answered. */
  retire(): void
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export function isMethod(method: string): method is Method {
  return METHODS.has(method)
}

/** As node takes them: cookies cannot share a line, so those of a proxied answer come parted by newlines. */
export function wireHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string | string[]>> {
  const cookies = headers['set-cookie']
  return cookies === undefined ? headers : { ...headers, 'set-cookie': cookies.split('\n') }
}

/**
 * Names in lower case, one text each, from node's flat list of names and values. Repeated headers are joined by a comma, as
 * HTTP defines; those of impersonation by a newline, which no value can hold, because the name of a group may contain a comma.
 */
export function headersOf(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    // 58 is the colon of HTTP/2's own :method, :path and their like.
    if (name.charCodeAt(0) === 58) continue
    const value = raw[at + 1] as string
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else headers[name] = before + (name.startsWith('impersonate-') ? '\n' : ', ') + value
  }
  return headers
}
