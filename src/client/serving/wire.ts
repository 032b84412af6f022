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

/** Header names and values without HTTP/2's own; of several values of one name, node has made one. */
export function plainHeaders(
  incoming: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name in incoming) {
    const value = incoming[name]
    // 58 is the colon of :method, :path and their like.
    if (value === undefined || name.charCodeAt(0) === 58) continue
    headers[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return headers
}
