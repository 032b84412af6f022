/**
 * A provider in any language: each call is a POST of JSON to `<url>/<call>`, where the call is upstream's name of it in words with dashes. What is
 * asked and answered is told in docs/cloud.md; `../provider.ts` says what it means.
 */

import { isPlainObject } from '#api/machinery/plain.ts'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { createUrlPoster, type UrlTrust } from '#client/webhooks/url-poster.ts'
import {
  type CloudProvider,
  ImplementedElsewhere,
  type InstanceMetadata,
  type Instances,
  type LoadBalancer,
  type LoadBalancerStatus,
  RetryLater,
  type Route,
  type Routes,
} from '../provider.ts'

export type Offer = 'instances' | 'loadBalancer' | 'routes'
export const OFFERS: readonly Offer[] = ['instances', 'loadBalancer', 'routes']

export interface HttpProviderOptions {
  readonly name: string
  /** What calls are appended to, such as `https://127.0.0.1:9000/cloud`. */
  readonly url: string
  /** What it has; everything by default. */
  readonly offers?: readonly Offer[]
  readonly trust?: UrlTrust
  /** How long a call may take: five minutes by default, since clouds take their time over load balancers. */
  readonly timeoutMs?: number
  readonly clock: Clock
}

const TIMEOUT_MS = 5 * 60_000
/** All routes of a large cluster are far smaller. */
const ANSWER_BYTES = 16 * 1024 ** 2

/** What a call that failed is answered with, under a status that is no success. */
interface Failure {
  readonly message?: string
  readonly reason?: string
  readonly retryAfterSeconds?: number
}

/** Throws a UserError for a URL that is none. */
export function createHttpProvider(options: HttpProviderOptions): CloudProvider {
  const { name, offers = OFFERS, trust = {}, timeoutMs = TIMEOUT_MS, clock } = options
  const base = baseOf(options.url)
  const { post, close } = createUrlPoster(trust, { answerBytes: ANSWER_BYTES })
  const ask = async <T>(call: string, question: object, signal: AbortSignal): Promise<T> => {
    const body = new TextEncoder().encode(JSON.stringify(question))
    const late = new AbortController()
    const cancel = clock.after(timeoutMs, () => late.abort())
    const limit = AbortSignal.any([signal, late.signal])
    const { status, body: answer } = await post(`${base}/${call}`, body, limit)
      .catch(error => {
        throw late.signal.aborted
          ? new Error(`${call} was not answered within ${timeoutMs / 1000}s`)
          : error
      })
      .finally(cancel)
    const text = new TextDecoder().decode(answer)
    // Nothing is followed: a redirection without a body must not pass for "there is none" or "it is gone".
    if (status < 200 || status >= 300) throw failureOf(call, status, text)
    return read(call, text) as T
  }
  return {
    name,
    ...(offers.includes('instances') ? { instances: instancesOver(ask) } : {}),
    ...(offers.includes('loadBalancer') ? { loadBalancer: loadBalancerOver(ask) } : {}),
    ...(offers.includes('routes') ? { routes: routesOver(ask) } : {}),
    close,
  }
}

function read(call: string, text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text === '' ? '{}' : text)
  } catch {
    throw new Error(`${call} was answered with something that is no JSON`)
  }
  if (!isPlainObject(value))
    throw new Error(`${call} was answered with something that is no JSON object`)
  return value
}

type Ask = <T>(call: string, question: object, signal: AbortSignal) => Promise<T>

const instancesOver = (ask: Ask): Instances => ({
  async instanceExists(node, signal) {
    const answer = await ask<{ exists?: boolean }>('instance-exists', { node }, signal)
    // A node is deleted for a "no": an answer without a word is none.
    return yesOrNo(answer.exists, 'instance-exists', 'exists')
  },
  async instanceShutdown(node, signal) {
    const answer = await ask<{ shutdown?: boolean }>('instance-shutdown', { node }, signal)
    return yesOrNo(answer.shutdown, 'instance-shutdown', 'shutdown')
  },
  async instanceMetadata(node, signal) {
    const answer = await ask<{ metadata?: InstanceMetadata }>('instance-metadata', { node }, signal)
    return answer.metadata ?? undefined
  },
})

const loadBalancerOver = (ask: Ask): LoadBalancer => ({
  async getLoadBalancer(clusterName, service, signal) {
    const question = { clusterName, service }
    const answer = await ask<{ status?: LoadBalancerStatus | null }>(
      'get-load-balancer',
      question,
      signal,
    )
    return answer.status ?? undefined
  },
  async ensureLoadBalancer(clusterName, service, nodes, signal) {
    const question = { clusterName, service, nodes }
    const answer = await ask<{ status?: LoadBalancerStatus }>(
      'ensure-load-balancer',
      question,
      signal,
    )
    return said(answer.status, 'ensure-load-balancer', 'status')
  },
  async updateLoadBalancer(clusterName, service, nodes, signal) {
    await ask('update-load-balancer', { clusterName, service, nodes }, signal)
  },
  async ensureLoadBalancerDeleted(clusterName, service, signal) {
    await ask('ensure-load-balancer-deleted', { clusterName, service }, signal)
  },
})

const routesOver = (ask: Ask): Routes => ({
  async listRoutes(clusterName, signal) {
    const answer = await ask<{ routes?: Route[] }>('list-routes', { clusterName }, signal)
    return said(answer.routes, 'list-routes', 'routes')
  },
  async createRoute(clusterName, nameHint, route, signal) {
    await ask('create-route', { clusterName, nameHint, route }, signal)
  },
  async deleteRoute(clusterName, route, signal) {
    await ask('delete-route', { clusterName, route }, signal)
  },
})

function said<T>(value: T | undefined | null, call: string, field: string): T {
  if (value === undefined || value === null)
    throw new Error(`the answer to ${call} has no "${field}"`)
  return value
}

/** `0` and `"false"` are neither, and nodes are deleted and tainted by it. */
function yesOrNo(value: unknown, call: string, field: string): boolean {
  if (typeof said(value, call, field) === 'boolean') return value as boolean
  throw new Error(`the "${field}" in the answer to ${call} is neither true nor false`)
}

function failureOf(call: string, status: number, text: string): Error {
  let told: Failure = {}
  try {
    const value: unknown = JSON.parse(text)
    if (isPlainObject(value)) told = value
  } catch {
    // A proxy's page; the status must do.
  }
  const hasMessage = typeof told.message === 'string' && told.message !== ''
  const message = hasMessage ? `${told.message}` : `${call} was answered with HTTP ${status}`
  if (told.reason === 'ImplementedElsewhere')
    return new ImplementedElsewhere(hasMessage ? message : undefined)
  const seconds = Number(told.retryAfterSeconds)
  // Who does not say when is asked again after the usual waits: at once would be for ever, as fast as the network goes.
  if (told.reason === 'RetryAfter' && seconds > 0) return new RetryLater(message, seconds * 1000)
  return new Error(message)
}

function baseOf(text: string): string {
  let url: URL | undefined
  try {
    url = new URL(text)
  } catch {
    // Told below.
  }
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UserError(
      `the cloud provider's url must begin with http:// or https://, not "${text}"`,
    )
  return text.replace(/\/+$/, '')
}
