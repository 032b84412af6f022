/**
 * What is wrong with the addresses and node ports of services that are stored: nothing that the API lets through, but a store that was
 * restored in parts or written by others may have it. Only people can mend it, so they are told, in upstream's words.
 */
import { addressFamily } from '#api/core/v1/addresses.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { ServiceCidr } from '#api/networking/v1/service-cidr.ts'
import { canAssign, prefixOf } from '#base/prefix.ts'
import type { PortRange } from '../resources/service-allocation.ts'
import type { Finding } from './server-events.ts'

export function addressFindings(
  services: readonly Service[],
  ranges: readonly ServiceCidr[],
): Finding[] {
  const prefixes = ranges.flatMap(({ spec }) => (spec.cidrs ?? []).map(prefixOf))
  const owners = new Set<string>()
  return inOrder(services).flatMap(about =>
    clusterAddresses(about).flatMap(address => {
      const family = `[${addressFamily(address)}]`
      const found = (reason: string, message: string) => [
        { about, reason, action: 'ClusterIPAllocation', message },
      ]
      if (!prefixes.some(prefix => canAssign(prefix, address)))
        return found(
          'ClusterIPOutOfRange',
          `Cluster IP ${family}: ${address} is not within any configured Service CIDR; please recreate service`,
        )
      if (owners.has(address))
        return found(
          'ClusterIPAlreadyAllocated',
          `Cluster IP ${family}:${address} was assigned to multiple services; please recreate service`,
        )
      owners.add(address)
      return []
    }),
  )
}

export function portFindings(services: readonly Service[], { first, last }: PortRange): Finding[] {
  const owners = new Set<number>()
  return inOrder(services).flatMap(about =>
    nodePorts(about).flatMap(port => {
      const found = (reason: string, message: string) => [
        { about, reason, action: 'PortAllocation', message },
      ]
      if (port < first || port > last)
        return found(
          'PortOutOfRange',
          `Port ${port} is not within the port range ${first}-${last}; please recreate service`,
        )
      if (owners.has(port))
        return found(
          'PortAlreadyAllocated',
          `Port ${port} was assigned to multiple services; please recreate service`,
        )
      owners.add(port)
      return []
    }),
  )
}

export const clusterAddresses = ({ spec }: Service): string[] =>
  (spec.clusterIPs ?? []).filter(address => addressFamily(address) !== undefined)

/** Each once: a service may have one port for two protocols. */
function nodePorts({ spec }: Service): number[] {
  const ports = (spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0)
  return [...new Set([...ports, spec.healthCheckNodePort ?? 0])].filter(port => port > 0)
}

/** The oldest keeps what several have. */
function inOrder(services: readonly Service[]): Service[] {
  const text = ({ metadata }: Service) =>
    [metadata.creationTimestamp, metadata.namespace, metadata.name].join('\0')
  return services.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
}
