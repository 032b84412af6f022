/** The API server as a value: a request goes in, an answer comes out. Listening to sockets is `listener/`'s. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { ApiRequest, ApiResponse, Transport } from '#client/transport.ts'
import type { Store } from '#store'
import type { AdmissionStep } from './admission/admission.ts'
import { authentication } from './authentication/authentication.ts'
import type { Authenticator, Peer, UserInfo } from './authentication/authenticator.ts'
import { type Authorizer, allow } from './authorization/authorizer.ts'
import { newExchange } from './exchange.ts'
import { runPipeline } from './pipeline.ts'
import { type FieldManagement, noFieldManagement } from './resources/field-management.ts'
import { ResourceRegistry } from './resources/registry.ts'
import type { ServerContext } from './server-context.ts'
import { ResourceStorage } from './storage/resource-storage.ts'
import { WatchCache } from './watch-cache/watch-cache.ts'

export interface ApiServerOptions {
  readonly store: Store
  readonly kinds: readonly AnyKind[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly authorizer?: Authorizer
  readonly authenticators?: readonly Authenticator[]
  readonly admission?: readonly AdmissionStep[]
  readonly fieldManagement?: FieldManagement
}

export interface ApiServer {
  handle(request: ApiRequest, peer: Peer): Promise<ApiResponse>
  /** The same pipeline in process, as this user. */
  transportFor(user: UserInfo): Transport
  /** Reads the store and makes what must always exist; nothing is served before. */
  ready(): Promise<void>
  /** Ends all watches; the store is its owner's to close. */
  stop(): Promise<void>
}

const allowEverything: Authorizer = {
  authorize: () => allow(),
  rulesFor: () => ({ rules: [], incomplete: true, errors: [] }),
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, clock, random, log } = options
  const cache = new WatchCache({ store, clock, log })
  const registry = new ResourceRegistry()
  for (const kind of options.kinds) {
    const view = { kind }
    const name = { group: kind.group, resource: kind.plural }
    registry.add(
      kind.ephemeral
        ? { kind, view, name }
        : { kind, view, name, storage: new ResourceStorage(kind, store, cache) },
    )
  }
  const server: ServerContext = {
    store,
    clock,
    random,
    log,
    cache,
    registry,
    authentication: authentication({ authenticators: options.authenticators ?? [] }),
    authorizer: options.authorizer ?? allowEverything,
    admission: options.admission ?? [],
    fieldManagement: options.fieldManagement ?? noFieldManagement,
    inFlight: { reads: 0, writes: 0 },
  }
  const handle = (request: ApiRequest, peer: Peer) =>
    runPipeline(newExchange(server, request, peer))
  let started: Promise<void> | undefined
  return {
    handle,
    transportFor: user => {
      const peer: Peer = Object.freeze({ user })
      return { request: request => handle(request, peer) }
    },
    ready: () => {
      started ??= cache.start()
      return started
    },
    stop: async () => cache.stop(),
  }
}
