/** Where a stream is opened, and a server's refusal to open it. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'

export interface StreamTarget {
  /** For the Host header. */
  readonly host: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** A fresh connection to the server, TLS included, that speaks HTTP/1.1. */
  dial(): Promise<Duplex>
  readonly clock: Clock
}

/** Long enough for a busy node, short enough that a person still waits. */
export const upgradeTimeoutMs = 30_000
/** Of a refusal's body. */
const maxRefusalBytes = 64 * 1024

/** A server's answer that is not the upgrade that was asked for. No redirect is ever followed. */
export class UpgradeRefused extends Error {
  override readonly name = 'UpgradeRefused'
  readonly status: number
  /** The answer's body, a Status as a rule. */
  readonly body: string

  constructor(status: number, body: string) {
    super(`the server answered ${status} to the request to open a stream: ${body.trim()}`)
    this.status = status
    this.body = body
  }
}

export async function refusalOf(response: IncomingMessage): Promise<UpgradeRefused> {
  let body = ''
  for await (const chunk of response) {
    body += String(chunk)
    if (body.length > maxRefusalBytes) break
  }
  return new UpgradeRefused(response.statusCode ?? 0, body.slice(0, maxRefusalBytes))
}
