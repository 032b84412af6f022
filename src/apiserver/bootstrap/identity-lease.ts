/**
 * Who serves the API, for whoever looks: a Lease of kube-system for each machine on which a server listens, made anew when one starts, renewed while
 * it runs and gone with it. What a server left that had no time to take its own away is removed when it has not been renewed for an hour. Names and intervals
 * are upstream's (API server identity), so that servers of both kinds take each other for what they are. This is not what the endpoints
 * of the API are made of: that is server-leases.ts's.
 */
import type { Lease } from '#api/coordination/v1/lease.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { Pauses, rfc3339Micro } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { isGateOn } from '#base/feature-gates.ts'
import { hostPort } from '#base/host-port.ts'
import type { ServerContext } from '../server-context.ts'
import { serverIdOf } from './server-id.ts'
import { Writer } from './writer.ts'

/** Where a server is reached, and what its machine is called. */
export interface Listening {
  readonly hostname: string
  readonly address: string | undefined
  readonly port: number
}

const GROUP = 'coordination.k8s.io'
const PLURAL = 'leases'
const NAMESPACE = 'kube-system'
const IDENTITY = 'apiserver.kubernetes.io/identity'
const OF_API = 'kube-apiserver'
const HOSTNAME = 'kubernetes.io/hostname'
const PEER_ADDRESS = 'kubernetes.io/peer-advertise-address'

/** Nobody waits for it at a start, when there is other work. */
const SETTLE_MS = 200
const RENEW_MS = 10_000
/** By how much a pause may be longer, so that servers that started together do not renew together. */
const JITTER_MS = 400
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 7_000
const LEASE_SECONDS = 3_600
const LONGEST_LABEL = 63
const COLLECT_MS = 3_600_000

/** Begins a moment later; the returned function ends it, and is over when the lease is gone. */
export function keepIdentityLease(
  server: ServerContext,
  listening: Listening,
): () => Promise<void> {
  if (!isGateOn(server.featureGates, 'APIServerIdentity')) return async () => {}
  if (!server.registry.find(GROUP, 'v1', PLURAL)?.storage) return async () => {}
  const keeper = new Keeper(server, listening)
  const running = keeper.run()
  return async () => {
    keeper.pauses.end()
    await running
    await keeper.remove()
  }
}

class Keeper {
  readonly pauses: Pauses
  readonly #server: ServerContext
  readonly #writer: Writer
  readonly #listening: Listening
  readonly #name: string
  readonly #holder: string
  #retryMs = FIRST_RETRY_MS
  #collectAtMs: number

  constructor(server: ServerContext, listening: Listening) {
    this.#server = server
    this.#writer = new Writer(server)
    this.#listening = listening
    this.#name = serverIdOf(listening.hostname)
    this.#holder = `${this.#name}_${server.random.uuid()}`
    this.pauses = new Pauses(server.clock)
    this.#collectAtMs = server.clock.monotonicMs()
  }

  async run(): Promise<void> {
    const { clock } = this.#server
    await this.pauses.take(SETTLE_MS)
    // What an earlier server of this machine left; who looks is to see that this is another one.
    if (!this.pauses.isOver) await this.remove()
    while (!this.pauses.isOver) {
      const pauseMs = await this.#renew()
      if (clock.monotonicMs() >= this.#collectAtMs && !this.pauses.isOver) {
        await this.#collect()
        this.#collectAtMs = clock.monotonicMs() + COLLECT_MS
      }
      await this.pauses.take(pauseMs)
    }
  }

  /** The own one. */
  remove(): Promise<void> {
    return this.#remove(this.#lease())
  }

  /** After how many milliseconds to do it again. */
  async #renew(): Promise<number> {
    const { random } = this.#server
    try {
      await this.#write()
      this.#retryMs = FIRST_RETRY_MS
      return RENEW_MS + random.integer(JITTER_MS + 1)
    } catch (error) {
      this.#warn('who this server is could not be told in its lease', error)
      this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS)
      return this.#retryMs
    }
  }

  /** What others wrote into it stays, and so does the holder that it has: two servers of a machine have one lease, and the last that started holds it. */
  async #write(): Promise<void> {
    const lease = this.#lease()
    if (await this.#writer.stored(GROUP, PLURAL, lease))
      await this.#writer.change(GROUP, PLURAL, lease, draft => this.#mark(draft as Lease))
    else {
      this.#mark(lease)
      await this.#writer.ensure(GROUP, PLURAL, lease)
    }
  }

  #lease(): Lease {
    return {
      apiVersion: `${GROUP}/v1`,
      kind: 'Lease',
      metadata: { namespace: NAMESPACE, name: this.#name },
      spec: { holderIdentity: this.#holder },
    }
  }

  #mark({ metadata, spec }: Lease): void {
    const { clock, featureGates } = this.#server
    const { hostname, address, port } = this.#listening
    metadata.labels = { ...metadata.labels, [IDENTITY]: OF_API, [HOSTNAME]: asLabel(hostname) }
    if (address !== undefined && isGateOn(featureGates, 'UnknownVersionInteroperabilityProxy'))
      metadata.annotations = { ...metadata.annotations, [PEER_ADDRESS]: hostPort(address, port) }
    spec.leaseDurationSeconds = LEASE_SECONDS
    spec.renewTime = rfc3339Micro(clock.now())
  }

  /** Removes the leases of servers that are no more. */
  async #collect(): Promise<void> {
    const { registry, clock } = this.#server
    const cache = registry.find(GROUP, 'v1', PLURAL)?.storage?.cache
    const leases = cache?.list(NAMESPACE).map(({ object }) => object as Lease) ?? []
    const isOver = (lease: Lease | undefined) =>
      lease !== undefined &&
      lease.metadata.labels?.[IDENTITY] === OF_API &&
      isExpired(lease, clock.now())
    for (const lease of leases.filter(isOver))
      await this.#remove(lease, async () => {
        // The cache of a store that others write to, too, may be behind.
        const stored = await this.#writer.stored(GROUP, PLURAL, lease)
        return isOver(stored as Lease | undefined)
      })
  }

  async #remove(lease: KubernetesObject, isDue = async () => true): Promise<void> {
    try {
      if (await isDue()) await this.#writer.remove(GROUP, PLURAL, lease)
    } catch (error) {
      if (!isStatus(error, 'NotFound'))
        this.#warn(`the lease ${lease.metadata.name} of an API server stays for now`, error)
    }
  }

  #warn(what: string, error: unknown): void {
    this.#server.log.warn(what, { error: messageOf(error) })
  }
}

/** Linux lets a machine have a longer name than a label, and with letters that a label may not have. */
function asLabel(hostname: string): string {
  return hostname
    .replace(/[^-\w.]/g, '_')
    .slice(0, LONGEST_LABEL)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
}

function isExpired({ spec }: Lease, nowMs: number): boolean {
  const { renewTime, leaseDurationSeconds } = spec
  if (renewTime === undefined || leaseDurationSeconds === undefined) return true
  return Date.parse(renewTime) + leaseDurationSeconds * 1000 < nowMs
}
