/**
 * The metrics server of a cluster in one process. It stands behind its APIService like any other, without a Service, a port or a
 * certificate: requests are handed over. Whoever wants upstream's installs that: its Service takes this one's place.
 */
import { type ApiService, apiService } from '#api/apiregistration/v1/api-service.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { isStatus, StatusError } from '#api/machinery/status.ts'
import { type ClusterRole, clusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { ApiServer, NodeConnector, UserInfo } from '#apiserver'
import type { FigureBook } from '#base/figures.ts'
import type { Client } from '#client/client.ts'
import type { RoleContext, Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'

/** By the name that upstream's manifests give the Service. */
export const METRICS_SERVICE = { namespace: 'kube-system', name: 'metrics-server' } as const

export interface LocalMetricsOptions {
  readonly context: RoleContext
  /** May write what the cluster has of it. */
  readonly admin: Pick<Client, 'get' | 'create'>
  readonly nodes: NodeConnector
  readonly resolutionMs: number
  readonly figures: FigureBook
}

export class LocalMetrics implements Running {
  readonly #server = Promise.withResolvers<ApiServer>()
  #running: Running | undefined
  #admin: LocalMetricsOptions['admin'] | undefined
  #isOver = false

  constructor() {
    // Nobody may be waiting.
    this.#server.promise.catch(() => {})
  }

  /** Answers once the server runs: an API server that starts anew finds its APIService before that. */
  transportFor(user: UserInfo): Pick<Transport, 'request'> {
    return {
      request: async request => (await this.#server.promise).transportFor(user).request(request),
    }
  }

  /** All of it is loaded now only, when everything else runs. */
  async start(options: LocalMetricsOptions): Promise<void> {
    const { context, admin, nodes, resolutionMs, figures } = options
    this.#admin = admin
    const [{ startMetricsServer }, { createMetricsApi }] = await Promise.all([
      import('#metrics-server'),
      import('./metrics-api.ts'),
    ])
    if (this.#isOver) return
    const running = startMetricsServer(context, {
      kubelet: name => nodes.nodeConnection(name),
      figures,
      resolutionMs,
    })
    this.#running = running
    const security = { authorizationMode: 'AlwaysAllow', admission: [] } as const
    this.#server.resolve(await createMetricsApi({ context, running, security, figures: () => [] }))
    await this.ensure()
  }

  /** Makes what is not there. What is stays as it is: it may be somebody else's by now. */
  async ensure(): Promise<void> {
    const admin = this.#admin
    if (!admin) return
    const make = async (kind: AnyKind, object: ApiService | ClusterRole): Promise<void> => {
      try {
        await admin.get(kind, object.metadata.name ?? '')
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
        await admin.create(kind, object).catch((refusal: unknown) => {
          if (!isStatus(refusal, 'AlreadyExists')) throw refusal
        })
      }
    }
    await Promise.all([make(clusterRole, READER), make(apiService, SERVICE)])
  }

  async stop(): Promise<void> {
    this.#isOver = true
    this.#server.reject(new StatusError('ServiceUnavailable', 'the metrics server is stopping'))
    await this.#running?.stop()
    await this.#server.promise.then(server => server.stop()).catch(() => {})
  }
}

const LABELS = { 'k8s-app': METRICS_SERVICE.name }

const SERVICE: ApiService = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1beta1.metrics.k8s.io', labels: LABELS },
  spec: {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    // Of upstream's, which vouches for itself; here there is no connection.
    insecureSkipTLSVerify: true,
    service: { ...METRICS_SERVICE },
  },
  status: {},
}

const AGGREGATES = ['view', 'edit', 'admin'].map(role => [
  `rbac.authorization.k8s.io/aggregate-to-${role}`,
  'true',
])

/** Upstream's: who may look at a namespace may look at what its pods use. */
const READER = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: {
    name: 'system:aggregated-metrics-reader',
    labels: { ...LABELS, ...Object.fromEntries(AGGREGATES) },
  },
  rules: [
    {
      apiGroups: ['metrics.k8s.io'],
      resources: ['pods', 'nodes'],
      verbs: ['get', 'list', 'watch'],
    },
  ],
} as ClusterRole
