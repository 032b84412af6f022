/**
 * Requests to URLs over HTTP or HTTPS, and what comes back. The URLs come from configurations that only administrators may write;
 * nothing is followed.
 */
import type { Agent } from 'node:http'
import { networkFailure } from '../network-failure.ts'
import { trusting } from '../tls-options.ts'
import { readAnswer, type WebhookAnswer } from './answer.ts'

export type UrlAnswer = WebhookAnswer

export interface UrlTrust {
  /** PEM; absent trusts the authorities of the system. */
  readonly authority?: string | undefined
  /** PEM, to say who is asking. */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  /** The name that the other's certificate must have, where it is not the URL's. */
  readonly serverName?: string | undefined
  /** Believes anybody. */
  readonly insecure?: boolean | undefined
  /** A bearer token, or how to read it anew. */
  readonly token?: string | (() => Promise<string>) | undefined
}

export interface UrlRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal: AbortSignal
}

/** `close` ends the connections that are kept open. */
export interface UrlCaller {
  /** Rejects with an error whose message says why there is no answer; the status is the caller's to judge. */
  ask(request: UrlRequest): Promise<UrlAnswer>
  close(): void
}

const IDLE_TIMEOUT_MS = 30_000

export function createUrlCaller(
  trust: UrlTrust,
  limits: { readonly answerBytes: number },
): UrlCaller {
  const agents = new Map<string, Agent>()
  const agentFor = (protocol: string): Agent => {
    const known = agents.get(protocol)
    if (known) return known
    const { Agent: OneOfThem } = moduleFor(protocol)
    const agent = new OneOfThem({ keepAlive: true, timeout: IDLE_TIMEOUT_MS })
    agents.set(protocol, agent)
    return agent
  }
  const { authority, certificate, key, serverName, insecure, token } = trust
  const tls = {
    ...(authority ? trusting(authority) : {}),
    ...(certificate ? { cert: certificate } : {}),
    ...(key ? { key } : {}),
    ...(serverName ? { servername: serverName } : {}),
    ...(insecure ? { rejectUnauthorized: false } : {}),
  }
  return {
    async ask({ method, url: text, headers, body, signal }) {
      const url = new URL(text)
      const told = typeof token === 'function' ? await token() : token
      const bearer = told ? { authorization: `Bearer ${told}` } : {}
      const { protocol, hostname } = url
      const length = body ? { 'content-length': body.length } : {}
      const options = {
        method,
        agent: agentFor(protocol),
        signal,
        headers: { ...bearer, ...headers, ...length },
        ...tls,
      }
      const verb = method === 'GET' ? 'Get' : 'Post'
      return new Promise((resolve, reject) => {
        const fail = (error: unknown) => {
          const port = Number(url.port || (protocol === 'https:' ? 443 : 80))
          const why = networkFailure(error, { host: hostname, port })
          reject(new Error(`${verb} "${text}": ${why}`, { cause: error }))
        }
        const request = moduleFor(protocol).request(url, options, answer =>
          readAnswer(answer, limits.answerBytes).then(resolve, fail),
        )
        request.on('error', fail)
        request.end(body)
      })
    },
    close() {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}

/** Loaded with the first call only: most clusters call nobody. */
function moduleFor(protocol: string) {
  return protocol === 'https:'
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http')
}
