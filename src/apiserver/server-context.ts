/** What every part of the API server may use; made once by `createApiServer`. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { ApiRequest } from '#client/transport.ts'
import type { Store } from '#store'
import type { AdmissionStep } from './admission/admission.ts'
import type { Peer, UserInfo } from './authentication/authenticator.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import type { FieldManagement } from './resources/field-management.ts'
import type { ResourceRegistry } from './resources/registry.ts'
import type { WatchCache } from './watch-cache/watch-cache.ts'

export interface ServerContext {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly cache: WatchCache
  readonly registry: ResourceRegistry
  readonly authentication: { authenticate(request: ApiRequest, peer: Peer): Promise<UserInfo> }
  readonly authorizer: Authorizer
  readonly admission: readonly AdmissionStep[]
  readonly fieldManagement: FieldManagement
  /** Ordinary requests that are being answered now. */
  readonly inFlight: { reads: number; writes: number }
}
