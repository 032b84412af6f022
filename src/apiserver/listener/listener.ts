/** The HTTPS door of the API server. How it serves is `client/serving`'s, which the kubelet shares; client certificates are asked for but not demanded. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import {
  type HttpsServing,
  type ServingCertificate,
  serveHttps,
} from '#client/serving/serve-https.ts'
import type { ApiServer } from '../apiserver.ts'

export interface ListenerOptions {
  readonly server: ApiServer
  readonly clock: Clock
  readonly log: Log
  /** The serving certificate (with its chain), its key, and the authorities that clients are told of; asked again when due. */
  readonly tls: () => ServingCertificate
}

export interface Listener {
  /** Listens on one more address with the same handler; port 0 takes a free one. Throws a UserError where it cannot. */
  listen(at: { address: string; port: number }): Promise<{ address: string; port: number }>
  /** Ends watches, takes no more connections and lets what is under way finish, for a few seconds at most. */
  stop(): Promise<void>
}

export function createListener({ server, clock, log, tls }: ListenerOptions): Listener {
  let serving: Promise<HttpsServing> | undefined
  return {
    async listen({ address, port }) {
      serving ??= serveHttps({ addresses: [], tls, handler: server, clock, log })
      return { address, port: await (await serving).addAddress(address, port) }
    },
    stop: async () => (await serving)?.stop(),
  }
}
