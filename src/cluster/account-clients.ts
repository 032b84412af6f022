/**
 * Clients of service accounts for whoever may ask for their tokens: the controllers of a process of their own, each of which then has its own
 * rights only. All share one connection, which by itself is nobody's.
 */
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import { createHttpTransport, type HttpTransport } from '#client/http-transport.ts'
import type { Connection } from '#client/kubeconfig.ts'
import type { Running } from '#client/role.ts'
import { lifeOf, requestToken } from '#client/token-request.ts'
import type { Transport } from '#client/transport.ts'

/** Upstream's times: a token is good for an hour, and another one is asked for when a fifth of it is left. */
const LIFE_SECONDS = 3600
const RENEW_AFTER_PART = 0.8
/** For a server whose clock is behind. */
const LEAST_LIFE_MS = 60_000

const UNAUTHORIZED = 401

export interface AccountClientsOptions {
  /** As whoever makes accounts and their tokens. */
  readonly client: Client
  /** Where the server is; with what it convinces is left out. */
  readonly connection: Connection
  readonly namespace: string
  readonly clock: Clock
  /** Puts something around what an account's client sends through, e.g. a meter. */
  readonly around?: (transport: Transport) => Transport
}

export class AccountClients implements Running {
  readonly #options: AccountClientsOptions
  readonly #transport: HttpTransport
  readonly #clients = new Map<string, Client>()

  constructor(options: AccountClientsOptions) {
    this.#options = options
    const { server, certificateAuthority, insecureSkipTlsVerify, tlsServerName } =
      options.connection
    const nobody: Connection = {
      server,
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
      ...(insecureSkipTlsVerify === undefined ? {} : { insecureSkipTlsVerify }),
      ...(tlsServerName === undefined ? {} : { tlsServerName }),
      namespace: options.namespace,
    }
    this.#transport = createHttpTransport(nobody, { clock: options.clock })
  }

  /** A client of the account of that name, which is made where it is missing, and whose token is asked for with the first request. */
  clientAs(name: string): Client {
    const known = this.#clients.get(name)
    if (known) return known
    const { client, namespace, clock, around = same => same } = this.#options
    const token = new AccountToken(client, { name, namespace }, clock)
    const made = createClient(
      around({
        request: async request => {
          const used = await token.get()
          const headers = { ...request.headers, authorization: `Bearer ${used}` }
          const response = await this.#transport.request({ ...request, headers })
          // The account was made anew, or the server has other keys: what is asked next has another token.
          if (response.status === UNAUTHORIZED) token.forget(used)
          return response
        },
      }),
    )
    this.#clients.set(name, made)
    return made
  }

  stop(): Promise<void> {
    return this.#transport.close()
  }
}

interface Held {
  readonly token: string
  /** By the monotonic clock: what the wall clock does is no concern of a token's age. */
  readonly renewAtMs: number
}

/** The token of one account, as long as it is good. */
export class AccountToken {
  readonly #client: Client
  readonly #account: { readonly name: string; readonly namespace: string }
  readonly #clock: Clock
  #held: Held | undefined
  /** Asked for once, however many wait for it. */
  #asking: Promise<Held> | undefined

  constructor(client: Client, account: { name: string; namespace: string }, clock: Clock) {
    this.#client = client
    this.#account = account
    this.#clock = clock
  }

  async get(): Promise<string> {
    const held = this.#held
    if (held && this.#clock.monotonicMs() < held.renewAtMs) return held.token
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    this.#held = await this.#asking
    return this.#held.token
  }

  /** One that was not believed; another one may have come meanwhile, which stays. */
  forget(token: string): void {
    if (this.#held?.token === token) this.#held = undefined
  }

  async #ask(): Promise<Held> {
    const askedMs = this.#clock.monotonicMs()
    const spec = { audiences: [], expirationSeconds: LIFE_SECONDS }
    const ask = () => requestToken(this.#client, this.#account, spec)
    const issued = await ask().catch(async error => {
      if (!isStatus(error, 'NotFound')) throw error
      await this.#makeAccount()
      return ask()
    })
    const lifeMs = lifeOf(issued, this.#clock.now(), LIFE_SECONDS)
    const renewAtMs = askedMs + Math.max(LEAST_LIFE_MS, lifeMs * RENEW_AFTER_PART)
    return { token: issued.token, renewAtMs }
  }

  async #makeAccount(): Promise<void> {
    const metadata = this.#account
    await this.#client.create(serviceAccount, { metadata }).catch(error => {
      // Somebody else was quicker. The namespace is there, or others have to make it: who makes accounts need not have the right.
      if (!isStatus(error, 'AlreadyExists')) throw error
    })
  }
}
