/** /healthz, /livez and /readyz: whether the server should be used, restarted or left alone. */
import { isGateOn } from '#base/feature-gates.ts'
import {
  createHealth,
  type Health,
  type HealthCheck,
  type HealthEndpoint,
  ping,
} from '#client/serving/health-checks.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Store } from '#store'
import type { Exchange } from '../exchange.ts'
import { pageNotFound, respondText } from '../respond.ts'
import type { ServerContext } from '../server-context.ts'

/** What a server may still have to do before it may be used, or does no more. */
export type Stage = 'informer-sync' | 'bootstrap' | 'shutdown'

/**
 * What upstream names after the parts that a server starts, and what it takes here until each of them does its work: those that answer
 * from the cache of the store need it filled, those that write what every cluster has are done when that is written.
 */
const HOOKS: Readonly<Record<string, Stage>> = {
  'poststarthook/start-apiserver-admission-initializer': 'informer-sync',
  'poststarthook/generic-apiserver-start-informers': 'informer-sync',
  'poststarthook/priority-and-fairness-config-consumer': 'informer-sync',
  'poststarthook/priority-and-fairness-filter': 'informer-sync',
  'poststarthook/storage-object-count-tracker-hook': 'informer-sync',
  'poststarthook/start-apiextensions-informers': 'informer-sync',
  'poststarthook/start-apiextensions-controllers': 'informer-sync',
  'poststarthook/crd-informer-synced': 'informer-sync',
  'poststarthook/start-system-namespaces-controller': 'bootstrap',
  'poststarthook/peer-endpoint-reconciler-controller': 'bootstrap',
  'poststarthook/start-cluster-authentication-info-controller': 'bootstrap',
  'poststarthook/start-kube-apiserver-identity-lease-controller': 'bootstrap',
  'poststarthook/start-kube-apiserver-identity-lease-garbage-collector': 'bootstrap',
  'poststarthook/storage-readiness': 'informer-sync',
  'poststarthook/start-legacy-token-tracking-controller': 'bootstrap',
  'poststarthook/start-service-ip-repair-controllers': 'bootstrap',
  'poststarthook/rbac/bootstrap-roles': 'bootstrap',
  'poststarthook/scheduling/bootstrap-system-priority-classes': 'bootstrap',
  'poststarthook/priority-and-fairness-config-producer': 'bootstrap',
  'poststarthook/bootstrap-controller': 'bootstrap',
  'poststarthook/start-kubernetes-service-cidr-controller': 'bootstrap',
  'poststarthook/start-kube-aggregator-informers': 'informer-sync',
  'poststarthook/apiservice-status-local-available-controller': 'bootstrap',
  'poststarthook/apiservice-status-remote-available-controller': 'bootstrap',
  'poststarthook/apiservice-registration-controller': 'bootstrap',
  'poststarthook/apiservice-discovery-controller': 'informer-sync',
  'poststarthook/kube-apiserver-autoregistration': 'bootstrap',
  'autoregister-completion': 'bootstrap',
  'poststarthook/apiservice-openapi-controller': 'informer-sync',
  'poststarthook/apiservice-openapiv3-controller': 'informer-sync',
}

/** Those that there are with a feature gate alone. */
const GATED: Readonly<Record<string, string>> = {
  'poststarthook/peer-endpoint-reconciler-controller': 'UnknownVersionInteroperabilityProxy',
  'poststarthook/start-kube-apiserver-identity-lease-controller': 'APIServerIdentity',
  'poststarthook/start-kube-apiserver-identity-lease-garbage-collector': 'APIServerIdentity',
}

/** A check that somebody else brings. */
export interface FurtherCheck {
  readonly name: string
  /** Why it is not good; undefined where it is. */
  failure(): Promise<string | undefined>
}

/** `/readyz`, `/readyz?verbose&exclude=etcd`, `/readyz/etcd`. */
export async function health({ server, info }: Exchange): Promise<ApiResponse> {
  const [, endpoint = '', ...rest] = info.path.split('/')
  if (rest.at(-1) === '') return pageNotFound()
  const name = rest.join('/')
  const question = { endpoint: endpoint as HealthEndpoint, name, query: info.query }
  const { status, text } = await healthOf(server).answer(question, checksOf(server, endpoint))
  const response = respondText(status, text)
  if (name === '' || status !== 200) return response
  // One check alone is told without this header upstream.
  const { 'x-content-type-options': _, ...headers } = response.headers
  return { ...response, headers }
}

const healths = new WeakMap<ServerContext, Health>()

/** What came of its checks so far. */
export function healthOf(server: ServerContext): Health {
  const known = healths.get(server) ?? createHealth()
  healths.set(server, known)
  return known
}

function isThere({ featureGates }: ServerContext, hook: string): boolean {
  const gate = GATED[hook]
  return gate === undefined || isGateOn(featureGates, gate)
}

/** In the order in which they are told. */
export function checksOf(server: ServerContext, endpoint: string): readonly HealthCheck[] {
  const started = (name: string, stage: Stage) => ({
    name,
    isGood: () => !server.notReady.has(stage),
  })
  const stored = (name: string) => ({ name, isGood: () => isStoreGood(server.store) })
  const hooks = Object.entries(HOOKS)
    .filter(([name]) => isThere(server, name))
    .map(([name, stage]) => started(name, stage))
  // Whoever answers can log, too.
  const log = { ...ping, name: 'log' }
  // Nor does it need a certificate to call itself, which could expire.
  const loopback = { ...ping, name: 'loopback-serving-certificate' }
  if (endpoint === 'livez') return [ping, log, loopback, stored('etcd'), ...hooks]
  // A server whose plugins are away is not to be restarted: that would not help, and then it could not even read.
  const further = server.healthChecks.map(check => ({
    name: check.name,
    isGood: async () => (await check.failure()) === undefined,
    reason: () => check.failure(),
  }))
  if (endpoint === 'healthz') return [ping, log, loopback, stored('etcd'), ...hooks, ...further]
  return [
    ping,
    log,
    stored('etcd'),
    // The same twice, because upstream tells whether to restart and whether to use a server by two timeouts.
    stored('etcd-readiness'),
    started('informer-sync', 'informer-sync'),
    ...hooks,
    started('shutdown', 'shutdown'),
    ...further,
  ]
}

/** Whether the store can be used now. */
export async function isStoreGood(store: Store): Promise<boolean> {
  if (!store.shared) return store.revision >= store.compactedRevision
  return store.shared.check().then(
    () => true,
    () => false,
  )
}
