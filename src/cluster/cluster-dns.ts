/**
 * What the cluster's DNS looks like to the API: the `kube-dns` Service at the address that pods' resolv.conf names, and endpoints that
 * lead to this process. It has no selector, since no pod is behind it, so no controller keeps its endpoints; this file does.
 */
import { type Endpoints, endpoints } from '#api/core/v1/endpoints.ts'
import { type Service, service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { isStatus } from '#api/machinery/status.ts'
import { addressAt, parseCidrs } from '#base/cidr.ts'
import type { Client } from '#client/client.ts'

export const DNS_PORT = 53

/** By convention the tenth address of the first service range: the lower part, which is kept for those who ask for a certain one. */
const DNS_ADDRESS_INDEX = 10
const NAME = 'kube-dns'
const NAMESPACE = 'kube-system'
const portsAt = (port: number) => [
  { name: 'dns', port, protocol: 'UDP' as const },
  { name: 'dns-tcp', port, protocol: 'TCP' as const },
]

export function clusterDnsAddress(serviceClusterIpRange: string): string {
  const [first] = parseCidrs(serviceClusterIpRange, '--service-cluster-ip-range')
  return addressAt(first, DNS_ADDRESS_INDEX)
}

export interface ClusterDnsOptions {
  readonly serviceClusterIpRange: string
  /** Where the servers listen. */
  readonly addresses: readonly string[]
  /** 53 by default. */
  readonly port?: number
}

/** Creates the Service and its endpoints, or corrects what differs; what others added stays. */
export async function ensureClusterDns(client: Client, options: ClusterDnsOptions): Promise<void> {
  const at = { name: NAME, namespace: NAMESPACE }
  await Promise.all([
    ensure(client, service, wantedService(clusterDnsAddress(options.serviceClusterIpRange))),
    ensure(client, endpoints, wantedEndpoints(options)),
    ensure(client, endpointSlice, wantedSlice(options)),
  ])

  /** Corrected first: a create would find the address taken, by the Service itself. */
  async function ensure(writer: Client, kind: AnyKind, wanted: object): Promise<void> {
    try {
      await writer.patch(kind, at, 'merge', wanted)
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
      await writer.create(kind, wanted)
    }
  }
}

const labels = { 'k8s-app': NAME, 'kubernetes.io/name': 'CoreDNS' }

function wantedService(clusterIP: string): Partial<Service> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: NAME,
      namespace: NAMESPACE,
      labels: { ...labels, 'kubernetes.io/cluster-service': 'true' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: portsAt(DNS_PORT).map(port => ({ ...port, targetPort: DNS_PORT })),
    },
  }
}

function wantedEndpoints({ addresses, port = DNS_PORT }: ClusterDnsOptions): Partial<Endpoints> {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: NAME,
      namespace: NAMESPACE,
      // The slice beside it says the same; nobody shall copy this one into another.
      labels: { ...labels, 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: addresses.map(ip => ({ ip })), ports: portsAt(port) }],
  }
}

function wantedSlice({ addresses, port = DNS_PORT }: ClusterDnsOptions): Partial<EndpointSlice> {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: NAME,
      namespace: NAMESPACE,
      labels: {
        ...labels,
        'kubernetes.io/service-name': NAME,
        'endpointslice.kubernetes.io/managed-by': 'proa',
      },
    },
    addressType: addresses[0]?.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
    ports: portsAt(port),
  }
}
