/** The API server as a value: a request goes in, an answer comes out. Listening to sockets is `listener/`'s. */
import type { Secret } from '#api/core/v1/secret.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { badRequest, StatusError } from '#api/machinery/status.ts'
import { parseCidrs } from '#base/cidr.ts'
import type { Clock } from '#base/clock.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import type { FigureSource } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Tracer } from '#base/tracing/span.ts'
import type { ForwarderTo } from '#client/forwarding/forwarder.ts'
import type { ServedUpgrade } from '#client/serving/handler.ts'
import type {
  ApiRequest,
  ApiResponse,
  DuplexChannels,
  EventSource,
  Transport,
} from '#client/transport.ts'
import type { WebhookCaller } from '#client/webhooks/webhook-caller.ts'
import type { Store } from '#store'
import { createWebhookWorld } from './admission/webhooks/world.ts'
import { followApiServices } from './aggregation/aggregation.ts'
import { Remotes } from './aggregation/remotes.ts'
import type { FrontProxy } from './aggregation/target.ts'
import { keepTrust, type Trust } from './aggregation/trust.ts'
import type { AnsweringOptions } from './answering.ts'
import { AuditLog, type AuditOptions } from './audit/audit-log.ts'
import type { Peer, UserInfo } from './authentication/authenticator.ts'
import { keepApiServices } from './bootstrap/api-services.ts'
import { advertise, bootstrap } from './bootstrap/bootstrap.ts'
import { ServerEvents } from './bootstrap/server-events.ts'
import type { Advertised } from './bootstrap/server-leases.ts'
import { keepServiceAddresses } from './bootstrap/service-addresses.ts'
import { keepTokenTracking, noteTokenUse } from './bootstrap/token-tracking.ts'
import { SELF, Writer } from './bootstrap/writer.ts'
import { CustomResources } from './custom-resources/custom-resources.ts'
import { Deadlines } from './deadlines.ts'
import type { Endpoint } from './endpoints/endpoints.ts'
import type { FurtherCheck } from './endpoints/health.ts'
import { RequestMetrics } from './endpoints/request-metrics.ts'
import { versionInfo } from './endpoints/version.ts'
import { newExchange } from './exchange.ts'
import { FlowControl } from './flow-control/flow-control.ts'
import { flowControlObjects } from './flow-control/objects.ts'
import { keepFlowControl } from './flow-control/upkeep.ts'
import { runPipeline, stepsFor } from './pipeline.ts'
import { parseRequestInfo } from './request-info.ts'
import { expireEvents } from './resources/event-expiry.ts'
import { type FieldManagement, fieldManagement } from './resources/field-management.ts'
import { ResourceRegistry } from './resources/registry.ts'
import { type PortRange, ServiceAllocator } from './resources/service-allocation.ts'
import type { VirtualResource } from './resources/virtual.ts'
import { createSecurity, type SecurityOptions } from './security.ts'
import type { NodeConnector, ServerContext } from './server-context.ts'
import { isPassedOn } from './steps/limit-body.ts'
import { EVENT_TTL_MS, isEvent, ResourceStorage } from './storage/resource-storage.ts'
import { viewOf } from './storage/view.ts'
import { WatchCache } from './watch-cache/watch-cache.ts'
import { createWorld } from './world.ts'

export type { AnsweringOptions } from './answering.ts'
export type { Peer, UserInfo } from './authentication/authenticator.ts'
export type { Stream, StreamKind } from './exchange.ts'
export type { VirtualFilter, VirtualResource } from './resources/virtual.ts'
export type { SecurityOptions } from './security.ts'
export type { NodeConnector } from './server-context.ts'

