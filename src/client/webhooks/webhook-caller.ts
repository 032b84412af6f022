/**
 * One question to a webhook over HTTPS: JSON goes out, status and JSON come back. Where it goes was decided by the caller, who
 * read it from a configuration that only administrators may write; nothing is followed, and the certificate is always checked.
 */

import type { Agent, RequestOptions } from 'node:https'
import { hostPort } from '#base/host-port.ts'
import { currentSpan, within } from '#base/tracing/span.ts'
import { networkFailure } from '../network-failure.ts'
import { trusting } from '../tls-options.ts'
import { readAnswer, UnreadAnswer, type WebhookAnswer } from './answer.ts'

export interface WebhookTarget {
  /** What is dialled: a name or an IP address. */
  readonly host: string
  readonly port: number
  /** The name that the certificate must have, where it is not `host`. */
  readonly serverName?: string
  /** PEM; absent trusts the authorities of the system. */
  readonly authority?: string
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

/** Whoever is asked may go on with the trace. */
function ask(
  target: WebhookTarget,
  request: Parameters<WebhookCaller>[1],
  agent: Agent,
): Promise<WebhookAnswer> {
  const span = currentSpan()?.child('HTTP POST', {
    kind: 'client',
    attributes: {
      'http.request.method': 'POST',
      'server.address': target.host,
      'server.port': target.port,
      'url.full': `https://${hostPort(target.host, target.port)}${request.path}`,
    },
  })
  if (!span) return send(target, request, agent)
  return within(span, () => send(target, request, agent, span.traceparent))
}

function send(
  target: WebhookTarget,
  { path, body, signal }: Parameters<WebhookCaller>[1],
  agent: Agent,
  traceparent?: string,
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
      host: hostPort(name, port),
      accept: 'application/json, */*',
      'user-agent': 'kube-apiserver-admission',
      'content-type': 'application/json',
      'content-length': body.length,
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    ...(serverName ? { servername: serverName } : {}),
    ...(authority ? trusting(authority) : {}),
  }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(
        error instanceof UnreadAnswer
          ? error
          : new Error(networkFailure(error, target), { cause: error }),
      )
    const request = https().request(options, answer =>
      readAnswer(answer, MAXIMUM_ANSWER_BYTES).then(resolve, fail),
    )
    request.on('error', fail)
    request.end(body)
  })
}
