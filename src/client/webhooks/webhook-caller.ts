/**
 * One question to a webhook over HTTPS: JSON goes out, status and JSON come back. Where it goes was decided by the caller, who
 * read it from a configuration that only administrators may write; nothing is followed, and the certificate is always checked.
 */

import type { IncomingMessage } from 'node:http'
import type { Agent, RequestOptions } from 'node:https'
import { messageOf } from '#base/errors.ts'

export interface WebhookTarget {
  /** What is dialled: a name or an IP address. */
  readonly host: string
  readonly port: number
  /** The name that the certificate must have, where it is not `host`. */
  readonly serverName?: string
  /** PEM; absent trusts the authorities of the system. */
  readonly authority?: string
}

export interface WebhookAnswer {
  readonly status: number
  readonly body: Uint8Array
}

/** Rejects with an error whose message says, in the words that operators of clusters know, why there is no answer. */
export type WebhookCaller = (
  target: WebhookTarget,
  request: { readonly path: string; readonly body: Uint8Array; readonly signal: AbortSignal },
) => Promise<WebhookAnswer>

/** More than any object with its patch; a webhook that sends more is broken or hostile. */
const MAXIMUM_ANSWER_BYTES = 8 * 1024 * 1024
/** Connections that are kept open, by target. */
const MAXIMUM_AGENTS = 200
const IDLE_TIMEOUT_MS = 30_000

/** `close` ends the connections that are kept. */
export function createWebhookCaller(): { readonly call: WebhookCaller; close(): void } {
  const agents = new Map<string, Agent>()
  const agentFor = (target: WebhookTarget): Agent => {
    const key = JSON.stringify(target)
    const known = agents.get(key)
    if (known) return known
    const [oldest] = agents.keys()
    if (agents.size >= MAXIMUM_AGENTS && oldest !== undefined) {
      agents.get(oldest)?.destroy()
      agents.delete(oldest)
    }
    const { Agent: HttpsAgent } = https()
    const agent = new HttpsAgent({ keepAlive: true, timeout: IDLE_TIMEOUT_MS })
    agents.set(key, agent)
    return agent
  }
  return {
    call: (target, request) => ask(target, request, agentFor(target)),
    close() {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}

/** Loaded with the first call only, for most clusters have no webhooks. */
const https = () => process.getBuiltinModule('node:https')

function ask(
  target: WebhookTarget,
  { path, body, signal }: Parameters<WebhookCaller>[1],
  agent: Agent,
): Promise<WebhookAnswer> {
  const { host, port, serverName, authority } = target
  const name = serverName ?? host
  const options: RequestOptions = {
    method: 'POST',
    host,
    port,
    path,
    agent,
    signal,
    headers: {
      host: `${name.includes(':') ? `[${name}]` : name}:${port}`,
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': body.length,
    },
    ...(serverName ? { servername: serverName } : {}),
    ...(authority ? { ca: authority } : {}),
  }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(new Error(reasonOf(error, target), { cause: error }))
    const request = https().request(options, answer => receive(answer, resolve, fail))
    request.on('error', fail)
    request.end(body)
  })
}

function receive(
  answer: IncomingMessage,
  resolve: (answer: WebhookAnswer) => void,
  fail: (error: unknown) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  answer.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > MAXIMUM_ANSWER_BYTES)
      answer.destroy(new Error(`the answer is longer than ${MAXIMUM_ANSWER_BYTES} bytes`))
    else chunks.push(chunk)
  })
  answer.once('error', fail)
  answer.once('close', () => fail(new Error('unexpected EOF')))
  answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }))
}

const UNKNOWN_AUTHORITY = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
])

function reasonOf(error: unknown, { host, port }: WebhookTarget): string {
  const { code = '', address = host } = error as { code?: string; address?: string }
  if (code === 'ABORT_ERR') return 'context deadline exceeded'
  const at = `${address.includes(':') ? `[${address}]` : address}:${port}`
  if (code === 'ECONNREFUSED') return `dial tcp ${at}: connect: connection refused`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: no such host`
  if (code === 'ECONNRESET') return 'EOF'
  const x509 = 'tls: failed to verify certificate: x509: '
  if (UNKNOWN_AUTHORITY.has(code)) return `${x509}certificate signed by unknown authority`
  if (code === 'CERT_HAS_EXPIRED') return `${x509}certificate has expired or is not yet valid`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${x509}${messageOf(error)}`
  return messageOf(error)
}