export interface ApiServerOptions extends SecurityOptions {
  readonly store: Store
  readonly kinds: readonly AnyKind[]
  /** Who knows the objects of kinds that are read but never stored. With it, a server is there for those alone, and keeps nothing. */
  readonly virtual?: ReadonlyMap<AnyKind, VirtualResource>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Upstream's --feature-gates, which were checked; none are set by default. */
  readonly featureGates?: FeatureGates
  /** What it was started with, for /flagz: flags with their values as texts. */
  readonly flags?: ReadonlyMap<string, string>
  /** Proa's own version, for /version. */
  readonly proaVersion?: string
  readonly serviceClusterIpRange?: string
  /** How to reach kubelets, for logs, exec and the like. */
  readonly nodes?: NodeConnector
  /** How to reach the ports of pods, for `…/proxy`; without it, these answer 503. */
  readonly forwarderTo?: ForwarderTo
  /** How to call admission webhooks; without it, each counts as failed. */
  readonly webhookCaller?: WebhookCaller
  /** How other API servers are reached and know this one; without it, their APIServices are never available. */
  readonly aggregation?: AggregationOptions
  /** How long events live after their last change: an hour by default, for ever where it is 0. */
  readonly eventTtlMs?: number
  /** How many ordinary requests are answered at once; upstream's defaults unless given. */
  readonly requestLimits?: RequestLimits
  /** Makes spans of requests; none are made without. Whoever gives it closes what takes them. */
  readonly tracer?: Tracer
  /** What holds for all requests; upstream's defaults unless given. */
  readonly answering?: AnsweringOptions
  /** Ports of nodes that Services may have; 30000 to 32767 by default. */
  readonly nodePorts?: PortRange
  readonly fieldManagement?: FieldManagement
  /** What is told of requests, and to whom; nothing by default. Whoever gives it closes it, after the server. */
  readonly audit?: AuditOptions
  /** Asked by /healthz and /readyz, too. */
  readonly healthChecks?: readonly FurtherCheck[]
  /** Further paths by their first segment, e.g. `openapi`. */
  readonly endpoints?: Readonly<Record<string, Endpoint>>
}

/** 0 is no limit of its own, but together they must be some where they are shared out. */
export interface RequestLimits {
  readonly reads: number
  readonly writes: number
  /** Whether flow control shares the sum of both out among users; else it is first come, first served. */
  readonly areShared: boolean
}

/** Upstream's `--max-requests-inflight` and `--max-mutating-requests-inflight`. */
const DEFAULT_LIMITS: RequestLimits = { reads: 400, writes: 200, areShared: true }

export type AggregationOptions = FrontProxy & Trust

export interface ApiServer {
  /** Names of headers in which front proxies say who asks, beside the standard ones. */
  readonly keepsApart: ((name: string) => boolean) | undefined
  handle(request: ApiRequest, peer: Peer): Promise<ApiResponse>
  /** The same of a request whose body could not be taken, for that reason. */
  refuse(request: ApiRequest, peer: Peer, error: StatusError): Promise<ApiResponse>
  /** Whether another server reads what is sent so. */
  passesOn(request: Pick<ApiRequest, 'method' | 'path'>): boolean
  /** Opens exec, attach or port-forward (one connection, its port as `?ports=`). Rejects with a StatusError. */
  connect(request: ApiRequest, peer: Peer): Promise<DuplexChannels>
  /** The same for a listener, which upgrades the connection itself: what to join it to, or what to answer instead. */
  upgrade(request: ApiRequest, peer: Peer): Promise<ServedUpgrade>
  /** The same pipeline in process, as this user. */
  transportFor(user: UserInfo): Transport
  /** Reads the store and makes what must always exist; nothing is to be asked before. */
  ready(): Promise<void>
  /** Tells pods where this server listens, in the endpoints of the `kubernetes` Service; with the host's name, a Lease tells who it is. */
  advertise(at: Advertised): Promise<void>
  /** Shows a role's counts at /metrics, too. */
  show(source: FigureSource): void
  /** Is not ready from here on, but goes on to answer: whoever sends requests here is to find others first. */
  leave(): void
  /** Ends all watches; the store is its owner's to close. */
  stop(): Promise<void>
}

/** Where pods find the API when nobody said otherwise. */
const DEFAULT_SECURE_PORT = 6443
const DEFAULT_SERVICE_RANGE = '10.96.0.0/12'
const NETWORKING = 'networking.k8s.io'

