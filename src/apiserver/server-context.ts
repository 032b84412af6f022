/** What every part of the API server may use; made once by `createApiServer`. */
import type { Clock } from '#base/clock.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import type { FigureSource } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Tracer } from '#base/tracing/span.ts'
import type { ForwarderTo } from '#client/forwarding/forwarder.ts'
import type { ApiRequest, Transport } from '#client/transport.ts'
import type { Store } from '#store'
import type { AdmissionStep } from './admission/admission.ts'
import type { WebhookWorld } from './admission/webhooks/world.ts'
import type { Remotes } from './aggregation/remotes.ts'
import type { AnsweringOptions } from './answering.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { Note, Peer, UserInfo } from './authentication/authenticator.ts'
import type { TokenVerifier } from './authentication/bearer-tokens.ts'
import type { ImpersonationOptions } from './authentication/impersonation.ts'
import type { VerifyingKey } from './authentication/jwt.ts'
import type { ServiceAccountTokens } from './authentication/service-account-tokens.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import type { AuthorizationFigures } from './authorization/figures.ts'
import type { Deadlines } from './deadlines.ts'
import type { Endpoint } from './endpoints/endpoints.ts'
import type { FurtherCheck } from './endpoints/health.ts'
import type { RequestMetrics } from './endpoints/request-metrics.ts'
import type { VersionInfo } from './endpoints/version.ts'
import type { Step } from './exchange.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import type { FieldManagement } from './resources/field-management.ts'
import type { ResourceRegistry } from './resources/registry.ts'
import type { ServiceAllocator } from './resources/service-allocation.ts'
import type { WatchCache } from './watch-cache/watch-cache.ts'
import type { World } from './world.ts'

/** How the server reaches the kubelet of a node. */
export interface NodeConnector {
  nodeConnection(nodeName: string): Promise<Transport>
}

export interface ServerContext {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly featureGates: FeatureGates
  /** Wall clock, of this server's making. */
  readonly startedMs: number
  /** What /flagz tells. */
  readonly flags: ReadonlyMap<string, string>
  readonly cache: WatchCache
  readonly registry: ResourceRegistry
  /** What other servers serve. */
  readonly remotes: Remotes
  readonly authentication: {
    authenticate(request: ApiRequest, peer: Peer, note?: Note): Promise<UserInfo>
  }
  /** Undefined where nobody wants one, and requests are not looked at for it. */
  readonly audit: AuditLog | undefined
  /** Headers that tell this server who asks, and are not passed on. */
  readonly isPrivateHeader: ((name: string) => boolean) | undefined
  readonly authorizer: Authorizer
  readonly authorizationFigures: AuthorizationFigures
  readonly impersonation: Omit<ImpersonationOptions, 'authorizer'>
  readonly admission: readonly AdmissionStep[]
  readonly tokens: ServiceAccountTokens | undefined
  /** The public halves are everybody's to read. */
  readonly serviceAccountKeys: readonly VerifyingKey[]
  readonly tokenVerifiers: readonly TokenVerifier[]
  readonly world: World
  /** Where webhooks are, and how they are asked. */
  readonly webhooks: WebhookWorld
  readonly services: ServiceAllocator
  readonly nodes: NodeConnector | undefined
  /** How the server reaches pods' own ports, for `…/proxy`. */
  readonly forwarderTo: ForwarderTo | undefined
  readonly fieldManagement: FieldManagement
  readonly metrics: RequestMetrics
  /** What roles in this process have to show. */
  readonly figures: FigureSource[]
  readonly version: VersionInfo
  /** Further paths by their first segment, e.g. `openapi`. */
  readonly endpoints?: Readonly<Record<string, Endpoint>>
  /** Where this server listens, as pods are told. */
  readonly securePort: { port: number }
  /** What is not ready yet, by the name of the check; empty once everything is. */
  readonly notReady: Set<string>
  /** Of what the server works with beside its store. */
  readonly healthChecks: readonly FurtherCheck[]
  readonly answering: AnsweringOptions
  readonly deadlines: Deadlines
  /** What a request goes through, in order. */
  readonly steps: readonly Step[]
  /** Undefined where nobody wants traces, and requests are not looked at for them. */
  readonly tracer: Tracer | undefined
  /** Ordinary requests that are being answered now. */
  readonly inFlight: { reads: number; writes: number }
  readonly requestLimits: { readonly reads: number; readonly writes: number }
  /** Undefined where only numbers are limited. */
  readonly flowControl: FlowControl | undefined
}
