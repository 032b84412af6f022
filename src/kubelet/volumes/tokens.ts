/** Service account tokens for pods, bound to them by the API and asked for anew before they end. */
import type { Clock } from '#base/clock.ts'
import type { Client } from '#client/client.ts'
import { lifeOf, requestToken } from '#client/token-request.ts'
import { type Pod, uidOf } from '../pod-types.ts'

/** A token is renewed after four fifths of its time, and at least daily. */
const RENEW_AFTER_PART = 0.8
const RENEW_AFTER_MS = 24 * 3_600_000

/** A node whose clock runs ahead of the API server's must not ask without end. */
const LEAST_RENEW_MS = 60_000

interface Known {
  /** By the wall clock. */
  readonly askedAt: number
  /** As it stands in a file: each pod has one, and need not have it twice. */
  readonly token: Uint8Array
  readonly renewAt: number
  /** As the API says it; empty where it does not. */
  readonly expirationTimestamp: string
}

export interface GrantedToken {
  readonly token: Uint8Array
  readonly renewInMs: number
  readonly expirationTimestamp: string
}

const granted = ({ token, renewAt, expirationTimestamp }: Known, now: number): GrantedToken => ({
  token,
  renewInMs: renewAt - now,
  expirationTimestamp,
})

export class Tokens {
  readonly #client: Client
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  async get(pod: Pod, audience: string, expirationSeconds: number): Promise<GrantedToken> {
    const key = `${uidOf(pod)}/${audience}/${expirationSeconds}`
    const now = this.#clock.now()
    const known = this.#known.get(key)
    // One that was asked for while the clock was ahead is not valid yet.
    const isGood = known !== undefined && known.askedAt <= now && known.renewAt > now
    if (isGood) return granted(known, now)
    const fresh = await this.#request(pod, audience, expirationSeconds).catch(error => {
      // The API may be away for a while: an old token is better than none, as long as it is accepted.
      if (known) return { ...known, askedAt: now, renewAt: now + 60_000 }
      throw error
    })
    this.#known.set(key, fresh)
    return granted(fresh, now)
  }

  forget(uid: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${uid}/`)) this.#known.delete(key)
  }

  async #request(pod: Pod, audience: string, expirationSeconds: number): Promise<Known> {
    const { name = '', namespace = '' } = pod.metadata
    const asked = this.#clock.now()
    const account = { name: pod.spec?.serviceAccountName || 'default', namespace }
    const issued = await requestToken(this.#client, account, {
      audiences: audience ? [audience] : [],
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid: uidOf(pod) },
    })
    const lifeMs = lifeOf(issued, asked, expirationSeconds)
    const renewMs = Math.min(lifeMs * RENEW_AFTER_PART, RENEW_AFTER_MS)
    return {
      token: new TextEncoder().encode(issued.token),
      askedAt: asked,
      renewAt: asked + Math.max(LEAST_RENEW_MS, renewMs),
      expirationTimestamp: issued.expirationTimestamp,
    }
  }
}
