/** Leases for keys that go by themselves. One serves all keys of the same time to live, as upstream: they cost etcd more than keys. */
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { EtcdConnection } from './connection.ts'
import { methods } from './messages.ts'

/** A lease lasts longer than asked for by the lesser of these, and is given out again meanwhile. */
const REUSE_MS = 60_000
const REUSE_SHARE = 0.05
const MAX_KEYS_PER_LEASE = 1000
/** Ids that etcd chooses need 63 bits, which a number does not have. */
const ID_BOUND = 2 ** 47
const GRANT_TIMEOUT_MS = 10_000

interface Lease {
  readonly id: number
  readonly expiresMs: number
  keys: number
}

export class Leases {
  readonly #connection: EtcdConnection
  readonly #clock: Clock
  readonly #random: Random
  /** By time to live, of which there are few. */
  readonly #leases = new Map<number, Promise<Lease>>()

  constructor(connection: EtcdConnection, { clock, random }: { clock: Clock; random: Random }) {
    this.#connection = connection
    this.#clock = clock
    this.#random = random
  }

  /** The id of a lease that lasts at least so long. Rejects with an EtcdError. */
  async idFor(ttlMs: number): Promise<number> {
    const reuseMs = Math.min(REUSE_MS, ttlMs * REUSE_SHARE)
    const held = await this.#leases.get(ttlMs)?.catch(() => undefined)
    const until = this.#clock.monotonicMs() + ttlMs
    const isFit = held && until < held.expiresMs && held.keys < MAX_KEYS_PER_LEASE
    const lease = isFit ? held : await this.#grant(ttlMs, reuseMs)
    lease.keys++
    return lease.id
  }

  /** Leases in use are gone, as after a restored backup. */
  forget(): void {
    this.#leases.clear()
  }

  #grant(ttlMs: number, reuseMs: number): Promise<Lease> {
    const ttlSeconds = Math.ceil((ttlMs + reuseMs) / 1000)
    const expiresMs = this.#clock.monotonicMs() + ttlSeconds * 1000
    const id = 1 + this.#random.integer(ID_BOUND)
    const lease = this.#connection
      .call(
        methods.leaseGrant,
        { ttlSeconds, id },
        { timeoutMs: GRANT_TIMEOUT_MS, isRepeatable: false },
      )
      .then(() => ({ id, expiresMs, keys: 0 }))
    this.#leases.set(ttlMs, lease)
    return lease
  }
}
