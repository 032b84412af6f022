/** The HTTPS door of the API server. How it serves is `client/serving`'s, which the kubelet shares; client certificates are asked for but not demanded. */
import { type Clock, sleep } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import {
  type HttpsServing,
  type ServeHttpsOptions,
  type ServingCertificate,
  serveHttps,
} from '#client/serving/serve-https.ts'
import type { ApiServer } from '../apiserver.ts'

/** How connections are secured and shared, and how the server leaves. */
export interface Door
  extends Pick<ServeHttpsOptions, 'wanted' | 'goAway' | 'leaving' | 'reusePort' | 'limits'> {
  /** How long requests are answered as before once the server is to stop, while it says that it is not ready. */
  readonly delayMs?: number
}

export interface ListenerOptions {
  readonly server: ApiServer
  readonly clock: Clock
  readonly log: Log
  /** The serving certificate (with its chain), its key, and the authorities that clients are told of; asked again when due. */
  readonly tls: () => ServingCertificate
  readonly door?: Door
}

export interface Listener {
  /** Listens on one more address with the same handler; port 0 takes a free one. Throws a UserError where it cannot. */
  listen(at: { address: string; port: number }): Promise<{ address: string; port: number }>
  /** Ends watches, takes no more connections and lets what is under way finish, for a few seconds at most. */
  stop(): Promise<void>
}

export function createListener({ server, clock, log, tls, door = {} }: ListenerOptions): Listener {
  const { delayMs = 0, ...how } = door
  let serving: Promise<HttpsServing> | undefined
  return {
    async listen({ address, port }) {
      serving ??= serveHttps({ ...how, addresses: [], tls, handler: server, clock, log })
      return { address, port: await (await serving).addAddress(address, port) }
    },
    async stop() {
      server.leave()
      if (serving && delayMs > 0) await sleep(clock, delayMs)
      await (await serving)?.stop()
    },
  }
}
