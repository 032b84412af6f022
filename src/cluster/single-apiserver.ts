/** The API server alone: store, keys and the HTTPS door, with a kubeconfig for each of the roles that run elsewhere. */
import { hostname } from 'node:os'
import { node } from '#api/core/v1/node.ts'
import { kinds } from '#api/kinds.ts'
import { type RuntimeConfig, servedKinds } from '#api/runtime-config.ts'
import { createApiServer, type NodeConnector } from '#apiserver'
import { REQUEST_TIMEOUT_MS } from '#apiserver/deadlines.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import { localUrl } from '#base/host-port.ts'
import { PROA_VERSION } from '#base/version.ts'
import { createClient } from '#client/api-client.ts'
import { createForwarders } from '#client/forwarding/forwarder.ts'
import type { Running } from '#client/role.ts'
import { createWebhookCaller } from '#client/webhooks/webhook-caller.ts'
import { machineAddresses } from '#host/addresses.ts'
import { auditOf } from './audit-of.ts'
import { type FoundationOptions, layFoundation, untilStored } from './foundation.ts'
import { frontProxiesOf, frontProxyOf } from './front-proxy.ts'
import { identities } from './identities.ts'
import { advertisedAddress, familyOf } from './ip-families.ts'
import { ROLE_KUBECONFIGS } from './layout.ts'
import { createNodeConnector } from './node-connector.ts'
import { openAccess } from './open-access.ts'
import { openHttp } from './open-http.ts'
import type { AccessOptions, ServingOptions } from './options.ts'
import { kubeconfigOf } from './pki/kubeconfig.ts'
import type { Pki } from './pki/pki.ts'
import { securityOf, servingCertificateOf } from './security-options.ts'
import { servingOf } from './serving-of.ts'

export interface SingleApiServerOptions extends FoundationOptions, ServingOptions, AccessOptions {
  readonly listen: { readonly address: string; readonly port: number }
  readonly runtimeConfig?: RuntimeConfig
  readonly featureGates?: FeatureGates
  /** What /flagz tells. */
  readonly flags?: ReadonlyMap<string, string>
  readonly bootstrapTokenAuth?: boolean
  /** The node that may run on this machine: it gets a kubeconfig, and may be reached at the machine's addresses. */
  readonly nodeName: string
  /** Other ways to the kubelets; for tests. */
  readonly nodes?: (pki: Pki) => NodeConnector & { close?(): Promise<void> }
}

export interface SingleApiServer extends Running {
  readonly url: string
  readonly pki: Pki
  /** Texts of kubeconfigs by the role's name: `admin`, `scheduler`, … and `kubelet` for this host's. */
  kubeconfigs(): Readonly<Record<string, string>>
}

/** Resolves when it answers. Throws UserErrors. */
export async function startSingleApiServer(
  options: SingleApiServerOptions,
): Promise<SingleApiServer> {
  const { clock, random, log, listen, serviceClusterIpRange, nodeName } = options
  const { frontProxy, security, kubeletClient, featureGates = new Map() } = options
  const running: Running[] = []
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  const [ownAddress] = machineAddresses(familyOf(serviceClusterIpRange.split(',')[0] ?? ''))
  try {
    const http = await openHttp(options, { clock, random, log })
    running.push(http)
    const access = await openAccess(options, { clock, log })
    running.push(access)
    const { store, pki, encryption } = await layFoundation(options, ownAddress)
    running.push({ stop: () => store.close() })
    const nodes = options.nodes?.(pki) ?? {
      ...createNodeConnector({
        local: () => undefined,
        // Asked within a request of somebody who may; the server itself looks where the node is.
        node: name => createClient(server.transportFor(identities.admin)).get(node, name),
        certificateAuthority: kubeletClient?.authority ?? pki.authority,
        clientCertificate:
          kubeletClient?.certificate ?? (() => pki.client('apiserver-kubelet-client')),
        ownAddresses: () => [listen.address],
        isOnThisMachine: name => name === nodeName,
        clock,
      }),
    }
    running.push({ stop: async () => nodes.close?.() })
    const audit = await auditOf(options)
    if (audit) running.push({ stop: () => audit.close() })
    const webhooks = createWebhookCaller()
    running.push({ stop: async () => webhooks.close() })
    const server = createApiServer({
      store,
      kinds: servedKinds(kinds, options.runtimeConfig ?? new Map()),
      clock,
      random,
      log,
      featureGates,
      serviceClusterIpRange,
      proaVersion: PROA_VERSION,
      ...securityOf(pki, security),
      frontProxies: frontProxiesOf({ pki, frontProxy }),
      bootstrapTokenAuth: options.bootstrapTokenAuth ?? false,
      nodes,
      forwarderTo: createForwarders({ clock }),
      webhookCaller: webhooks.call,
      aggregation: frontProxyOf({ pki, clock, frontProxy, security }),
      ...(options.flags ? { flags: options.flags } : {}),
      ...servingOf(options, http),
      ...(audit ? { audit: audit.audit } : {}),
      ...(encryption ? { healthChecks: encryption.healthChecks } : {}),
      ...access.security,
    })
    for (const figures of access.figures) server.show(figures)
    if (encryption) server.show(encryption.figures)
    running.push(server)
    await untilStored(server.ready())
    const { createListener } = await import('#apiserver/listener/listener.ts')
    const named = options.http?.named
    const tls = () => ({
      ...servingCertificateOf(pki, security),
      ...(named ? { named: named() } : {}),
    })
    const drainMs = options.http?.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
    const door = { ...http.door, limits: { ...http.door.limits, stopMs: drainMs } }
    const listener = createListener({ server, clock, log, tls, door })
    running.push(listener)
    const { port } = await listener.listen(listen)
    const address = advertisedAddress({
      ...{ serviceClusterIpRange, listening: listen.address },
      advertiseAddress: options.advertiseAddress,
    })
    await untilStored(server.advertise({ address, port, hostname: hostname() }))
    const url = localUrl(listen.address, port)
    const ca = [pki.authority, ...(security?.serving ? [security.serving.certificate] : [])].join(
      '\n',
    )
    return { url, pki, kubeconfigs: () => kubeconfigsFor({ server: url, ca }, pki, nodeName), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A kubelet may be known under either. */
const bothFamilies = () => [...machineAddresses(), ...machineAddresses('IPv6')]

function kubeconfigsFor(
  at: { readonly server: string; readonly ca: string },
  pki: Pki,
  nodeName: string,
): Record<string, string> {
  const of = (user: string, pair: { certificate: string; key: string }) =>
    kubeconfigOf({ ...at, user, cert: pair.certificate, key: pair.key })
  const texts: Record<string, string> = {}
  for (const role of ['admin', ...ROLE_KUBECONFIGS] as const)
    texts[role] =
      role === 'kubelet'
        ? // Its serving certificate is made along with it, and found beside the other keys.
          of(`system:node:${nodeName}`, pki.kubelet(nodeName, bothFamilies()).client)
        : of(role, pki.client(role))
  return texts
}
