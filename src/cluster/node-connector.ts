/**
 * How the API server reaches kubelets: those of this process directly, others over HTTPS with the API server's own certificate.
 * Where a node is, is what its object says, which its kubelet wrote; so the address is judged before it is dialled, the
 * certificate there must be the node's, and no answer sends us elsewhere.
 */
import { BlockList, isIP } from 'node:net'
import type { Node } from '#api/core/v1/node.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { NodeConnector } from '#apiserver'
import type { Clock } from '#base/clock.ts'
import { createHttpTransport, type HttpTransport } from '#client/http-transport.ts'
import type { Connection } from '#client/kubeconfig.ts'
import type { Transport } from '#client/transport.ts'

export interface NodeConnectorOptions {
  /** The kubelet of a node that runs in this process. */
  readonly local: (nodeName: string) => Transport | undefined
  readonly node: (nodeName: string) => Promise<Node>
  /** PEM of the authority that signed the kubelets' serving certificates. */
  readonly certificateAuthority: string
  /** The API server's client certificate for kubelets; asked again for each connection. */
  readonly clientCertificate: () => { readonly certificate: string; readonly key: string }
  /** The API server's own addresses, which no node may point at. */
  readonly ownAddresses: () => readonly string[]
  /** Nodes that are known to run on this machine may be reached at its own addresses. */
  readonly isOnThisMachine?: (nodeName: string) => boolean
  readonly clock: Clock
}

export interface RemoteNodeConnector extends NodeConnector {
  close(): Promise<void>
}

/** Addresses that mean this machine or the wire it is on, however they are written. */
const forbidden = new BlockList()
forbidden.addSubnet('0.0.0.0', 8, 'ipv4')
forbidden.addSubnet('127.0.0.0', 8, 'ipv4')
forbidden.addSubnet('169.254.0.0', 16, 'ipv4')
forbidden.addSubnet('224.0.0.0', 4, 'ipv4')
forbidden.addSubnet('240.0.0.0', 4, 'ipv4')
forbidden.addAddress('::', 'ipv6')
forbidden.addAddress('::1', 'ipv6')
forbidden.addSubnet('fe80::', 10, 'ipv6')
forbidden.addSubnet('ff00::', 8, 'ipv6')

/** Connections that are kept, one a node; beyond that the oldest goes. */
const MAXIMUM_CONNECTIONS = 2000

export function createNodeConnector(options: NodeConnectorOptions): RemoteNodeConnector {
  const kept = new Map<string, { where: string; transport: RemoteKubelet }>()

  const connectionOf = (nodeName: string, server: string): Connection => {
    const { certificate, key } = options.clientCertificate()
    return {
      server,
      certificateAuthority: options.certificateAuthority,
      clientCertificate: certificate,
      clientKey: key,
      // The certificate must name the node, so that a node that lies about its address gains nothing.
      tlsServerName: nodeName,
      namespace: '',
    }
  }

  return {
    async nodeConnection(nodeName) {
      const local = options.local(nodeName)
      if (local) return local
      const server = urlOf(await options.node(nodeName), options)
      const where = `${server} ${options.clientCertificate().certificate}`
      const known = kept.get(nodeName)
      if (known?.where === where) return known.transport
      void known?.transport.close()
      kept.delete(nodeName)
      const [oldest] = kept
      if (kept.size >= MAXIMUM_CONNECTIONS && oldest) {
        kept.delete(oldest[0])
        void oldest[1].transport.close()
      }
      const transport = remoteKubelet(connectionOf(nodeName, server), options.clock)
      kept.set(nodeName, { where, transport })
      return transport
    },
    async close() {
      await Promise.all([...kept.values()].map(({ transport }) => transport.close()))
      kept.clear()
    },
  }
}

function urlOf({ metadata, status }: Node, options: NodeConnectorOptions): string {
  const port = status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0
  const address = (status.addresses ?? []).find(({ type }) => type === 'InternalIP')?.address ?? ''
  const family = isIP(address)
  if (family === 0 || port === 0)
    throw unreachable(`node "${metadata.name}" says no address and port of its kubelet`)
  const mayBeHere = options.isOnThisMachine?.(metadata.name ?? '') ?? false
  if (!mayBeHere && isThisMachine(address, options.ownAddresses()))
    throw unreachable(`node "${metadata.name}" says an address that is not a node's: ${address}`)
  return `https://${family === 6 ? `[${address}]` : address}:${port}`
}

const unreachable = (message: string) => new StatusError('ServiceUnavailable', message)

export function isThisMachine(address: string, ownAddresses: readonly string[]): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (forbidden.check(address, family)) return true
  const own = new BlockList()
  for (const each of ownAddresses)
    if (isIP(each)) own.addAddress(each, isIP(each) === 6 ? 'ipv6' : 'ipv4')
  return own.check(address, family)
}

type RemoteKubelet = Pick<HttpTransport, 'close'> & Transport

function remoteKubelet(connection: Connection, clock: Clock): RemoteKubelet {
  const transport = createHttpTransport(connection, { clock })
  return {
    close: () => transport.close(),
    async request(request) {
      const response = await transport.request(request)
      if (response.status < 300 || response.status > 399) return response
      // Neither followed nor passed on: our credentials, or the client's, would go wherever it says.
      if (response.body.kind === 'stream') response.body.stream.subscribe({ next() {}, end() {} })()
      throw new StatusError(
        'ServiceUnavailable',
        'the kubelet answered with a redirect, which is refused',
      )
    },
    async connect(request) {
      const { connectStream } = await import('#client/streaming/connect.ts')
      return connectStream(connection, request, clock)
    },
  }
}
