/**
 * `healthCheckNodePort`: load balancers ask each node whether it has an endpoint of a Service of its own, since with externalTrafficPolicy Local
 * only such nodes answer its clients. Answers are upstream's, to the letter.
 */
import type { Service } from '#api/core/v1/service.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { EventRecorder } from '#client/events.ts'
import { listenPlainHttp, type PlainAnswer } from '#host/plain-http.ts'
import type { Listening } from '#host/sockets.ts'
import type { HealthCheck } from './service-ports.ts'

/** Somebody else may hold the port for a while. */
export const RETRY_MS = 5_000

export interface HealthCheckPortsOptions {
  readonly nodeName: string
  readonly clock: Clock
  readonly log: Log
  readonly recorder: Pick<EventRecorder, 'record'>
  /** Whether the rules in the kernel are those that are wanted. */
  isProxyHealthy(): boolean
}

export class HealthCheckPorts {
  readonly #options: HealthCheckPortsOptions
  readonly #open = new Map<number, HealthCheckPort>()
  /** Ports on their way to being closed. */
  readonly #closing = new Set<Promise<void>>()

  constructor(options: HealthCheckPortsOptions) {
    this.#options = options
  }

  /** To be called when the rules to these are in the kernel. Opens and closes ports. */
  settled(checks: readonly HealthCheck[]): void {
    const wanted = new Map(checks.map(check => [check.port, check]))
    for (const [port, open] of this.#open) if (!wanted.has(port)) this.#close(port, open)
    for (const [port, check] of wanted) {
      const open = this.#open.get(port)
      if (open) open.check = check
      else this.#open.set(port, new HealthCheckPort(check, this.#options))
    }
  }

  /** Resolves when every port that was no longer wanted is closed. */
  async stop(): Promise<void> {
    for (const [port, open] of this.#open) this.#close(port, open)
    await Promise.all(this.#closing)
  }

  #close(port: number, open: HealthCheckPort): void {
    this.#open.delete(port)
    const closing = open.stop().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }
}

class HealthCheckPort {
  check: HealthCheck
  readonly #options: HealthCheckPortsOptions
  readonly #stopping = new AbortController()
  readonly #opened: Promise<Listening | undefined>

  constructor(check: HealthCheck, options: HealthCheckPortsOptions) {
    this.check = check
    this.#options = options
    this.#opened = this.#listen()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await (await this.#opened)?.close()
  }

  async #listen(): Promise<Listening | undefined> {
    const { signal } = this.#stopping
    for (let attempt = 1; !signal.aborted; attempt++)
      try {
        return await listenPlainHttp({
          address: undefined,
          port: this.check.port,
          answer: () => healthCheckAnswer(this.check, this.#options.isProxyHealthy()),
        })
      } catch (error) {
        if (attempt === 1) this.#complain(messageOf(error))
        await sleep(this.#options.clock, RETRY_MS, signal).catch(() => {})
      }
    return undefined
  }

  #complain(why: string): void {
    const { nodeName, log, recorder } = this.#options
    const { service, port } = this.check
    const name = `${service.metadata.namespace}/${service.metadata.name}`
    log.warn('a health check port could not be opened; trying again', {
      component: 'proxy',
      service: name,
      error: why,
    })
    recorder.record(service, 'Warning', 'FailedToStartServiceHealthcheck', {
      message: `node ${nodeName} failed to start healthcheck ${JSON.stringify(name)} on port ${port}: ${why}`,
      action: 'Listen',
    })
  }
}

export function healthCheckAnswer(check: HealthCheck, isProxyHealthy: boolean): PlainAnswer {
  const { namespace, name } = check.service.metadata as Service['metadata']
  const { localEndpoints } = check
  const answer = {
    service: { namespace, name },
    localEndpoints,
    serviceProxyHealthy: isProxyHealthy,
  }
  return {
    status: localEndpoints > 0 && isProxyHealthy ? 200 : 503,
    headers: {
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'x-load-balancing-endpoint-weight': `${localEndpoints}`,
    },
    body: JSON.stringify(answer, undefined, '\t'),
  }
}
