/** The metrics server as a process of its own: asks kubelets over the network, and stands behind an APIService with a port of its own. */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { parseLabelSelector } from '#api/machinery/label-selector.ts'
import { StatusError } from '#api/machinery/status.ts'
import { SYSTEM_MASTERS } from '#apiserver/authentication/authenticator.ts'
import type { Attributes, Authorizer } from '#apiserver/authorization/authorizer.ts'
import { createListener } from '#apiserver/listener/listener.ts'
import { UserError } from '#base/errors.ts'
import { hostPort } from '#base/host-port.ts'
import { flagTexts, type ValuesOf } from '#cli'
import { createHttpTransport, type HttpTransport } from '#client/http-transport.ts'
import type { Connection } from '#client/kubeconfig.ts'
import type { Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { systemFiles } from '#host/files.ts'
import { startMetricsServer } from '#metrics-server'
import { checkResolution } from './check-options.ts'
import { createMetricsApi } from './metrics-api.ts'
import type { Remote } from './remote-context.ts'
import { pathMatcher } from './role-server/access.ts'
import { createDelegation, type Delegation } from './role-server/delegation.ts'
import { servingPair } from './role-server/role-server.ts'

type Values = ValuesOf<'metrics-server'>

/** Less often than that, and something hangs; upstream's. */
const LATE = 1.1

/** Resolves when the port is open. Throws UserErrors. */
export async function startSingleMetricsServer(values: Values, remote: Remote): Promise<Running> {
  const { context, figures } = remote
  const { clock, random, log, informers, client } = context
  checkResolution(values.metricResolutionMs)
  const nodes = informers.for(nodeKind)
  const kubelets = new Kubelets(values, remote, name => nodes.get(name))
  const running = startMetricsServer(context, {
    kubelet: async name => kubelets.of(name),
    figures,
    resolutionMs: values.metricResolutionMs,
    timeoutMs: values.kubeletRequestTimeoutMs,
    nodes: parseLabelSelector(values.nodeSelector),
  })
  const delegation = createDelegation({ client, clock, log })
  const isLate = () =>
    clock.monotonicMs() - running.lastRoundMs > LATE * values.metricResolutionMs + 1000
  const api = await createMetricsApi({
    context,
    running,
    figures: figures.source,
    flags: flagTexts('metrics-server', values),
    security: {
      authenticators: [{ authenticate: (request, peer) => delegation.authenticate(request, peer) }],
      authorizer: delegatedAuthorizer(delegation, values.authorizationAlwaysAllowPaths),
      admission: [],
    },
    healthChecks: [
      {
        name: 'metric-collection-timely',
        failure: async () => (isLate() ? 'nodes were not asked in time' : undefined),
      },
      {
        name: 'metric-storage-ready',
        failure: async () =>
          running.isReady && running.isHealthy ? undefined : 'no metrics to serve',
      },
    ],
  })
  const { bindAddress: address, securePort: port } = values
  const files = { certFile: values.tlsCertFile, keyFile: values.tlsPrivateKeyFile }
  const tls = servingPair(files, [address], { clock, random, files: systemFiles })
  const listener = createListener({
    server: api,
    clock,
    log,
    tls: () => ({ cert: tls.certificate, key: tls.key }),
  })
  const stop = async () => {
    await listener.stop()
    await api.stop()
    await running.stop()
    await kubelets.close()
  }
  try {
    const opened = await listener.listen({ address, port })
    log.info('the secure port is open', { ...opened })
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}

/** As upstream's API servers behind others: administrators may do everything, of others the API server knows. */
function delegatedAuthorizer(delegation: Delegation, open: readonly string[]): Authorizer {
  const isOpen = pathMatcher(open)
  return {
    async authorize(attributes) {
      const { user, path, isResourceRequest } = attributes
      if (user.groups.includes(SYSTEM_MASTERS) || (!isResourceRequest && isOpen(path)))
        return { verdict: 'allow', reason: '' }
      const { isAllowed, reason } = await delegation.mayDo(user, askedOf(attributes))
      return { verdict: isAllowed ? 'allow' : 'noOpinion', reason }
    },
    rulesFor: () => ({ rules: [], incomplete: true, errors: [] }),
  }
}

function askedOf(attributes: Attributes): object {
  const { verb, path, group, version, resource, subresource, namespace, name } = attributes
  if (!attributes.isResourceRequest) return { nonResourceAttributes: { path, verb } }
  return {
    resourceAttributes: { verb, group, version, resource, subresource, namespace, name },
  }
}

/** The ways to kubelets, one for each node as long as it is where it is. */
class Kubelets {
  readonly #values: Values
  readonly #remote: Remote
  readonly #node: (name: string) => Node | undefined
  readonly #kept = new Map<string, { where: string; transport: HttpTransport }>()

  constructor(values: Values, remote: Remote, node: (name: string) => Node | undefined) {
    this.#values = values
    this.#remote = remote
    this.#node = node
  }

  of(name: string): Pick<Transport, 'request'> {
    const node = this.#node(name)
    if (!node) throw new StatusError('NotFound', `there is no node "${name}"`)
    const where = this.#urlOf(node)
    const known = this.#kept.get(name)
    if (known?.where === where) return known.transport
    void known?.transport.close()
    const transport = createHttpTransport(this.#connectionTo(where), {
      clock: this.#remote.context.clock,
    })
    this.#kept.set(name, { where, transport })
    return transport
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ transport }) => transport.close()))
  }

  #urlOf({ metadata, status }: Node): string {
    const { kubeletPreferredAddressTypes, kubeletUseNodeStatusPort, kubeletPort } = this.#values
    const told = status.daemonEndpoints?.kubeletEndpoint?.Port
    const port = (kubeletUseNodeStatusPort && told) || kubeletPort
    for (const type of kubeletPreferredAddressTypes) {
      const found = status.addresses?.find(each => each.type === type)
      if (found) return `https://${hostPort(found.address, port)}`
    }
    throw new Error(
      `node ${metadata.name} had no addresses that matched types ${kubeletPreferredAddressTypes}`,
    )
  }

  #connectionTo(server: string): Connection {
    const { connection } = this.#remote
    const {
      kubeletCertificateAuthority: ca,
      kubeletInsecureTls,
      kubeletClientCertificate: certificate,
      kubeletClientKey: key,
    } = this.#values
    const { tlsServerName: _, insecureSkipTlsVerify: __, ...same } = connection
    return {
      ...same,
      server,
      ...(ca === undefined ? {} : { certificateAuthority: textIn(ca) }),
      ...(kubeletInsecureTls ? { insecureSkipTlsVerify: true } : {}),
      ...(certificate === undefined ? {} : { clientCertificate: textIn(certificate) }),
      ...(key === undefined ? {} : { clientKey: textIn(key) }),
    }
  }
}

function textIn(path: string): string {
  const content = systemFiles.read(path)
  if (content === undefined) throw new UserError(`there is no file ${path}`)
  return content.toString()
}
