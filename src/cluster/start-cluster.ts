/** Puts the roles together in one process: store, API server, controllers, scheduler, nodes. */
import { hostname } from 'node:os'
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { kinds } from '#api/kinds.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { servedKinds } from '#api/runtime-config.ts'
import {
  type AggregationOptions,
  type ApiServer,
  createApiServer,
  type NodeConnector,
} from '#apiserver'
import { UserError } from '#base/errors.ts'
import { localUrl } from '#base/host-port.ts'
import { silentLog } from '#base/log.ts'
import { PROA_VERSION } from '#base/version.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import { createForwarders } from '#client/forwarding/forwarder.ts'
import type { Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { createWebhookCaller } from '#client/webhooks/webhook-caller.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { auditOf } from './audit-of.ts'
import { checkOptions } from './check-options.ts'
import { hostDefaults } from './federation-host.ts'
import { type Foundation, layFoundation, untilStored } from './foundation.ts'
import { frontProxiesOf, frontProxyOf } from './front-proxy.ts'
import { checkGiven } from './given-options.ts'
import { identities } from './identities.ts'
import { InProcessRoles } from './in-process-roles.ts'
import { advertisedAddress, isHeardAt } from './ip-families.ts'
import { LocalMetrics, METRICS_SERVICE } from './local-metrics.ts'
import type { Machine } from './machine.ts'
import type { RemoteNodeConnector } from './node-connector.ts'
import { type OpenAccess, openAccess } from './open-access.ts'
import type { OpenAudit } from './open-audit.ts'
import { type OpenHttp, openHttp } from './open-http.ts'
import {
  type ClusterOptions,
  type CompleteOptions,
  clusterCidrFor,
  DEFAULT_ADDRESS,
  DEFAULT_DOMAIN,
  DEFAULT_PORT,
  DEFAULT_SERVICE_RANGE,
} from './options.ts'
import { kubeconfigOf } from './pki/kubeconfig.ts'
import type { Pki } from './pki/pki.ts'
import { securityOf, servingCertificateOf } from './security-options.ts'
import { servingOf } from './serving-of.ts'
import { type ClusterSnapshot, ClusterSnapshots } from './snapshots.ts'

/** A running cluster. */
export interface Cluster extends AsyncDisposable {
  /** Talks to the API as the administrator. */
  readonly client: Client
  /** The administrator's way in for programs that speak the protocol themselves. */
  readonly transport: Transport
  /** `https://127.0.0.1:6443`, where the cluster listens. */
  readonly url: string | undefined
  /** The text of the administrator's kubeconfig, where the cluster listens; another one when its certificate was renewed. */
  readonly kubeconfig: string | undefined
  readonly nodeNames: readonly string[]
  /** The whole state as it is now; takes no time. Throws a UserError where objects are not in memory. */
  snapshot(): ClusterSnapshot
  /**
   * Brings every object back to a snapshot of this cluster; what changed since gets new resourceVersions, and watches are told
   * of it as of any change. Resolves when controllers, scheduler and nodes go on from there: pods about which
   * something changed since run anew on their hollow nodes. Time is not turned back.
   */
  reset(to: ClusterSnapshot): Promise<void>
  /**
   * Starts another cluster that goes on from a snapshot of this one, or from now: with the same objects, uids, resourceVersions and keys, in
   * memory, and with the same options but for where it listens. Neither sees what happens in the other. Its hollow nodes are
   * other machines, on which the pods of the snapshot are started again.
   */
  fork(from?: ClusterSnapshot, options?: Pick<ClusterOptions, 'listen'>): Promise<Cluster>
  /** Ends everything that the cluster started; a second call waits for the first. Pods on containerd run on. */
  stop(): Promise<void>
}

export type StartOptions = ClusterOptions & Pick<CompleteOptions, 'hollowMachine' | 'origin'>

/** Resolves when the API answers; nodes register and controllers sync in the moments after. Throws UserErrors. */
export async function startCluster(given: StartOptions): Promise<Cluster> {
  const options = complete(given)
  const starting = new Starting(options)
  try {
    return await starting.start()
  } catch (error) {
    await starting.stop()
    throw error
  }
}

/** What has been started so far, so that a failure half-way ends just that. */
class Starting {
  readonly #options: CompleteOptions
  readonly #kinds: readonly AnyKind[]
  readonly #running: Running[] = []
  readonly #metrics: LocalMetrics | undefined
  #nodes: NodeConnector | undefined
  #roles: InProcessRoles | undefined
  #stopping: Promise<void> | undefined

  constructor(options: CompleteOptions) {
    this.#options = options
    this.#kinds = servedKinds(kinds, options.runtimeConfig)
    this.#metrics = options.metricsServer ? new LocalMetrics() : undefined
  }

  async start(): Promise<Cluster> {
    const options = this.#options
    const machine = await this.#prepareMachine()
    const http = await openHttp(options, options)
    this.#running.push(http)
    const access = await openAccess(options, options)
    this.#running.push(access)
    const foundation = await layFoundation(options, machine?.hostAddress)
    this.#running.push({ stop: () => foundation.store.close() })
    const audit = await auditOf(options)
    if (audit) this.#running.push({ stop: () => audit.close() })
    const server = this.#createServer(foundation, {
      hostAddress: machine?.hostAddress,
      audit,
      access,
      http,
    })
    await untilStored(server.ready())
    const roles = new InProcessRoles({
      ...options,
      server,
      kinds: this.#kinds,
      pki: foundation.pki,
      machine,
      metrics: this.#metrics,
      connector: this.#nodes,
    })
    this.#roles = roles
    const snapshots = new ClusterSnapshots(foundation.memory, roles)
    const port = options.listen
      ? await this.#listen(server, { ...foundation, http }, machine)
      : undefined
    this.#running.push(roles, snapshots)
    await roles.start()
    const url = port === undefined ? undefined : localUrl(hostOf(options), port)
    const transport = server.transportFor(identities.admin)
    const stop = () => this.stop()
    return {
      client: createClient(transport),
      transport,
      url,
      get kubeconfig() {
        return url && adminKubeconfig(url, foundation)
      },
      nodeNames: [...roles.nodes.keys()],
      snapshot: () => snapshots.take(),
      reset: to => snapshots.reset(to),
      fork: async (from, { listen } = {}) => {
        const origin = { ...snapshots.origin(from), keys: foundation.keys }
        // Two that write to one log would tear its lines.
        const { dataDirectory, etcd, keepsInMemory, audit: __, listen: _, ...same } = options
        if (options.nodes.kind === 'containerd')
          throw new UserError('a cluster on containerd cannot be forked: there is one such machine')
        if (options.cloud)
          throw new UserError('a cluster with a cloud cannot be forked: there is one such cloud')
        return startCluster({ ...same, ...(listen ? { listen } : {}), origin })
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      for (const part of this.#running.reverse()) await part.stop()
    })()
    return this.#stopping
  }

  async #prepareMachine(): Promise<Machine | undefined> {
    const { nodes, dataDirectory, clusterCidr, serviceClusterIpRange, nodeName, clock, log } =
      this.#options
    if (nodes.kind !== 'containerd') return undefined
    if (dataDirectory === undefined) throw new Error('nodes on containerd need a dataDirectory')
    const [{ prepareMachine }, { layoutOf }, { withKubeletRoot }] = await Promise.all([
      import('./machine.ts'),
      import('./layout.ts'),
      import('./kubelet-root.ts'),
    ])
    const machine = await prepareMachine({
      layout: withKubeletRoot(layoutOf(dataDirectory), this.#options.kubelet?.rootDirectory),
      clusterCidr,
      serviceClusterIpRange,
      nodeName,
      clock,
      log,
    })
    this.#running.push({ stop: async () => machine.release() })
    return machine
  }

  #createServer(
    foundation: Foundation,
    {
      hostAddress,
      audit,
      access,
      http,
    }: {
      hostAddress: string | undefined
      audit: OpenAudit | undefined
      access: OpenAccess
      http: OpenHttp
    },
  ): ApiServer {
    const { store, pki, encryption } = foundation
    const { clock, random, log, serviceClusterIpRange, bootstrapTokenAuth } = this.#options
    const { frontProxy, security, featureGates, flags } = this.#options
    const webhooks = createWebhookCaller()
    this.#running.push({ stop: async () => webhooks.close() })
    const nodes = this.#nodeConnector(pki, hostAddress, name =>
      createClient(server.transportFor(identities.admin)).get(nodeKind, name),
    )
    this.#nodes = nodes
    const server: ApiServer = createApiServer({
      store,
      kinds: this.#kinds,
      clock,
      random,
      log,
      featureGates,
      serviceClusterIpRange,
      proaVersion: PROA_VERSION,
      ...securityOf(pki, security),
      frontProxies: frontProxiesOf({ pki, frontProxy }),
      bootstrapTokenAuth,
      // The addresses of hollow pods are nobody's, or somebody else's.
      ...(this.#options.nodes.kind === 'hollow'
        ? {}
        : { forwarderTo: createForwarders({ clock }) }),
      webhookCaller: webhooks.call,
      aggregation: frontProxyOf({
        pki,
        clock,
        frontProxy,
        security,
        localServer: this.#localServer(),
      }),
      flags,
      ...servingOf(this.#options, http),
      ...(audit ? { audit: audit.audit } : {}),
      ...(encryption ? { healthChecks: encryption.healthChecks } : {}),
      nodes,
      ...access.security,
    })
    for (const figures of access.figures) server.show(figures)
    if (encryption) server.show(encryption.figures)
    this.#running.push(server)
    return server
  }

  #localServer(): AggregationOptions['localServer'] {
    const metrics = this.#metrics
    if (!metrics) return undefined
    return ({ namespace, name }) =>
      namespace === METRICS_SERVICE.namespace && name === METRICS_SERVICE.name
        ? user => metrics.transportFor(user)
        : undefined
  }

  /** Kubelets of this process directly, those that joined over HTTPS. Beside hollow nodes none joins: their pods could not meet. */
  #nodeConnector(
    pki: Pki,
    hostAddress: string | undefined,
    node: (name: string) => Promise<Node>,
  ): NodeConnector {
    const { nodes, clock } = this.#options
    const local = (name: string) => this.#roles?.nodes.get(name)?.transport
    let joined: Promise<RemoteNodeConnector> | undefined
    this.#running.push({ stop: async () => (await joined)?.close() })
    const connect = async () => {
      const { createNodeConnector } = await import('./node-connector.ts')
      return createNodeConnector({
        local,
        node,
        certificateAuthority: pki.authority,
        clientCertificate: () => pki.client('apiserver-kubelet-client'),
        ownAddresses: () => [hostOf(this.#options), ...(hostAddress ? [hostAddress] : [])],
        clock,
      })
    }
    return {
      nodeConnection: async name => {
        const here = local(name)
        if (here) return here
        if (nodes.kind === 'hollow') return unknownNode(name)
        joined ??= connect()
        return (await joined).nodeConnection(name)
      },
    }
  }

  async #listen(
    server: ApiServer,
    { pki, http: { door } }: Foundation & { readonly http: OpenHttp },
    machine: Machine | undefined,
  ): Promise<number> {
    const { listen, clock, log } = this.#options
    const { createListener } = await import('#apiserver/listener/listener.ts')
    const listener = createListener({
      server,
      clock,
      log,
      door,
      tls: () => servedCertificates(pki, this.#options),
    })
    this.#running.push(listener)
    const { port } = await listener.listen({
      address: hostOf(this.#options),
      port: listen?.port ?? DEFAULT_PORT,
    })
    // Pods reach the API under the host's address on its link, which may come up a little later.
    if (machine) await machine.linked
    if (machine && !isHeardAt(hostOf(this.#options), machine.hostAddress))
      await listener.listen({ address: machine.hostAddress, port })
    const { serviceClusterIpRange, advertiseAddress } = this.#options
    const address = advertisedAddress({
      serviceClusterIpRange,
      advertiseAddress: advertiseAddress ?? machine?.hostAddress,
      listening: hostOf(this.#options),
    })
    await untilStored(server.advertise({ address, port, hostname: hostname() }))
    return port
  }
}

function complete(given: StartOptions): CompleteOptions {
  checkGiven(given)
  const nodes = given.nodes ?? (given.federation ? { kind: 'none' } : { kind: 'hollow', count: 1 })
  const options: CompleteOptions = {
    serviceClusterIpRange: DEFAULT_SERVICE_RANGE,
    runtimeConfig: new Map(),
    featureGates: new Map(),
    flags: new Map(),
    clusterDomain: DEFAULT_DOMAIN,
    controllers: '*',
    metricsServer: false,
    bootstrapTokenAuth: false,
    networkPolicy: true,
    podRoutes: 'auto',
    log: silentLog,
    clock: systemClock,
    random: systemRandom,
    ...hostDefaults(given.federation),
    ...given,
    nodes,
    clusterCidr: clusterCidrFor(nodes, given.clusterCidr),
  }
  checkOptions(options)
  return options
}

function servedCertificates(pki: Pki, { security, http }: CompleteOptions) {
  const named = http?.named
  return { ...servingCertificateOf(pki, security), ...(named ? { named: named() } : {}) }
}

function hostOf({ listen }: CompleteOptions): string {
  return listen?.address ?? DEFAULT_ADDRESS
}

function unknownNode(name: string): never {
  throw new Error(`no route to the kubelet of node ${name}`)
}

function adminKubeconfig(server: string, { pki }: Foundation): string {
  const { certificate, key } = pki.client('admin')
  return kubeconfigOf({ server, ca: pki.authority, cert: certificate, key })
}