export function createApiServer(options: ApiServerOptions): ApiServer {
  // Steps are made before there is anything to record Events with.
  const warnings: Pick<ServerEvents, 'warn'> = { warn() {} }
  const server = createContext(options, (component, finding) => warnings.warn(component, finding))
  const handle = (request: ApiRequest, peer: Peer) =>
    runPipeline(newExchange(server, request, peer))
  const refuse: ApiServer['refuse'] = (request, peer, error) => {
    const exchange = newExchange(server, request, peer)
    exchange.refusal = error
    return runPipeline(exchange)
  }
  const passesOn: ApiServer['passesOn'] = ({ method, path }) => {
    // Nearly all that is sent is for this server.
    if (!path.includes('/proxy') && server.remotes.size === 0) return false
    try {
      return isPassedOn(server, parseRequestInfo(method, path))
    } catch {
      return false
    }
  }
  const upgrade: ApiServer['upgrade'] = async (request, peer) => {
    const exchange = newExchange(server, request, peer, true)
    const response = await runPipeline(exchange)
    if (exchange.stream) return { stream: exchange.stream }
    if (exchange.tunnel) return { tunnel: exchange.tunnel }
    const { messageForm: form } = exchange
    const { body } = response
    if (form && body.kind === 'stream') return { messages: body.stream, form }
    return { response }
  }
  const connect: ApiServer['connect'] = async (request, peer) => {
    const result = await upgrade({ ...request, objects: true }, peer)
    if (!('stream' in result)) throw refusalOf(result)
    const ports = new URL(request.path, 'http://localhost').searchParams.get('ports')
    return result.stream.dial(ports === null ? undefined : Number(ports))
  }
  const customResources = new CustomResources(server)
  const transportFor = (user: UserInfo): Transport => {
    const peer: Peer = Object.freeze({ user })
    return {
      request: request => handle(request, peer),
      connect: request => connect(request, peer),
    }
  }
  const events = new ServerEvents(server, transportFor(SELF))
  warnings.warn = (component, finding) => events.warn(component, finding)
  let started: Promise<void> | undefined
  let stopEventExpiry = () => {}
  let stopAdvertising = async () => {}
  let stopServiceAddresses = async () => {}
  let stopApiServices = async () => {}
  let stopTokenTracking = async () => {}
  let stopAggregation = () => {}
  let stopTrust = async () => {}
  let stopFlowControl = async () => {}
  const start = async () => {
    if (options.virtual) return server.notReady.clear()
    await server.cache.start(entries => customResources.restore(entries))
    customResources.start()
    server.notReady.delete('informer-sync')
    await bootstrap(server)
    server.notReady.delete('bootstrap')
    stopServiceAddresses = keepServiceAddresses(server, events)
    stopApiServices = keepApiServices(server)
    stopFlowControl = keepFlowControl(server)
    if (options.serviceAccountKeys) stopTokenTracking = keepTokenTracking(server)
    if (options.aggregation) {
      stopAggregation = followApiServices(server, options.aggregation)
      stopTrust = keepTrust(server, options.aggregation)
    }
    const stored = server.registry.find('', 'v1', 'events')?.storage
    const { eventTtlMs = EVENT_TTL_MS } = options
    if (stored && eventTtlMs > 0 && !server.store.shared)
      stopEventExpiry = expireEvents(server, stored.cache, eventTtlMs)
  }
  return {
    keepsApart: server.isPrivateHeader,
    handle,
    refuse,
    passesOn,
    connect,
    upgrade,
    transportFor,
    ready() {
      started ??= start()
      return started
    },
    async advertise(at) {
      stopAdvertising = await advertise(server, at)
    },
    show: source => void server.figures.push(source),
    leave: () => void server.notReady.add('shutdown'),
    async stop() {
      server.notReady.add('shutdown')
      await stopAdvertising()
      stopEventExpiry()
      customResources.stop()
      stopAggregation()
      await stopServiceAddresses()
      await events.stop()
      await stopApiServices()
      await stopTokenTracking()
      await stopTrust()
      await stopFlowControl()
      server.flowControl?.stop()
      server.deadlines.stop()
      server.cache.stop()
    },
  }
}

