/** The cluster's DNS: watches Services, EndpointSlices and Namespaces, and answers from what it sees. The door of the room. */
import { namespace } from '#api/core/v1/namespace.ts'
import { type Service, service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { SERVICE_NAME } from '#api/multicluster/v1beta1/service-import.ts'
import type { RoleContext, Running } from '#client/role.ts'
import type { Peer } from '#host/sockets.ts'
import { CLUSTERSET_ZONE } from './clusterset.ts'
import { followImports, type Imports } from './imports.ts'
import { type ClusterView, resolve } from './records.ts'
import { serveDns } from './server.ts'

export interface DnsOptions {
  readonly clusterDomain: string
  /** Addresses and ports, for UDP and TCP alike; port 0 takes a free one. */
  readonly listen: readonly Peer[]
  /** Servers for names outside the cluster. */
  readonly upstreams: readonly Peer[]
}

export interface RunningDns extends Running {
  readonly ports: readonly number[]
}

/** Answers once the first lists are complete, so that no name is denied only because it was not seen yet. */
export async function startDns(context: RoleContext, options: DnsOptions): Promise<RunningDns> {
  const imports = followImports(context)
  const view = clusterView(context, options.clusterDomain, imports)
  await view.synced
  const server = await serveDns({
    listen: options.listen,
    zones: [options.clusterDomain, CLUSTERSET_ZONE],
    resolve: (name, type) => resolve(view, name, type),
    upstreams: options.upstreams,
    random: context.random,
    log: context.log.with({ component: 'dns' }),
  })
  return {
    ports: server.ports,
    stop() {
      imports.stop()
      return server.stop()
    },
  }
}

function clusterView(
  { informers }: RoleContext,
  zone: string,
  imports: Imports,
): ClusterView & { readonly synced: Promise<unknown> } {
  const services = informers.for(service)
  const slices = informers.for(endpointSlice)
  const namespaces = informers.for(namespace)
  services.addIndex('dns/ip', clusterIps)
  slices.addIndex('dns/service', slice => [
    `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`,
  ])
  slices.addIndex('dns/ip', endpointIps)
  slices.addIndex('dns/import', ({ metadata: { namespace, labels } }) =>
    labels?.[SERVICE_NAME] === undefined ? [] : [`${namespace}/${labels[SERVICE_NAME]}`],
  )
  const hasNamespace = (name: string) => namespaces.get(name) !== undefined
  return {
    zone,
    synced: Promise.all([services.synced, slices.synced, namespaces.synced]),
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    slices: (namespace, name) => slices.by('dns/service', `${namespace}/${name}`),
    servicesByIp: ip => services.by('dns/ip', ip),
    slicesByIp: ip => slices.by('dns/ip', ip),
    hasNamespace,
    clusterset() {
      const known = imports.get()
      return (
        known && {
          hasNamespace,
          serviceImport: (namespace, name) => known.get(`${namespace}/${name}`),
          slices: (namespace, name) => slices.by('dns/import', `${namespace}/${name}`),
        }
      )
    },
  }
}

function clusterIps({ spec }: Service): string[] {
  return (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter(ip => ip !== '' && ip !== 'None')
}

function endpointIps(slice: EndpointSlice): string[] {
  return (slice.endpoints ?? []).flatMap(endpoint => endpoint.addresses)
}