function createContext(options: ApiServerOptions, warn: ServerEvents['warn']): ServerContext {
  const { store, clock, random, log, featureGates = new Map() } = options
  const cache = new WatchCache({ store, clock, log })
  const registry = registryOf(options, cache)
  const world = createWorld(registry)
  const webhooks = createWebhookWorld(registry, {
    caller: options.webhookCaller,
    canReachPods: options.forwarderTo !== undefined,
  })
  const ranges = parseCidrs(
    options.serviceClusterIpRange ?? DEFAULT_SERVICE_RANGE,
    '--service-cluster-ip-range',
  )
  const services = registry.find('', 'v1', 'services')?.storage?.cache
  const tokenUsed = (secret: Secret) => noteTokenUse(server, secret)
  const { requestLimits = DEFAULT_LIMITS, answering = {} } = options
  const flowControl = requestLimits.areShared
    ? new FlowControl({
        clock,
        objects: flowControlObjects(registry),
        seats: requestLimits.reads + requestLimits.writes,
      })
    : undefined
  const { securityFigures, ...security } = createSecurity(options, world, {
    clock,
    random,
    featureGates,
    webhooks,
    tokenUsed,
    warn,
    makeNamespace: async name =>
      new Writer(server).ensure('', 'namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      }),
  })
  const server: ServerContext = {
    store,
    clock,
    random,
    log,
    featureGates,
    startedMs: clock.now(),
    flags: options.flags ?? new Map(),
    cache,
    registry,
    remotes: new Remotes(),
    world,
    webhooks,
    ...security,
    services: new ServiceAllocator({
      services: services ?? cache.add('/registry/services/specs/', {}),
      cidrs: ranges,
      ...(options.nodePorts ? { ports: options.nodePorts } : {}),
      ranges: registry.find(NETWORKING, 'v1', 'servicecidrs')?.storage?.cache,
      addresses: registry.find(NETWORKING, 'v1', 'ipaddresses')?.storage?.cache,
    }),
    securePort: { port: DEFAULT_SECURE_PORT },
    nodes: options.nodes,
    forwarderTo: options.forwarderTo,
    serviceAccountKeys: options.serviceAccountKeys ?? [],
    fieldManagement: options.fieldManagement ?? fieldManagement,
    inFlight: { reads: 0, writes: 0 },
    requestLimits,
    flowControl,
    answering,
    steps: stepsFor({ answering, tracer: options.tracer }),
    tracer: options.tracer,
    deadlines: new Deadlines(clock, options.answering?.requestTimeoutMs),
    healthChecks: options.healthChecks ?? [],
    metrics: new RequestMetrics(),
    figures: [
      ...securityFigures,
      ...(flowControl ? [flowControl.figures.source] : []),
      ...(options.audit ? [options.audit.figures.source] : []),
    ],
    audit: options.audit && new AuditLog(options.audit),
    version: versionInfo(options.proaVersion ?? '0.1.0'),
    notReady: new Set(['informer-sync', 'bootstrap']),
    ...(options.endpoints ? { endpoints: options.endpoints } : {}),
  }
  return server
}

/** Versions that show the objects of another kind share its storage, also where that one is not served itself. */
function registryOf(options: ApiServerOptions, cache: WatchCache): ResourceRegistry {
  const { kinds, store, virtual: known, eventTtlMs: ttlMs = EVENT_TTL_MS } = options
  const registry = new ResourceRegistry()
  const storages = new Map<AnyKind, ResourceStorage>()
  const storageOf = (kind: AnyKind) => {
    const life = isEvent(kind) && ttlMs > 0 ? { ttlMs } : {}
    const storage = storages.get(kind) ?? new ResourceStorage(kind, store, cache, life)
    storages.set(kind, storage)
    return storage
  }
  for (const kind of kinds) {
    const resource = {
      kind,
      view: viewOf(kind),
      name: { group: kind.group, resource: kind.plural },
    }
    const virtual = known?.get(kind)
    if (kind.ephemeral) registry.add(virtual ? { ...resource, virtual } : resource)
    else registry.add({ ...resource, storage: storageOf(kind.storedAs?.kind ?? kind) })
  }
  return registry
}

/** Also gives back what was opened for an answer that is not taken. */
function refusalOf(result: Exclude<ServedUpgrade, { stream: unknown }>): StatusError {
  if ('tunnel' in result) result.tunnel.socket.destroy()
  if ('messages' in result) cancel(result.messages)
  if ('response' in result) {
    const { status, body } = result.response
    if (body.kind === 'stream') cancel(body.stream)
    if (body.kind === 'events') cancel(body.events)
    if (status >= 400) return errorIn(result.response)
  }
  return badRequest('only exec, attach and portforward open streams')
}

/** What holds something for a stream takes it back from a subscriber only. */
const cancel = (source: EventSource<never>) => source.subscribe({ next() {}, end() {} })()

function errorIn({ status, body }: ApiResponse): StatusError {
  const answer = body.kind === 'object' ? (body.object as Partial<StatusError['status']>) : {}
  return new StatusError(
    (answer.reason ?? 'InternalError') as StatusError['reason'],
    answer.message ?? `the server answered with HTTP ${status}`,
    answer.details,
    status,
  )
}
